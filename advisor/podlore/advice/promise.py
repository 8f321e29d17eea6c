"""A pass: no node is recommended that another advice warns of, and no room is promised twice.

It comes after `rank`: who is worth more is promised first. Each advice that names nodes takes on the first of them what
its pods ask for; the next one sees what is left. Whoever then finds no place is told nothing now: advice that cannot be
followed is worth none.
"""

from collections.abc import Iterable, Iterator
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
        left = ledger.take(one, sound)
        yield _on(one, left) if left else Withheld(one, Withholding.SAME_RESOURCE, f"promised: {', '.join(sound[:3])}")


def _shunned(given: tuple[Recommendation, ...]) -> frozenset[str]:
    refs: list[ObjectRef] = []
    for one in given:
        if one.action in SHUNNING:
            refs += [ref for ref in (one.target, *one.because.blamed) if ref.kind == "Node"]
    return frozenset(ref.name for ref in refs)


def _on(one: Recommendation, nodes: tuple[str, ...]) -> Recommendation:
    if nodes == one.because.ranked_nodes:
        return one
    return replace(one, because=replace(one.because, ranked_nodes=nodes))


class _Ledger:
    """What is left of each node after what was promised."""

    def __init__(self, view: ClusterView) -> None:
        self._view = view
        self._left: dict[str, Resources] = {}
        self._cleared: set[str] = set()

    def take(self, one: Recommendation, nodes: tuple[str, ...]) -> tuple[str, ...]:
        """Return the nodes that an advice may still name, having taken what it needs; none if it finds no room."""
        open_nodes = tuple(name for name in nodes if name not in self._cleared and name in self._view.nodes)
        if one.action in CLEARING:
            untouched = tuple(name for name in open_nodes if name not in self._left)
            self._cleared.update(untouched[:1])
            return untouched
        pods = self._pods(one)
        if not pods:
            return open_nodes
        return self._place(one, pods, open_nodes)

    def _place(self, one: Recommendation, pods: list[Pod], nodes: tuple[str, ...]) -> tuple[str, ...]:
        own = self._own(one)
        left = {name: add(self._left.get(name, self._view.free[name]), own.get(name, NOTHING)) for name in nodes}
        for pod in pods:
            place = next((name for name in nodes if fits(pod.requests, left[name])), None)
            if place is None:
                return self._not_measured(one, nodes)
            left[place] = less(left[place], pod.requests)
        for name, room in left.items():
            self._left[name] = less(room, own.get(name, NOTHING)) if own.get(name, NOTHING) != NOTHING else room
        return nodes

    def _not_measured(self, one: Recommendation, nodes: tuple[str, ...]) -> tuple[str, ...]:
        """Return nodes on which nothing was promised: their room now says less than the finding that named them."""
        untouched = tuple(name for name in nodes if name not in self._left)
        if len(untouched) < len(nodes):
            return ()
        self._left.update(dict.fromkeys(untouched, NOTHING))
        return untouched

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
