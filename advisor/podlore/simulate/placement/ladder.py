"""What advice on placement is worth: a ladder of four rungs on the same arrivals.

- ``policy``: the policy alone;
- ``static``: with terms made by hand (`STATIC`, fixed on seeds of the default list);
- ``learned``: the policy alone at first, then what the advisor learns from the arrivals so far, as advice;
- ``placebo``: the same search, with outcomes permuted over what was tried.

Learned minus static is what advice is worth; static minus policy is tuning. No rung refuses, delays or moves a pod.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from podlore.errors import BadInput
from podlore.simulate.placement.advised import NEUTRAL, STATIC, Terms, advised
from podlore.simulate.placement.cluster import Ints
from podlore.simulate.placement.engine import Course, compiled
from podlore.simulate.placement.learn import N_KINDS, Learned, Situation, choose, copy_of, permuted, play
from podlore.simulate.placement.policies import PlacementPolicy
from podlore.simulate.placement.score_advice import score_advice, terms_of
from podlore.simulate.placement.study import Ready, result_of
from podlore.vocabulary import Recommendation

LOOK_AT_PERCENT = 10
"""Of the cluster's GPUs must have arrived before anything is learned."""

RUNGS = ("policy", "static", "learned", "placebo")
BY_HAND: Mapping[str, Terms] = MappingProxyType({"policy": NEUTRAL, "static": STATIC})

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
    advised_rungs = _advised_rungs(ready, policy, seed) if set(rungs) - set(BY_HAND) else {}
    return [advised_rungs.get(name) or _plain_rung(name, ready, policy) for name in rungs]


def _advised_rungs(ready: Ready, policy: PlacementPolicy, seed: int) -> dict[str, Rung]:
    """Play the policy alone until the advisor looks, and then what it advises; the placebo permutes what it saw."""
    look = int(np.searchsorted(np.cumsum(ready.request_milli), ready.capacity_milli * LOOK_AT_PERCENT // 100)) + 1
    seen = ready._replace(nodes=copy_of(ready.nodes))
    first = _placed(seen, policy, NEUTRAL, slice(look))
    now = Situation(seen.nodes, seen.shapes, seen.order[:look], int(first.used_milli[-1]), int(first.arrived_milli[-1]))
    rng = np.random.default_rng(seed)
    played = play(now, policy, rng)
    chosen = {"learned": choose(played), "placebo": choose(permuted(played, rng))}
    return {name: _followed(name, ready, seen, policy, first, learned) for name, learned in chosen.items()}


def _followed(  # noqa: PLR0917
    name: str, ready: Ready, seen: Ready, policy: PlacementPolicy, first: Course, learned: Learned
) -> Rung:
    """Play the arrivals that are left with the terms that stand in the advice."""
    advice = score_advice(learned, int(ready.nodes.gpus.sum()))
    rest = _placed(seen._replace(nodes=copy_of(seen.nodes)), policy, terms_of(advice), slice(first.node.size, None))
    return _read(name, ready, _joined(first, rest), (advice,))


def _plain_rung(name: str, ready: Ready, policy: PlacementPolicy) -> Rung:
    fresh = ready._replace(nodes=copy_of(ready.nodes))
    return _read(name, ready, _placed(fresh, policy, BY_HAND[name], slice(None)))


def _placed(ready: Ready, policy: PlacementPolicy, terms: Terms, part: slice) -> Course:
    run = compiled(advised(policy.score), policy.pick)
    return run(ready.nodes, ready.shapes, ready.mix._replace(terms=terms.as_array()), ready.order[part], 0)


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
