"""A snapshot as detectors read it: indexed, each index built once, when it is first asked for.

``podlore.advisor`` makes one `ClusterView` a snapshot and hands it to every detector. Nothing here judges; it only
finds things quickly and in a fixed order, so that the order of a snapshot's objects does not matter.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cached_property
from typing import Any, TypeVar

from podlore.snapshot import Snapshot
from podlore.topology import Objection, Topology, free_by_node, objections
from podlore.vocabulary import (
    Controller,
    Event,
    Failure,
    GpuWindow,
    Node,
    ObjectRef,
    Pod,
    Resources,
    Series,
    Start,
    Workload,
)
from podlore.workloads import is_finished, roll_up

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")


class ClusterView:
    """One snapshot, indexed.

    Examples
    --------
    >>> view = ClusterView(Snapshot(now=60.0, observed_since=0.0, pods=(Pod("nlp", "p", "u", 0.0),)))
    >>> [str(workload.ref) for workload in view.workloads]
    ['nlp/Pod/p']
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.now = snapshot.now
        self.policy = snapshot.policy
        self._computed: dict[Hashable, Any] = {}

    def once(self, key: Hashable, compute: Callable[[], Item]) -> Item:
        """Return what was computed under this key, computing it the first time: many pods are alike."""
        if key not in self._computed:
            self._computed[key] = compute()
        found: Item = self._computed[key]
        return found

    # --- workloads ---

    @cached_property
    def workloads(self) -> tuple[Workload, ...]:
        """All top-level workloads, sorted by reference."""
        return roll_up(self.snapshot.pods, self.snapshot.controllers)

    @cached_property
    def workload_by_ref(self) -> Mapping[ObjectRef, Workload]:
        """The workloads by reference."""
        return {workload.ref: workload for workload in self.workloads}

    @cached_property
    def workload_by_pod(self) -> Mapping[tuple[str, str], Workload]:
        """The workload of each pod, by the pod's namespace and name."""
        return {(pod.namespace, pod.name): workload for workload in self.workloads for pod in workload.pods}

    @cached_property
    def controllers_by_ref(self) -> Mapping[ObjectRef, Controller]:
        """Controllers by reference."""
        return {controller.ref: controller for controller in sorted(self.snapshot.controllers, key=_controller_key)}

    @cached_property
    def dependents(self) -> Mapping[ObjectRef, tuple[Controller, ...]]:
        """Controllers by the controller directly above them: the Kueue Workloads of a Job, the Jobs of a JobSet."""
        owned = (controller for controller in self.controllers_by_ref.values() if controller.controller)
        return _grouped(owned, lambda controller: controller.controller or controller.ref)

    def bound_pods(self, workload: Workload) -> tuple[Pod, ...]:
        """Return the pods that hold something on a node, those that are on their way out left aside."""
        return tuple(pod for pod in workload.pods if pod.node and not is_finished(pod) and pod.deleted_at is None)

    # --- nodes and room ---

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """Nodes by name, sorted."""
        return {node.name: node for node in sorted(self.snapshot.nodes, key=lambda node: (node.name, node.uid))}

    @cached_property
    def free(self) -> Mapping[str, Resources]:
        """What is free on each node."""
        return free_by_node(self.nodes.values(), self.snapshot.pods)

    @cached_property
    def pods_by_node(self) -> Mapping[str, tuple[Pod, ...]]:
        """Unfinished bound pods by node, sorted."""
        bound = (pod for pod in self.snapshot.pods if pod.node and not is_finished(pod))
        return _grouped(sorted(bound, key=lambda pod: (pod.namespace, pod.name, pod.uid)), lambda pod: pod.node)

    @cached_property
    def topology(self) -> Topology:
        """Where the nodes stand."""
        snapshot = self.snapshot
        return Topology(snapshot.nodes, snapshot.pods, snapshot.gpu_windows, self.policy.topology_levels)

    def objections(self, pod: Pod) -> Mapping[str, frozenset[Objection]]:
        """Return what keeps the pod off each node, room apart; shared by all pods with the same constraints."""
        return self.once(
            ("objections", constraints(pod)),
            lambda: {name: objections(pod, node) for name, node in self.nodes.items()},
        )

    def eligible(self, pod: Pod) -> tuple[str, ...]:
        """Return the nodes on which the pod may run if there is room, sorted."""
        return self.once(
            ("eligible", constraints(pod)),
            lambda: tuple(name for name, found in self.objections(pod).items() if not found),
        )

    def openings(self, pod: Pod) -> Mapping[Objection, tuple[str, ...]]:
        """Return, for each objection, the nodes that would open if it alone were lifted."""
        return self.once(("openings", constraints(pod)), lambda: _openings(self.objections(pod)))

    # --- what happened ---

    @cached_property
    def events(self) -> Mapping[ObjectRef, tuple[Event, ...]]:
        """Events by the object that they are about, in order of time."""
        ordered = sorted(self.snapshot.events, key=lambda event: (event.last_seen_at, event.reason, event.uid))
        return _grouped(ordered, lambda event: event.about)

    @cached_property
    def failures(self) -> Mapping[ObjectRef, tuple[Failure, ...]]:
        """Remembered failures by workload, in order of time."""
        ordered = sorted(self.snapshot.history.failures, key=lambda failure: (failure.at, failure.pod))
        return _grouped(ordered, lambda failure: failure.workload)

    @cached_property
    def starts(self) -> tuple[Start, ...]:
        """Placed pods in order of time: those remembered, and those that are still there."""
        found = {(start.namespace, start.pod, start.scheduled_at): start for start in self.snapshot.history.starts}
        for pod in self.snapshot.pods:
            if pod.scheduled_at is not None:
                found.setdefault((pod.namespace, pod.name, pod.scheduled_at), self._start(pod, pod.scheduled_at))
        return tuple(sorted(found.values(), key=lambda start: (start.scheduled_at, start.namespace, start.pod)))

    def _start(self, pod: Pod, scheduled_at: float) -> Start:
        workload = self.workload_by_pod[pod.namespace, pod.name].ref
        return Start(pod.name, pod.namespace, workload, pod.created_at, scheduled_at, pod.requests, pod.node)

    @cached_property
    def windows(self) -> Mapping[tuple[str, str], tuple[GpuWindow, ...]]:
        """GPU windows by the namespace and name of the pod that holds the device, sorted by device."""
        ordered = sorted(
            self.snapshot.gpu_windows, key=lambda window: (window.node, window.uuid, window.window_seconds)
        )
        return _grouped(ordered, lambda window: (window.namespace, window.pod))

    @cached_property
    def series_by_pod(self) -> Mapping[tuple[str, str], tuple[Series, ...]]:
        """Series by the namespace and name of the pod that they are about, sorted."""
        owned = (series for series in self._series if series.pod)
        return _grouped(owned, lambda series: (series.namespace, series.pod))

    @cached_property
    def series_by_node(self) -> Mapping[str, tuple[Series, ...]]:
        """All series of a node, its devices and its pods, sorted."""
        return _grouped(self._series, lambda series: series.node)

    @cached_property
    def _series(self) -> list[Series]:
        return sorted(
            self.snapshot.series, key=lambda one: (one.metric, one.node, one.gpu, one.namespace, one.pod, one.until_at)
        )


def _grouped(items: Iterable[Item], key: Callable[[Item], Key]) -> Mapping[Key, tuple[Item, ...]]:
    groups: defaultdict[Key, list[Item]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return {name: tuple(members) for name, members in groups.items()}


def _controller_key(controller: Controller) -> tuple[ObjectRef, str]:
    return controller.ref, controller.ref.uid


def _openings(found: Mapping[str, frozenset[Objection]]) -> Mapping[Objection, tuple[str, ...]]:
    opened: defaultdict[Objection, list[str]] = defaultdict(list)
    for name, objections_there in found.items():
        if len(objections_there) == 1:
            opened[next(iter(objections_there))].append(name)
    return {objection: tuple(opened[objection]) for objection in sorted(opened)}


def constraints(pod: Pod) -> Hashable:
    """Return everything of a pod that `podlore.topology.objections` looks at: pods with the same may share answers."""
    selector = tuple(sorted(pod.node_selector.items()))
    return selector, pod.affinity_terms, pod.tolerations, pod.gpu_resource, pod.requests.gpu_milli > 0
