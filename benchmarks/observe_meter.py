"""Counts what a contender of `observe.py` sees, and the CPU time between the first event of the watch and the last."""

import argparse
import json
import os
import resource
import threading
import time
from collections.abc import Callable

from observe_server import END

QUIET_SECONDS = 2.0
LIMIT_SECONDS = 300.0
READ_CLOCK_EVERY = 200


class Meter:
    """Told of every object; reports when all were listed, or when the last event was seen.

    Parameters
    ----------
    url
        Where the server is.
    listed
        How many objects the lists hold.
    """

    def __init__(self, url: str, listed: int) -> None:
        self.url = url
        self._listed = listed
        self._started_at = time.monotonic()
        self._synced_seconds = 0.0
        self._seen = self._events = 0
        self._first_cpu = self._last_cpu = 0.0
        self._is_over = False

    def saw_listed(self) -> None:
        """Note an object of a list."""
        self._seen += 1
        if self._seen == self._listed:
            self.synced()

    def synced(self) -> None:
        """Note that all lists are in."""
        self._synced_seconds = time.monotonic() - self._started_at

    def saw_event(self, name: str) -> None:
        """Note an event of the watch."""
        self._events += 1
        if name == END or self._events % READ_CLOCK_EVERY == 1:
            self._last_cpu = time.process_time()
            self._first_cpu = self._first_cpu or self._last_cpu
        self._is_over |= name == END

    def report_after(self, run: Callable[[], object], *, with_events: bool) -> None:
        """Run in a thread until there is something to report, print it and end the process."""
        threading.Thread(target=run, daemon=True).start()
        deadline, events, quiet_since = time.monotonic() + LIMIT_SECONDS, 0, time.monotonic()
        while time.monotonic() < deadline:
            if self._events != events:
                events, quiet_since = self._events, time.monotonic()
            # kopf's tasks end in any order: wait until nothing comes any more
            is_quiet = self._is_over and time.monotonic() - quiet_since > QUIET_SECONDS
            if is_quiet or (self._synced_seconds and not with_events):
                break
            time.sleep(0.05)
        peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        cpu_seconds = self._last_cpu - self._first_cpu
        print(json.dumps([self._events, cpu_seconds, self._synced_seconds, peak_mib]), flush=True)
        os._exit(0)  # the contender's threads would go on for ever


def contend(contender: Callable[[Meter], Callable[[], object]]) -> None:
    """Run a contender by the command line: URL, number of listed objects, and whether events follow."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("listed", type=int)
    parser.add_argument("--with-events", action="store_true")
    options = parser.parse_args()
    meter = Meter(options.url, options.listed)
    meter.report_after(contender(meter), with_events=options.with_events)
