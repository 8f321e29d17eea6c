"""Samples of a live cluster's GPUs, one every five minutes, and which day of them is complete.

Called by the operator after each round; it remembers them beyond a restart.
"""

from collections.abc import Iterable

from podlore.impact.period import GpuSample, sampled
from podlore.policy import HOUR_SECONDS, MINUTE_SECONDS
from podlore.snapshot import Snapshot

DAY_SECONDS = 24 * HOUR_SECONDS
SAMPLE_SECONDS = 5 * MINUTE_SECONDS
COVERAGE_MIN = 0.9
"""Of a day's samples; a day that was not watched says nothing."""
SAMPLES_MAX = 2 * int(DAY_SECONDS / SAMPLE_SECONDS)


class DaySamples:
    """The samples of two days at most, in order of time."""

    def __init__(self, samples: Iterable[GpuSample] = ()) -> None:
        self.all = tuple(samples)[-SAMPLES_MAX:]

    def see(self, snapshot: Snapshot) -> None:
        """Take a sample where one is due."""
        if not self.all or snapshot.now - self.all[-1].at >= SAMPLE_SECONDS:
            self.all = (*self.all, sampled(snapshot))[-SAMPLES_MAX:]

    def complete_day(self, now: float) -> float | None:
        """Return when the last day began, if it was watched; None where too little of it was seen."""
        begins = (now // DAY_SECONDS - 1) * DAY_SECONDS
        seen = sum(begins <= one.at < begins + DAY_SECONDS for one in self.all)
        return begins if seen * SAMPLE_SECONDS >= COVERAGE_MIN * DAY_SECONDS else None

    def forget_before(self, at: float) -> None:
        """Drop what was reported: a day is told once."""
        self.all = tuple(one for one in self.all if one.at >= at)
