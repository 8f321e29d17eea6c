"""When something that waits is likely to start: how long others waited on who asked for as much and had waited so long.

Kaplan and Meier's estimate over the starts that are remembered and the waits that still go on, given the wait so far;
with fewer than `ENOUGH` of them that waited so long, the middle is theirs and the ends are those of Lindy's law.

References
----------
Kaplan and Meier, "Nonparametric Estimation from Incomplete Observations", JASA 1958.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from podlore.patterns.products import product_of, products_allowed
from podlore.patterns.waiting import Waiting, waiting
from podlore.view import ClusterView
from podlore.vocabulary import Pod, Resources

LEVEL = 0.8
LOW, MIDDLE, HIGH = 0.1, 0.5, 0.9
ENOUGH = 12
ALIKE_MIN, ALIKE_MAX = 0.5, 2.0
HALF_LIFE_SECONDS = 6 * 3600.0
"""A wait that ended six hours before another one weighs half as much: queues change."""


@dataclass(frozen=True, slots=True)
class StartTime:
    """Seconds from now until the start: the middle and an 80 % interval; ``others`` is how many waits it rests on."""

    expected_seconds: float
    low_seconds: float
    high_seconds: float
    others: int


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait of somebody else: how long, whether it has ended, and how much it counts."""

    seconds: float
    has_ended: bool
    weight: float = 1.0


def start_time(view: ClusterView, one: Waiting) -> StartTime:
    """Return when a workload is likely to start, if things go on as they do."""
    age = max(view.now - one.since, 1.0)
    waits = _waits(view, one)
    longer = [wait for wait in waits if wait.seconds > age]
    ended = sum(wait.has_ended for wait in longer)
    if ended < ENOUGH:
        return StartTime(age, age * _odds(1 - LOW), age * _odds(1 - HIGH), ended)
    low, middle, high = (_quantile(longer, share, age) for share in (LOW, MIDDLE, HIGH))
    return StartTime(middle, low, max(high, middle), ended)


def _odds(surviving: float) -> float:
    """Return by which multiple of its age something lasts longer with this chance, by Lindy's law."""
    return (1 - surviving) / surviving


def _quantile(longer: Sequence[Wait], share: float, age: float) -> float:
    """Return the time from ``age`` on by which this share has started; beyond the last start, Lindy's law goes on."""
    surviving, at_risk = 1.0, sum(wait.weight for wait in longer)
    last = age
    for wait in sorted(longer, key=lambda wait: (wait.seconds, not wait.has_ended)):
        if wait.has_ended:
            surviving *= 1 - wait.weight / at_risk
            last = wait.seconds
            if 1 - surviving >= share:
                return wait.seconds - age
        at_risk = max(at_risk - wait.weight, 1e-9)
    return last / max((1 - share) / max(surviving, 1e-9), 1e-3) - age if surviving > 0 else last - age


def _waits(view: ClusterView, one: Waiting) -> list[Wait]:
    """Return the waits of others who wanted the same: as many GPUs of a product that would do, else any."""
    allowed = products_allowed(one.largest, view) if one.largest is not None else frozenset()
    alike = [wait for wait in _all(view, one, allowed) if wait[1]]
    chosen = alike if sum(wait.has_ended for wait, _ in alike) >= ENOUGH else list(_all(view, one, allowed))
    return [wait for wait, _ in chosen]


def _all(view: ClusterView, one: Waiting, allowed: frozenset[str]) -> list[tuple[Wait, bool]]:
    asked = one.largest.requests if one.largest is not None else one.requests
    found: list[tuple[Wait, bool]] = []
    for start in view.starts:
        if start.workload == one.workload.ref or (asked.gpu_milli > 0) != (start.requests.gpu_milli > 0):
            continue
        node = view.nodes.get(start.node)
        if allowed and node is not None and product_of(node) not in allowed:
            continue
        weight = 0.5 ** (max(view.now - start.scheduled_at, 0.0) / HALF_LIFE_SECONDS)
        wait = Wait(max(start.scheduled_at - start.created_at, 0.0), True, weight)
        found.append((wait, _is_alike(asked, start.requests)))
    for other in view.once("waiting", lambda: waiting(view)):
        if other.workload.ref != one.workload.ref and other.largest is not None:
            found += _still(view, asked, other.pods, allowed)
    return found


def _still(
    view: ClusterView, asked: Resources, pods: Sequence[Pod], allowed: frozenset[str]
) -> list[tuple[Wait, bool]]:
    return [
        (Wait(max(view.now - pod.created_at, 0.0), False), _is_alike(asked, pod.requests))
        for pod in pods
        if (asked.gpu_milli > 0) == (pod.requests.gpu_milli > 0)
        and (not allowed or products_allowed(pod, view) & allowed)
    ]


def _is_alike(asked: Resources, other: Resources) -> bool:
    if asked.gpu_milli > 0:
        return ALIKE_MIN * asked.gpu_milli <= other.gpu_milli <= ALIKE_MAX * asked.gpu_milli
    return ALIKE_MIN * asked.cpu_milli <= other.cpu_milli <= ALIKE_MAX * asked.cpu_milli
