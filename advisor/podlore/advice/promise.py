"""A pass: no node is recommended that another advice warns of, and no room is promised twice.

It comes after `rank`: who is worth more is promised first. Each advice that names nodes takes on the first of them what
its pods ask for; the next one sees what is left. Whoever then finds no place is told nothing now: advice that cannot be
followed is worth none.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from podlore.advice.advised import Withheld, Withholding
from podlore.patterns.waiting import waiting_of
from podlore.topology import fits
from podlore.topology.room import NOTHING, add, less
from podlore.view import ClusterView
from podlore.vocabulary import Action, ObjectRef, Pod, Recommendation, Resources

SHUNNING = frozenset({Action.CORDON_NODE, Action.AVOID_NODE})
MOVING = frozenset({Action.COLOCATE})
"""Actions by which pods that run leave their place for another one."""
CLEARING = frozenset({Action.CONSOLIDATE})
"""Actions that empty a node for somebody: it is promised as a whole."""


def promise(recommendations: Iterable[Recommendation], view: ClusterView) -> Iterator[Recommendation | Withheld]:
    """Pass on what can be followed beside everything that came before."""
    given = tuple(recommendations)
    shunned = _shunned(given)
    ledger = _Ledger(view)
    for one in given:
        if not one.because.ranked_nodes:
            yield one
            continue
        sound = tuple(name for name in one.because.ranked_nodes if name not in shunned)
        if not sound:
            yield Withheld(one, Withholding.NODE_IN_DOUBT, f"advice on {one.because.ranked_nodes[0]}")
            continue
        kept = ledger.take(one, sound)
        yield kept or Withheld(one, Withholding.SAME_RESOURCE, f"promised: {', '.join(sound[:3])}")


def _shunned(given: tuple[Recommendation, ...]) -> frozenset[str]:
    refs: list[ObjectRef] = []
    for one in given:
        if one.action in SHUNNING:
            refs += [ref for ref in (one.target, *one.because.blamed) if ref.kind == "Node"]
    return frozenset(ref.name for ref in refs)


def _on(one: Recommendation, nodes: tuple[str, ...], promised: Mapping[str, Resources]) -> Recommendation:
    """Return an advice that names these nodes, those that are promised to it first."""
    ordered = (*promised, *(name for name in nodes if name not in promised))
    rooms = tuple((name, room) for name, room in promised.items())
    return replace(one, because=replace(one.because, ranked_nodes=ordered), promised=rooms)


class _Ledger:
    """What is left of each node after what was promised."""

    def __init__(self, view: ClusterView) -> None:
        self._view = view
        self._left: dict[str, Resources] = {}
        self._cleared: set[str] = set()

    def take(self, one: Recommendation, nodes: tuple[str, ...]) -> Recommendation | None:
        """Return an advice with what is promised to it; None where no room is left for it."""
        nodes = tuple(name for name in nodes if name not in self._cleared and name in self._view.nodes)
        if one.action in CLEARING:
            return self._clear(one, tuple(name for name in nodes if name not in self._left))
        pods = self._pods(one)
        if not nodes or not pods:
            return _on(one, nodes, {}) if nodes else None
        placed = self._placed(pods, nodes, self._own(one))
        if placed is not None:
            return _on(one, nodes, placed)
        return self._whole(one, nodes)

    def _clear(self, one: Recommendation, nodes: tuple[str, ...]) -> Recommendation | None:
        if not nodes:
            return None
        self._cleared.add(nodes[0])
        return _on(one, nodes, {nodes[0]: self._view.nodes[nodes[0]].allocatable})

    def _placed(
        self, pods: list[Pod], nodes: tuple[str, ...], own: Mapping[str, Resources]
    ) -> dict[str, Resources] | None:
        """Place the pods one by one, largest first, on the first node with room; None if one finds none."""
        left = {name: add(self._left.get(name, self._view.free[name]), own.get(name, NOTHING)) for name in nodes}
        taken: dict[str, Resources] = {}
        for pod in pods:
            name = next((name for name in nodes if fits(pod.requests, left[name])), None)
            if name is None:
                return None
            left[name] = less(left[name], pod.requests)
            taken[name] = add(taken.get(name, NOTHING), pod.requests)
        for name, room in taken.items():
            beyond_own = less(room, own.get(name, NOTHING))
            self._left[name] = less(self._left.get(name, self._view.free[name]), beyond_own)
        return taken

    def _whole(self, one: Recommendation, nodes: tuple[str, ...]) -> Recommendation | None:
        """Promise all that is free on nodes which nobody counts on yet: the pods need more than one sees."""
        untouched = tuple(name for name in nodes if name not in self._left)
        if not untouched:
            return None
        self._left.update(dict.fromkeys(untouched, NOTHING))
        return _on(one, untouched, {name: self._view.free[name] for name in untouched})

    def _pods(self, one: Recommendation) -> list[Pod]:
        workload = self._view.workload_by_ref.get(one.target)
        if workload is None:
            return []
        waiting = waiting_of(self._view, workload)
        pods = self._view.bound_pods(workload) if one.action in MOVING or waiting is None else waiting.pods
        return sorted(pods, key=lambda pod: (-pod.requests.gpu_milli, pod.name))

    def _own(self, one: Recommendation) -> dict[str, Resources]:
        """Return what a workload that moves gives back, by node."""
        own: dict[str, Resources] = {}
        workload = self._view.workload_by_ref.get(one.target)
        if workload is not None and one.action in MOVING:
            for pod in self._view.bound_pods(workload):
                own[pod.node] = add(own.get(pod.node, NOTHING), pod.requests)
        return own
