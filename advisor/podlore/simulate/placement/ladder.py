"""What advice on placement is worth: a ladder of four rungs on the same arrivals.

- ``policy``: the policy alone;
- ``static``: with terms made by hand (`STATIC`, fixed on seeds 42-46 of the default list);
- ``learned``: starting from those, what the advisor learns from the arrivals so far, as advice;
- ``placebo``: the same with outcomes permuted.

Learned minus static is what advice is worth; static minus policy is tuning. No rung refuses, delays or moves a pod.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from podlore.errors import BadInput
from podlore.simulate.placement.advised import NEUTRAL, Terms, advised
from podlore.simulate.placement.cluster import Ints
from podlore.simulate.placement.engine import Course, compiled
from podlore.simulate.placement.learn import N_KINDS, Situation, copy_of, learn_terms
from podlore.simulate.placement.policies import PlacementPolicy
from podlore.simulate.placement.score_advice import score_advice, terms_of
from podlore.simulate.placement.study import Ready, result_of
from podlore.vocabulary import Recommendation

STATIC = Terms(coarseness=2, guard_cpu_milli=12_000, guard_weight=100)
"""By hand: the score in steps of 2, and 12 vCPU kept for each idle GPU."""

LOOK_AT_PERCENT = 30
"""Of the cluster's GPUs must have arrived before anything is learned."""

RUNGS = ("policy", "static", "learned", "placebo")

CLASSES: Mapping[str, int] = MappingProxyType(
    {"cpu only": 0, "share": 1, "1 GPU": 2, "2 GPUs": 3, "4 GPUs": 4, "8 GPUs": 5, "other": 6}
)


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung on one list: allocation at 100 % and 130 % arrived, failed pods by size class, the advice given."""

    name: str
    at_100: float
    at_130: float
    failed: Mapping[str, int]
    advice: tuple[Recommendation, ...] = ()
    course: tuple[tuple[int, tuple[float, float]], ...] = ()
    """By arrived percent: allocation and fragmentation, in percent."""

    def fails_no_more_than(self, other: "Rung") -> bool:
        """Say whether in no size class more pods fail."""
        return all(self.failed[kind] <= other.failed[kind] for kind in self.failed)


def climb(ready: Ready, policy: PlacementPolicy, *, seed: int = 0, rungs: Sequence[str] = RUNGS) -> list[Rung]:
    """Play each rung on the same arrivals.

    Raises
    ------
    BadInput
        If less than 100 % of the GPUs arrives, or a rung is unknown.
    """
    if int(ready.request_milli.sum()) < ready.capacity_milli:
        raise BadInput("the ladder is read at 100 % arrived; the order of arrival ends before that")
    if unknown := set(rungs) - set(RUNGS):
        raise BadInput(f"no rung {', '.join(sorted(unknown))}; there are {', '.join(RUNGS)}")
    return [_rung(ready, policy, name, seed) for name in rungs]


def _rung(ready: Ready, policy: PlacementPolicy, name: str, seed: int) -> Rung:
    ready = ready._replace(nodes=copy_of(ready.nodes))
    if name in ("policy", "static"):
        course = _played(ready, policy, NEUTRAL if name == "policy" else STATIC, 0, ready.order.size)
        return _read(name, ready, course)
    look = int(np.searchsorted(np.cumsum(ready.request_milli), ready.capacity_milli * LOOK_AT_PERCENT // 100)) + 1
    first = _played(ready, policy, STATIC, 0, look)
    now = Situation(
        ready.nodes,
        ready.shapes,
        ready.mix,
        ready.order[:look],
        int(first.used_milli[-1]),
        int(first.arrived_milli[-1]),
    )
    learned = learn_terms(now, policy, STATIC, np.random.default_rng(seed), is_placebo=name == "placebo")
    advice = score_advice(learned, int(ready.nodes.gpus.sum()))
    rest = _played(ready, policy, terms_of(advice), look, ready.order.size)
    return _read(name, ready, _joined(first, rest), (advice,))


def _played(ready: Ready, policy: PlacementPolicy, terms: Terms, first: int, end: int) -> Course:
    run = compiled(advised(policy.score), policy.pick)
    return run(ready.nodes, ready.shapes, ready.mix._replace(terms=terms.as_array()), ready.order[first:end], 0)


def _joined(first: Course, rest: Course) -> Course:
    def after(one: Ints, other: Ints) -> Ints:
        return np.concatenate([one, one[-1] + other])

    return Course(
        np.concatenate([first.node, rest.node]),
        after(first.arrived_milli, rest.arrived_milli),
        after(first.used_milli, rest.used_milli),
        np.concatenate([first.fragmented_milli, rest.fragmented_milli]),
    )


def _read(name: str, ready: Ready, course: Course, advice: tuple[Recommendation, ...] = ()) -> Rung:
    result = result_of(ready, course, 0.0)
    pairs = zip(result.allocation_percent.tolist(), result.fragmentation_percent.tolist(), strict=True)
    by_percent: dict[int, tuple[float, float]] = dict(zip(result.arrived_percent.tolist(), pairs, strict=True))
    failed = np.bincount(ready.shapes.kind[ready.order[course.node < 0]], minlength=N_KINDS)
    last = by_percent[max(by_percent)]
    return Rung(
        name,
        float(by_percent.get(100, last)[0]),
        float(by_percent.get(130, last)[0]),
        {kind: int(failed[index]) for kind, index in CLASSES.items()},
        advice,
        tuple(by_percent.items()),
    )
