"""How long a workload's GPUs were idle before: whoever comes back to work did so before, and may again.

`podlore.advice.gain` asks for what would be released. A spell is a run of steps in which no GPU of the workload did
anything; those that ended tell how long the present one may last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from podlore.patterns import trends
from podlore.view import ClusterView
from podlore.vocabulary import ObjectRef

LEAST_SECONDS = 900.0
"""Shorter pauses are part of work: loading, checkpoints, a cup of coffee."""


@dataclass(frozen=True, slots=True)
class Spells:
    """Idle spells: those that ended, and how long the present one has lasted, in seconds."""

    ended: tuple[float, ...] = ()
    present_seconds: float = 0.0
    least_seconds: float = LEAST_SECONDS


def idle_spells(view: ClusterView, target: ObjectRef) -> Spells:
    """Return the idle spells of a workload within the hours that are remembered."""
    workload = view.workload_by_ref.get(target)
    if workload is None or not view.snapshot.series:
        return Spells()
    rows = [trends.activity_of(view, pod.namespace, pod.name) for pod in view.bound_pods(workload)]
    rows = [row for row in rows if row]
    bar = view.policy.thresholds.resource_hoarding.activity_percent_max / 100
    return _spells(_idle(rows, bar), view.snapshot.series[0].step_seconds)


def _idle(rows: Sequence[Sequence[float | None]], bar: float) -> list[bool]:
    """Say of each step whether all were idle; a step of which nothing is known is not."""
    length = min((len(row) for row in rows), default=0)
    steps = zip(*(row[-length:] for row in rows), strict=True) if length else ()
    return [all(value is not None and value <= bar for value in step) for step in steps]


def _spells(idle: Sequence[bool], step_seconds: float) -> Spells:
    runs = [(is_idle, len(list(members)) * step_seconds) for is_idle, members in groupby(idle)]
    present = runs[-1][1] if runs and runs[-1][0] else 0.0
    before = runs[1:-1] if present else runs[1:]
    return Spells(tuple(seconds for is_idle, seconds in before if is_idle and seconds >= LEAST_SECONDS), present)
