"""The cluster as a graph: domains, nodes, GPUs and pods, from the root down.

``podlore.view`` builds one `Topology` a snapshot. Vertices are tuples that begin with what they are:
``("domain", level, *path)``, ``("node", name)``, ``("gpu", node, uuid or index)``, ``("pod", namespace, name)``; edges
point downwards. A domain is told by its whole path, so that "rack 1" of two zones are two racks. A node that lacks a
level's label hangs under the last domain that is known, and `unplaced` says so.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import networkx as nx

from podlore.topology.levels import levels_of
from podlore.topology.room import GPU_MILLI
from podlore.vocabulary import GpuWindow, Node, Pod
from podlore.workloads import is_finished

NODE_LEVEL = "kubernetes.io/hostname"
"""The narrowest level: the node itself."""
GPUS_PER_NODE_MAX = 1024
"""Vertices are made for at most this many GPUs of a node, whatever it claims."""

Vertex = tuple[str, ...]
Domain = tuple[str, ...]
"""The values of the labels from the widest level down to the domain's own."""
ROOT: Vertex = ("root",)


class Topology:
    """Where nodes stand.

    Parameters
    ----------
    nodes, pods, windows
        Of one snapshot. Windows tell which pod holds which GPU.
    configured
        The policy's levels; empty for the known label families.

    Examples
    --------
    >>> node = Node("gpu-1", "u", 0.0, labels={"topology.podlore.io/rack": "r1"})
    >>> topology = Topology([node])
    >>> topology.levels, topology.domain_of("gpu-1", "topology.podlore.io/rack")
    (('topology.podlore.io/rack', 'kubernetes.io/hostname'), ('r1',))
    """

    def __init__(
        self,
        nodes: Iterable[Node],
        pods: Iterable[Pod] = (),
        windows: Iterable[GpuWindow] = (),
        configured: Sequence[str] = (),
    ) -> None:
        self._nodes = {node.name: node for node in nodes}
        self._pods = tuple(pods)
        self._windows = tuple(windows)
        self.levels = (*levels_of(self._nodes.values(), configured), NODE_LEVEL)
        self._paths = {name: self._path(node) for name, node in self._nodes.items()}

    def _path(self, node: Node) -> tuple[str | None, ...]:
        return (*(node.labels.get(level) for level in self.levels[:-1]), node.name)

    def domain_of(self, node: str, level: str) -> Domain | None:
        """Return the node's domain at a level; None where the node is unknown or lacks the label."""
        path = self._paths.get(node)
        depth = self.levels.index(level)
        if path is None or path[depth] is None:
            return None
        return tuple(part or "" for part in path[: depth + 1])

    def domains(self, nodes: Iterable[str], level: str) -> Mapping[Domain, tuple[str, ...]]:
        """Return the nodes by domain at a level, both sorted; nodes without the label are left out."""
        members: defaultdict[Domain, list[str]] = defaultdict(list)
        for node in sorted(set(nodes)):
            domain = self.domain_of(node, level)
            if domain is not None:
                members[domain].append(node)
        return {domain: tuple(members[domain]) for domain in sorted(members)}

    def span(self, nodes: Iterable[str], level: str) -> int | None:
        """Return how many domains these nodes stand in; None where one of them lacks the label."""
        domains = {self.domain_of(node, level) for node in nodes}
        return None if None in domains else len(domains)

    @cached_property
    def unplaced(self) -> Mapping[str, tuple[str, ...]]:
        """The nodes that lack a level's label, by level: what can be said of them is less."""
        lacking: defaultdict[str, list[str]] = defaultdict(list)
        for name, path in sorted(self._paths.items()):
            for level, part in zip(self.levels, path, strict=True):
                if part is None:
                    lacking[level].append(name)
        return {level: tuple(names) for level, names in lacking.items()}

    @cached_property
    def graph(self) -> "nx.DiGraph[Vertex]":
        """The whole as a tree of domains, nodes and GPUs, with pods below the GPUs or the node that they hold."""
        graph: nx.DiGraph[Vertex] = nx.DiGraph()
        graph.add_node(ROOT)
        for name, node in self._nodes.items():
            nx.add_path(graph, [ROOT, *self._vertices(name)])
            graph.add_edges_from((("node", name), gpu) for gpu in self._gpus(node))
        for pod in self._pods:
            if pod.node in self._nodes and not is_finished(pod):
                graph.add_edges_from((holder, ("pod", pod.namespace, pod.name)) for holder in self._holders(pod))
        return graph

    def _vertices(self, node: str) -> list[Vertex]:
        """Return a node's domains from the widest on, then the node itself."""
        found = [(level, self.domain_of(node, level)) for level in self.levels[:-1]]
        return [*(("domain", level, *domain) for level, domain in found if domain), ("node", node)]

    @cached_property
    def _uuids(self) -> Mapping[str, tuple[str, ...]]:
        uuids: defaultdict[str, set[str]] = defaultdict(set)
        for window in self._windows:
            uuids[window.node].add(window.uuid)
        return {node: tuple(sorted(found)) for node, found in uuids.items()}

    @cached_property
    def _held(self) -> Mapping[tuple[str, str, str], tuple[str, ...]]:
        held: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
        for window in self._windows:
            held[window.node, window.namespace, window.pod].add(window.uuid)
        return {key: tuple(sorted(found)) for key, found in held.items()}

    def _gpus(self, node: Node) -> list[Vertex]:
        """Return a node's GPUs: those with a known uuid, then as many nameless ones as it has besides."""
        count = min(node.allocatable.gpu_milli // GPU_MILLI, GPUS_PER_NODE_MAX)
        named = self._uuids.get(node.name, ())
        return [("gpu", node.name, name) for name in (*named, *(str(index) for index in range(len(named), count)))]

    def _holders(self, pod: Pod) -> list[Vertex]:
        uuids = self._held.get((pod.node, pod.namespace, pod.name), ())
        return [("gpu", pod.node, uuid) for uuid in uuids] or [("node", pod.node)]
