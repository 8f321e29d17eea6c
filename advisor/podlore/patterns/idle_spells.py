"""How long a workload's GPUs were idle before: whoever comes back to work did so before, and may again.

`podlore.patterns.resource_hoarding` asks for who lives on calls, `podlore.advice.gain` for what would be released. A
spell is a run of steps in which no GPU of the workload did anything; those that ended tell how long the present one may
last. A step of which nothing is known is neither idle nor work.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from podlore.patterns import trends
from podlore.view import ClusterView
from podlore.vocabulary import ObjectRef

LEAST_SECONDS = 900.0
"""Shorter pauses are part of work: loading, checkpoints, a cup of coffee."""
TRAFFIC_RETURNS_MIN = 6
"""Who went idle and came back so often within the hours that are remembered works when called, and by day and night."""

Idle = bool | None


@dataclass(frozen=True, slots=True)
class IdleSpells:
    """Idle spells: those that ended, how long the present one has lasted, and how often work came back at all.

    Lengths of time are in seconds; ``returns`` counts the ends of shorter pauses, too.
    """

    ended: tuple[float, ...] = ()
    present_seconds: float = 0.0
    returns: int = 0
    least_seconds: float = LEAST_SECONDS

    @property
    def has_traffic(self) -> bool:
        """Whether the workload is one that waits for calls and gets them."""
        return self.returns >= TRAFFIC_RETURNS_MIN


def idle_spells(view: ClusterView, target: ObjectRef) -> IdleSpells:
    """Return the idle spells of a workload within the hours that are remembered."""
    workload = view.workload_by_ref.get(target)
    if workload is None or not view.snapshot.series:
        return IdleSpells()
    rows = [trends.activity_of(view, pod.namespace, pod.name) for pod in view.bound_pods(workload)]
    bar = view.policy.thresholds.resource_hoarding.activity_percent_max / 100
    return _spells(_idle([row for row in rows if row], bar), view.snapshot.series[0].step_seconds)


def _idle(rows: Sequence[Sequence[float | None]], bar: float) -> list[Idle]:
    """Say of each step whether all were idle, None where that is not known."""
    length = min((len(row) for row in rows), default=0)
    steps = zip(*(row[-length:] for row in rows), strict=True) if length else ()
    return [_all_idle(values, bar) for values in steps]


def _all_idle(values: Sequence[float | None], bar: float) -> Idle:
    if any(value is not None and value > bar for value in values):
        return False
    return None if None in values else True


def _spells(idle: Sequence[Idle], step_seconds: float) -> IdleSpells:
    runs = [(state, len(list(steps)) * step_seconds) for state, steps in groupby(idle)]
    between_work = [
        seconds
        for (before, _), (is_idle, seconds), (after, _) in zip(runs, runs[1:], runs[2:], strict=False)
        if is_idle and before is False and after is False
    ]
    present = runs[-1][1] if runs and runs[-1][0] else 0.0
    ended = tuple(seconds for seconds in between_work if seconds >= LEAST_SECONDS)
    return IdleSpells(ended, present, len(between_work))
