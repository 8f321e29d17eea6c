"""The cluster as one graph that follows it: domains, nodes, PCIe switches, NICs, GPUs, slices and pods.

`Topology` builds one for a snapshot; whoever follows a cluster keeps one and calls `place`, `remove`, `put_node` and
`drop_node`, each of which touches only what lies between the object and the root. Vertices are tuples that begin with
what they are: ``("domain", level, *path)``, ``("node", name)``, ``("switch", node, group)``, ``("nic", node, name)``,
``("gpu", node, uuid or index)``, ``("mig", node, uuid)``, ``("pod", namespace, name)``, ``("workload", ...)``; edges
point downwards and carry ``capacity`` in gigabytes a second where they are links. A domain is told by its whole path.
"""

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import networkx as nx

from podlore.topology.device import Device
from podlore.topology.levels import ACCELERATORS
from podlore.topology.link_speeds import UPLINK_LABEL, LinkSpeeds
from podlore.topology.room import GPU_MILLI
from podlore.vocabulary import GpuWindow, Node, Pod
from podlore.workloads import is_finished

GPUS_PER_NODE_MAX = 1024
"""Vertices are made for at most this many GPUs of a node, whatever it claims."""
NVLINK_LEVELS = frozenset(label for family in ACCELERATORS for label in family)

Vertex = tuple[str, ...]
ROOT: Vertex = ("root",)
PodKey = tuple[str, str]


@contextmanager
def _without_collection() -> Iterator[None]:
    """Keep the garbage collector off a million new objects, none of which is garbage: a quarter of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class ClusterGraph:
    """A graph of a cluster and what is held of it.

    Parameters
    ----------
    nodes, pods, windows
        What there is; windows tell which pod holds which GPU.
    levels
        Node labels, the widest first, without the node itself.
    devices
        What is inside nodes, where something tells it.
    workloads
        The workload of each pod, by the pod's namespace and name, as a vertex.

    Examples
    --------
    >>> rack = "topology.podlore.io/rack"
    >>> nodes = [Node(name, name, 0.0, labels={rack: name[0]}) for name in ("a1", "a2", "b1")]
    >>> graph = ClusterGraph(nodes, levels=(rack,))
    >>> graph.distance("a1", "a2"), graph.distance("a1", "b1")
    (2, 4)
    """

    def __init__(
        self,
        nodes: Iterable[Node],
        pods: Iterable[Pod] = (),
        windows: Iterable[GpuWindow] = (),
        *,
        levels: Sequence[str] = (),
        devices: Mapping[str, Sequence[Device]] | None = None,
        speeds: LinkSpeeds | None = None,
        workloads: Mapping[PodKey, Vertex] | None = None,
    ) -> None:
        self.levels = tuple(levels)
        self.speeds = speeds or LinkSpeeds()
        self.graph: nx.DiGraph[Vertex] = nx.DiGraph()
        self.graph.add_node(ROOT)
        self._devices = devices or {}
        self._workloads = workloads or {}
        self._parent: dict[Vertex, Vertex] = {}
        self._capacity_milli: dict[Vertex, int] = {}
        self._held_milli: dict[Vertex, int] = {}
        self._own_milli: dict[str, int] = {}
        self._uplink: dict[Vertex, float] = {}
        self._held_by: dict[PodKey, tuple[Pod, tuple[Vertex, ...]]] = {}
        self._named_gpus: dict[str, set[str]] = {}
        self._gpus_of: dict[tuple[str, str, str], set[str]] = {}
        for window in windows:
            self._named_gpus.setdefault(window.node, set()).add(window.uuid)
            self._gpus_of.setdefault((window.node, window.namespace, window.pod), set()).add(window.uuid)
        with _without_collection():
            for node in nodes:
                self.put_node(node)
            for pod in pods:
                self.place(pod)

    # --- what changes it ---

    def put_node(self, node: Node) -> None:
        """Add a node with all that is inside it, or put it where it stands now; its pods stay on it."""
        pods = self._drop(node.name)
        vertex: Vertex = ("node", node.name)
        gigabytes = self.speeds.of_node(node.labels.get(UPLINK_LABEL, ""))
        self._attach(node, vertex, gigabytes)
        self._add_inside(node)
        self._own_milli[node.name] = max(node.allocatable.gpu_milli, 0)
        for above in self._upwards(vertex):
            self._capacity_milli[above] = self._capacity_milli.get(above, 0) + self._own_milli[node.name]
            self._held_milli.setdefault(above, 0)
        for pod in pods:
            self.place(pod)

    def drop_node(self, name: str) -> None:
        """Forget a node with its pods; one that is not there is no error."""
        self._drop(name)

    def place(self, pod: Pod) -> None:
        """Show a pod where it is now; one that is finished or nowhere is removed."""
        self.remove(pod.namespace, pod.name)
        node: Vertex = ("node", pod.node)
        if not pod.node or node not in self._parent or is_finished(pod):
            return
        vertex: Vertex = ("pod", pod.namespace, pod.name)
        holders = self._holders(pod)
        for holder in holders:
            self.graph.add_edge(holder, vertex)
        workload = self._workloads.get((pod.namespace, pod.name))
        if workload is not None:
            self.graph.add_edge(vertex, workload)
        self._held_by[pod.namespace, pod.name] = pod, holders
        self._hold(node, pod.requests.gpu_milli)

    def remove(self, namespace: str, name: str) -> None:
        """Forget a pod; one that is not there is no error."""
        pod, _ = self._held_by.pop((namespace, name), (None, ()))
        if pod is None:
            return
        vertex: Vertex = ("pod", namespace, name)
        below = list(self.graph.successors(vertex))
        self.graph.remove_node(vertex)
        for workload in below:
            if not self.graph.in_degree(workload):
                self.graph.remove_node(workload)
        self._hold(("node", pod.node), -pod.requests.gpu_milli)

    # --- what can be asked of it ---

    def parent(self, vertex: Vertex) -> Vertex | None:
        """Return what a domain, node, switch or device hangs under; None for the root and what is not there."""
        return self._parent.get(vertex)

    def children(self, vertex: Vertex) -> list[Vertex]:
        """Return what hangs under a vertex, sorted; nothing where it is not there."""
        return sorted(self.graph.successors(vertex)) if vertex in self.graph else []

    def load(self, vertex: Vertex) -> float | None:
        """Return the share (0-1) of a domain's or node's GPUs that pods hold; None where it has none."""
        capacity = self._capacity_milli.get(vertex, 0)
        return min(self._held_milli.get(vertex, 0) / capacity, 1.0) if capacity > 0 else None

    def gpu_milli(self, vertex: Vertex) -> int:
        """Return how much GPU a domain or a node has."""
        return self._capacity_milli.get(vertex, 0)

    def distance(self, one: str, other: str) -> int | None:
        """Return how many links lie between two nodes: 0 for the same; None where one is unknown."""
        if ("node", one) not in self._parent or ("node", other) not in self._parent:
            return None
        mine, theirs = (list(self._upwards(("node", name))) for name in (one, other))
        common = set(mine) & set(theirs)
        return sum(vertex not in common for vertex in (*mine, *theirs))

    def common_domain(self, nodes: Iterable[str]) -> Vertex | None:
        """Return the narrowest vertex that holds all these nodes; None where one is unknown or there is none."""
        paths = [list(self._upwards(("node", name))) for name in set(nodes) if ("node", name) in self._parent]
        if not paths or len(paths) < len(set(nodes)):
            return None
        common = set(paths[0]).intersection(*paths[1:])
        return next(vertex for vertex in paths[0] if vertex in common)

    def links(self, nodes: Iterable[str]) -> Mapping[Vertex, int]:
        """Return the uplinks that a group's own traffic takes, by the vertex below each, with the members below it.

        A vertex counts where some of the group, but not all, is below it.
        """
        members = sorted({name for name in nodes if ("node", name) in self._parent})
        below: dict[Vertex, int] = {}
        for name in members:
            for vertex in self._upwards(("node", name)):
                below[vertex] = below.get(vertex, 0) + 1
        return {vertex: count for vertex, count in below.items() if count < len(members)}

    def shared_links(self, one: Iterable[str], other: Iterable[str]) -> tuple[Vertex, ...]:
        """Return the uplinks that both groups' traffic takes, sorted: where they meet."""
        return tuple(sorted(self.links(one).keys() & self.links(other).keys()))

    def uplink(self, vertex: Vertex) -> float:
        """Return what the link above a vertex carries, in gigabytes a second; 0 where there is none."""
        carried = self._uplink.get(vertex, 0.0)
        return carried if vertex[0] == "node" else carried / self.speeds.oversubscription

    def bisection(self, nodes: Iterable[str]) -> float | None:
        """Return what two halves of a group can exchange, in gigabytes a second, if all talk to all alike.

        None for a group on one node: its traffic takes no link of the fabric.
        """
        links = self.links(nodes)
        total = max((count for count in links.values()), default=0)
        size = len({name for name in nodes if ("node", name) in self._parent})
        if not total or size < 2:
            return None
        return min(self.uplink(vertex) * size / (2 * min(count, size - count)) for vertex, count in links.items())

    # --- how ---

    def _upwards(self, vertex: Vertex) -> Iterator[Vertex]:
        at: Vertex | None = vertex
        while at is not None:
            yield at
            at = self._parent.get(at)

    def _attach(self, node: Node, vertex: Vertex, gigabytes: float) -> None:
        """Hang a node under its domains, making those that are not there yet."""
        above, path = ROOT, []
        for level in self.levels:
            value = node.labels.get(level)
            path.append(value or "")
            if not value:
                continue
            domain: Vertex = ("domain", level, *path)
            self._parent[domain] = above
            self._uplink[domain] = self._uplink.get(domain, 0.0) + gigabytes
            if not self.graph.has_edge(above, domain):
                self.graph.add_edge(above, domain)
            above = domain
        self._parent[vertex] = above
        self._uplink[vertex] = gigabytes
        self.graph.add_edge(above, vertex, capacity=gigabytes)

    def _add_inside(self, node: Node) -> None:
        is_nvlinked = any(level in node.labels for level in NVLINK_LEVELS)
        speed = self.speeds.nvlink if is_nvlinked else self.speeds.pcie
        inside = self._devices.get(node.name, ())
        for device in inside:
            self._add_device(node.name, device, speed)
        if any(device.kind == "gpu" for device in inside):
            return
        named = sorted(self._named_gpus.get(node.name, ()))
        count = min(max(node.allocatable.gpu_milli, 0) // GPU_MILLI, GPUS_PER_NODE_MAX)
        names = (*named, *(str(index) for index in range(len(named), count)))
        vertex: Vertex = ("node", node.name)
        self.graph.add_edges_from(((vertex, ("gpu", node.name, name)) for name in names), capacity=speed)

    def _add_device(self, node: str, device: Device, speed: float) -> None:
        above: Vertex = ("node", node)
        if device.kind == "mig" and device.parent:
            above = ("gpu", node, device.parent)
        elif device.group:
            switch: Vertex = ("switch", node, device.group)
            self.graph.add_edge(above, switch, capacity=self.speeds.pcie)
            above = switch
        capacity = self.speeds.node if device.kind == "nic" else speed
        self.graph.add_edge(above, (device.kind, node, device.name), capacity=capacity)

    def _drop(self, name: str) -> list[Pod]:
        """Take a node out and return the pods that were on it; domains that it leaves empty go too."""
        vertex: Vertex = ("node", name)
        if vertex not in self._parent:
            return []
        pods = [pod for pod in self._pods_below(vertex) if pod.node == name]
        for pod in pods:
            self.remove(pod.namespace, pod.name)
        gigabytes = self._uplink.pop(vertex)
        for above in self._upwards(vertex):
            self._capacity_milli[above] -= self._own_milli[name]
            if above[0] == "domain":
                self._uplink[above] -= gigabytes
        self.graph.remove_nodes_from([*nx.descendants(self.graph, vertex)])
        above = self._parent[vertex]
        self._forget(vertex)
        while above != ROOT and not self.graph.out_degree(above):
            above, empty = self._parent[above], above
            self._forget(empty)
        return pods

    def _forget(self, vertex: Vertex) -> None:
        self.graph.remove_node(vertex)
        for table in (self._parent, self._capacity_milli, self._held_milli, self._uplink):
            table.pop(vertex, None)

    def _pods_below(self, vertex: Vertex) -> list[Pod]:
        keys = [(below[1], below[2]) for below in nx.descendants(self.graph, vertex) if below[0] == "pod"]
        return [self._held_by[key][0] for key in keys]

    def _hold(self, node: Vertex, gpu_milli: int) -> None:
        if gpu_milli:
            for vertex in self._upwards(node):
                self._held_milli[vertex] += gpu_milli

    def _holders(self, pod: Pod) -> tuple[Vertex, ...]:
        """Return the GPUs that a pod is known to hold, else its node."""
        uuids = self._gpus_of.get((pod.node, pod.namespace, pod.name))
        if not uuids:
            return (("node", pod.node),)
        known = sorted(("gpu", pod.node, uuid) for uuid in uuids if ("gpu", pod.node, uuid) in self.graph)
        return tuple(known) or (("node", pod.node),)
