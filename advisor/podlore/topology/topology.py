"""Where the nodes of a snapshot stand, level by level; the graph itself is a `ClusterGraph`.

``podlore.view`` builds one `Topology` a snapshot. A domain is told by its whole path, so that "rack 1" of two zones are
two racks. A node that lacks a level's label hangs under the last domain that is known, and `unplaced` says so.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from podlore.topology.cluster_graph import ClusterGraph, Vertex
from podlore.topology.levels import NODE_LEVEL, levels_of
from podlore.vocabulary import GpuWindow, Node, Pod

if TYPE_CHECKING:
    import networkx as nx

Domain = tuple[str, ...]
"""The values of the labels from the widest level down to the domain's own."""


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
    def cluster(self) -> ClusterGraph:
        """The whole with its links, GPUs and pods."""
        return ClusterGraph(self._nodes.values(), self._pods, self._windows, levels=self.levels[:-1])

    @property
    def graph(self) -> "nx.DiGraph[Vertex]":
        """The whole as a tree of domains, nodes and GPUs, with pods below the GPUs or the node that they hold."""
        return self.cluster.graph
