"""Gittins: the job most likely to end soon for the service it would need goes first.

The index of a job with attained service ``a`` is the highest ratio, over further service ``d``, of the chance to end
within ``d`` to the service expected until then. The distribution is that of the jobs that were completed so far, so
that nothing unknown is used; with fewer than 10 it is least attained service first.

Source: Gu et al., "Tiresias", USENIX NSDI 2019, section 4.1 (2D-Gittins, in GPU-seconds).
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from podlore.simulate.queueing.ordered import Ordered
from podlore.simulate.queueing.schedulable import Schedulable

COMPLETED_MIN = 10
QUANTUM_GPU_SECONDS = 3600.0


def gittins_index(services: Sequence[float], attained: float) -> float:
    """Return the index by sorted services of completed jobs; 0 where none needed more than what was attained.

    >>> gittins_index([10.0, 10.0, 1000.0], 0.0) > gittins_index([10.0, 10.0, 1000.0], 20.0)
    True
    """
    first = bisect_right(services, attained)
    beyond = services[first:]
    best, done_sum = 0.0, 0.0
    for ended, service in enumerate(beyond, 1):
        done_sum += service - attained
        expected = done_sum + (len(beyond) - ended) * (service - attained)
        best = max(best, ended / expected)
    return best


class Gittins(Ordered):
    """Highest index first; attained service is rounded down to whole GPU-hours, so that jobs do not take turns."""

    def __init__(self) -> None:
        self._attained: dict[str, float] = {}
        self._completed: list[float] = []

    def order(self, now: int, jobs: Mapping[str, Schedulable]) -> list[str]:
        """Return the jobs by falling index, equals by submission."""
        gone = [name for name in self._attained if name not in jobs]
        self._completed = sorted([*self._completed, *(self._attained.pop(name) for name in gone)])
        self._attained |= {name: job.attained_gpu_seconds for name, job in jobs.items()}
        rank = {level: self._rank(level) for level in {self._level(name) for name in jobs}}
        return sorted(jobs, key=lambda name: (rank[self._level(name)], jobs[name].submitted_at))

    def _level(self, name: str) -> float:
        return self._attained[name] // QUANTUM_GPU_SECONDS * QUANTUM_GPU_SECONDS

    def _rank(self, attained: float) -> float:
        if len(self._completed) < COMPLETED_MIN:
            return attained
        return -gittins_index(self._completed, attained)
