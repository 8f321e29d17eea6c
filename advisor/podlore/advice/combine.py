"""A pass: one advice for each target and resource, and the cause before its symptom.

Two findings about the same target compete if one causes the other, or if both are about the same resource: the GPUs
that it holds, or those that it waits for. A fault of a node explains what its pods suffer from; what it does not
explain away, such as a crash, still names the node.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import StrEnum

from podlore.advice.advised import Withheld, Withholding
from podlore.view import ClusterView
from podlore.vocabulary import ObjectRef, Pattern, Recommendation

P = Pattern
CAUSES: tuple[frozenset[Pattern], ...] = (
    frozenset({P.HARDWARE_FAULT, P.BLACK_HOLE_NODE}),
    frozenset({P.NETWORK_DEGRADATION, P.STORAGE_STALL}),
    frozenset({P.STRAGGLER, P.INTERFERENCE}),
    frozenset({P.RESOURCE_HOARDING}),
)
"""Each explains those after it."""
BEFORE: Mapping[Pattern, frozenset[Pattern]] = {
    P.HARDWARE_FAULT: frozenset({P.BLACK_HOLE_NODE}),
    P.OUT_OF_MEMORY_LOOP: frozenset({P.CRASH_LOOP, P.RESOURCE_HOARDING, P.OVER_REQUEST}),
    P.CRASH_LOOP: frozenset({P.RESOURCE_HOARDING, P.OVER_REQUEST}),
    P.RESOURCE_HOARDING: frozenset({P.OVER_REQUEST, P.GANG_SCATTERED}),
    P.QUEUE_SPIRAL: frozenset({P.FRAGMENTATION, P.ACCESSIBILITY_BARRIER}),
    P.FRAGMENTATION: frozenset({P.ACCESSIBILITY_BARRIER}),
}
"""Further pairs: the first explains, or speaks more exactly than, the others."""


class Resource(StrEnum):
    """What an advice is about."""

    HELD = "GPUs held"
    WANTED = "GPUs wanted"
    PLACE = "where its pods stand"
    NODE = "the node itself"
    OTHER = "anything else"


RESOURCES: Mapping[Pattern, Resource] = {
    P.RESOURCE_HOARDING: Resource.HELD,
    P.OVER_REQUEST: Resource.HELD,
    P.ACCESSIBILITY_BARRIER: Resource.WANTED,
    P.FRAGMENTATION: Resource.WANTED,
    P.QUEUE_SPIRAL: Resource.WANTED,
    P.INTERFERENCE: Resource.PLACE,
    P.GANG_SCATTERED: Resource.PLACE,
    P.STRAGGLER: Resource.PLACE,
    P.HARDWARE_FAULT: Resource.NODE,
    P.BLACK_HOLE_NODE: Resource.NODE,
}
VICTIMS_MAX = 8


def combine(recommendations: Iterable[Recommendation], view: ClusterView) -> Iterator[Recommendation | Withheld]:
    """Pass on one recommendation for each target and resource."""
    given = tuple(recommendations)
    by_node: defaultdict[str, list[Recommendation]] = defaultdict(list)
    by_target: defaultdict[ObjectRef, list[Recommendation]] = defaultdict(list)
    for one in given:
        by_target[one.target].append(one)
        if one.target.kind == "Node":
            by_node[one.target.name].append(one)
    victims: defaultdict[ObjectRef, set[ObjectRef]] = defaultdict(set)
    kept: list[Recommendation] = []
    for one in given:
        faults = [fault for name in _nodes_of(one, view) for fault in by_node.get(name, ())]
        for fault in faults:
            victims[fault.target].add(one.target)
        rival = _rival(one, [*by_target[one.target], *faults])
        if rival is not None:
            yield rival
        else:
            kept.append(_blaming(one, list(dict.fromkeys(fault.target for fault in faults))))
    for one in kept:
        yield _blaming(one, sorted(victims[one.target]))


def explains(cause: Pattern, symptom: Pattern) -> bool:
    """Say whether one pattern explains another on the same target.

    >>> explains(Pattern.HARDWARE_FAULT, Pattern.STRAGGLER), explains(Pattern.CRASH_LOOP, Pattern.OUT_OF_MEMORY_LOOP)
    (True, False)
    """
    rank = {pattern: place for place, patterns in enumerate(CAUSES) for pattern in patterns}
    if cause in rank and symptom in rank and rank[cause] < rank[symptom]:
        return True
    return symptom in BEFORE.get(cause, frozenset())


def _rival(one: Recommendation, others: Iterable[Recommendation]) -> Withheld | None:
    """Return why one recommendation gives way to another; None if it does not."""
    pattern = one.because.pattern
    for other in others:
        if other.because.horizon_minutes and not one.because.horizon_minutes:
            continue  # what is only likely to come explains nothing that is there
        if explains(other.because.pattern, pattern):
            return Withheld(one, Withholding.SYMPTOM, f"{other.because.pattern} on {other.target}")
        if explains(pattern, other.because.pattern):
            continue
        resource = RESOURCES.get(pattern, Resource.OTHER)
        same = resource is not Resource.OTHER and RESOURCES.get(other.because.pattern) is resource
        if same and other.target == one.target and _worth(other) > _worth(one):
            return Withheld(one, Withholding.SAME_RESOURCE, f"{other.because.pattern} on {other.target}")
    return None


def _worth(one: Recommendation) -> tuple[float, float, str, str]:
    finding = one.because
    return finding.gpu_hours_at_stake, finding.confidence, finding.pattern, finding.cause


def _nodes_of(one: Recommendation, view: ClusterView) -> tuple[str, ...]:
    """Return the nodes on which a workload holds something, or that its finding blames."""
    workload = view.workload_by_ref.get(one.target)
    held = {pod.node for pod in view.bound_pods(workload)} if workload else set()
    return tuple(sorted(held | {ref.name for ref in one.because.blamed if ref.kind == "Node"}))


def _blaming(one: Recommendation, refs: list[ObjectRef]) -> Recommendation:
    known = one.because.blamed
    added = tuple(ref for ref in refs if ref not in known)[: max(VICTIMS_MAX - len(known), 0)]
    return replace(one, because=replace(one.because, blamed=(*known, *added))) if added else one
