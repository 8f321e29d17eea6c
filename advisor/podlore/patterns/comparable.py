"""How long others have waited who asked for as much: the yardstick of `accessibility_barrier`.

Comparable is a workload that asked for at least half as many GPUs (CPU where no GPU is asked for): whoever asks for
more should wait longer. Whoever asks for certain GPU products is compared with those who got one of these: a product
that nobody gets keeps nobody out. Their waits are known in full if they started meanwhile, and as lower bounds if they
still wait; both count, so that a queue in which everybody waits shows itself.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podlore.patterns.products import product_of, products_allowed
from podlore.patterns.waiting import Waiting
from podlore.topology.room import NOTHING, add
from podlore.view import ClusterView
from podlore.vocabulary import ObjectRef, Resources, Start

ASKED_SHARE_MIN = 0.5
MADE_TOGETHER_SECONDS = 60.0
"""Pods of one workload that were made within a minute were asked for together."""
BACKGROUND_KINDS = frozenset({"DaemonSet", "Node"})
"""Kinds that are placed on each node as it comes, and never queue."""
AMOUNT_MAX = 1e18
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Begun:
    """A workload's latest pods that were placed: what they got in sum, and how long the slowest had waited.

    ``products`` are those of the nodes that they got, as far as these are known.
    """

    workload: ObjectRef
    scheduled_at: float
    requests: Resources
    wait_seconds: float
    priority: int | None
    products: frozenset[str]


@dataclass(frozen=True, slots=True)
class Comparables:
    """Those who asked for as much: ``begun`` meanwhile, or waiting still; ``wait_seconds`` is the median of all.

    ``priorities`` are those of the ones that began, lower than any where they are not known any more.
    """

    begun: int
    still_waiting: int
    wait_seconds: float
    priorities: Floats


class Yardstick:
    """Everybody who was placed, or waits, in one snapshot."""

    def __init__(self, view: ClusterView, queue: Iterable[Waiting]) -> None:
        queue = tuple(queue)
        self._view = view
        self._begun = _begun(view)
        self._begun_at = _floats([one.scheduled_at for one in self._begun])
        self._begun_amounts = _Amounts([one.requests for one in self._begun])
        self._begun_priorities = _floats([-AMOUNT_MAX if one.priority is None else one.priority for one in self._begun])
        self._begun_waits = _floats([one.wait_seconds for one in self._begun])
        self._place_begun = {one.workload: [place] for place, one in enumerate(self._begun)}
        self._place_queued = {one.workload.ref: [place] for place, one in enumerate(queue)}
        self._queued_amounts = _Amounts([one.requests for one in queue])
        self._queued_waits = _floats([view.now - one.since for one in queue])
        self._first_in = {start.namespace: start.scheduled_at for start in reversed(view.starts)}

    def comparables(self, one: Waiting) -> Comparables | None:
        """Return who else wanted as much while this workload waited; None where none of them began."""
        alike = (self._begun_at > one.since) & self._begun_amounts.as_much(one.requests)
        alike[self._place_begun.get(one.workload.ref, [])] = False
        if allowed := self._products_allowed(one):
            alike &= np.array([begun.products <= allowed for begun in self._begun], dtype=np.bool_)
        if not alike.any():
            return None
        rivals = self._queued_amounts.as_much(one.requests)
        rivals[self._place_queued.get(one.workload.ref, [])] = False
        waits = np.concatenate([self._begun_waits[alike], self._queued_waits[rivals]])
        wait_seconds = max(float(np.median(waits)), 0.0)
        return Comparables(int(alike.sum()), int(rivals.sum()), wait_seconds, self._begun_priorities[alike])

    def _products_allowed(self, one: Waiting) -> frozenset[str]:
        """Return the products that a workload is content with; empty if any will do, or if there is none of them."""
        pod = one.largest
        return products_allowed(pod, self._view) if pod is not None else frozenset()

    def median_gpu_milli(self, one: Waiting) -> float | None:
        """Return how many GPUs others were given while this workload waited; None where nobody was."""
        amounts = self._begun_amounts.gpu_milli[self._begun_at > one.since]
        return float(np.median(amounts)) if len(amounts) else None

    def is_known(self, namespace: str) -> bool:
        """Say whether a namespace ever had anything placed, as far as is remembered."""
        return namespace in self._first_in


class _Amounts:
    """Amounts of many workloads, side by side."""

    def __init__(self, requests: Sequence[Resources]) -> None:
        self.gpu_milli = _floats([one.gpu_milli for one in requests])
        self.cpu_milli = _floats([one.cpu_milli for one in requests])

    def as_much(self, ours: Resources) -> NDArray[np.bool_]:
        """Say of each whether it is at least half of ours, GPU for GPU or else CPU for CPU."""
        if ours.gpu_milli > 0:
            return np.asarray(self.gpu_milli >= ASKED_SHARE_MIN * min(ours.gpu_milli, AMOUNT_MAX))
        as_much = self.cpu_milli >= ASKED_SHARE_MIN * min(ours.cpu_milli, AMOUNT_MAX)
        return np.asarray((self.gpu_milli == 0) & as_much)


def _floats(values: Sequence[float]) -> Floats:
    """Return numbers as an array; hostile ones are cut to what it can hold."""
    return np.array([max(-AMOUNT_MAX, min(AMOUNT_MAX, value)) for value in values], dtype=np.float64)


def _begun(view: ClusterView) -> tuple[Begun, ...]:
    by_workload: defaultdict[ObjectRef, list[Start]] = defaultdict(list)
    for start in view.starts:
        if start.workload.kind not in BACKGROUND_KINDS:
            by_workload[start.workload].append(start)
    priorities = {(pod.namespace, pod.name): pod.priority for pod in view.snapshot.pods}
    return tuple(_latest(view, workload, by_workload[workload], priorities) for workload in sorted(by_workload))


def _latest(
    view: ClusterView, workload: ObjectRef, starts: list[Start], priorities: dict[tuple[str, str], int]
) -> Begun:
    made_at = max(start.created_at for start in starts) - MADE_TOGETHER_SECONDS
    latest = [start for start in starts if start.created_at >= made_at]
    requests = NOTHING
    for start in latest:
        requests = add(requests, start.requests)
    known = [priorities.get((start.namespace, start.pod)) for start in latest]
    return Begun(
        workload,
        max(start.scheduled_at for start in latest),
        requests,
        max(start.scheduled_at - start.created_at for start in latest),
        max((priority for priority in known if priority is not None), default=None),
        frozenset(product_of(view.nodes[start.node]) for start in latest if start.node in view.nodes) - {""},
    )
