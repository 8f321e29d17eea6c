"""A node's stalls and what taps counted, for Prometheus: read when asked for, taps run one after the other meanwhile.

Called by ``podlore probe --listen``, which is what the chart's DaemonSet runs. Answers GET /metrics and nothing else.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from podlore.errors import BadInput, PodloreError
from podlore.interference.probe.pressure import pod_cgroups, pressures
from podlore.interference.probe.taps import Count, Tap, exposition, pod_uids_by_cgroup, run_tap

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def stall_lines(root: Path = Path("/")) -> Iterator[str]:
    """Yield the stalls of the node and of its pods in Prometheus' text format."""
    yield "# HELP podlore_pressure_seconds_total Time in which tasks waited for a resource (PSI)"
    yield "# TYPE podlore_pressure_seconds_total counter"
    for one in pressures(root):
        labels = f'pod_uid="{one.pod_uid}",resource="{one.resource}",kind="{one.kind}"'
        yield f"podlore_pressure_seconds_total{{{labels}}} {one.seconds_total:.6f}"


class Totals:
    """What taps counted so far: windows are added up, so that counters climb."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, dict[tuple[int, float | None], int]] = {}

    def add(self, tap: Tap, counts: Sequence[Count]) -> None:
        """Add a window."""
        with self._lock:
            sums = self._counts.setdefault(tap.name, {})
            for one in counts:
                sums[one.cgroup, one.at_most] = sums.get((one.cgroup, one.at_most), 0) + one.count

    def counts(self, tap: Tap) -> list[Count]:
        """Return the sums."""
        with self._lock:
            found = self._counts.get(tap.name, {})
            return [Count(cgroup, count, at_most) for (cgroup, at_most), count in found.items()]


def metrics(taps: Sequence[Tap], totals: Totals, root: Path = Path("/")) -> str:
    """Return the whole page."""
    pods: Mapping[int, str] = pod_uids_by_cgroup(pod_cgroups(root)) if taps else {}
    lines = list(stall_lines(root))
    for tap in taps:
        lines += exposition(tap, totals.counts(tap), pods)
    return "\n".join(lines) + "\n"


def server(address: str, taps: Sequence[Tap], totals: Totals, root: Path = Path("/")) -> ThreadingHTTPServer:
    """Return a server that is bound to ``host:port`` (no host: every address) and not yet serving.

    Raises
    ------
    BadInput
        For an address that is none, or cannot be had.
    """
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise BadInput(f"--listen {address}: write host:port or :port")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/metrics":
                self.send_error(404)
                return
            body = metrics(taps, totals, root).encode()
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing: a scrape is no news."""

    try:
        return ThreadingHTTPServer((host, int(port)), Handler)
    except OSError as error:
        raise BadInput(f"--listen {address}: {error.strerror or error}") from error


def run_taps(taps: Sequence[Tap], totals: Totals, seconds: float, stop: threading.Event, library: Path | None) -> None:
    """Run taps in turn until told to stop; one that fails rests for a window, and is tried again."""
    while taps and not stop.is_set():
        for tap in taps:
            try:
                totals.add(tap, run_tap(tap, seconds, library))
            except PodloreError:
                stop.wait(seconds)
            if stop.is_set():
                return
