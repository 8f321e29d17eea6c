"""The interference graph: workloads, and who slows whom by how much; groups, roles and the move that separates.

Edges run from the aggressor to the victim and carry the share of speed lost with its interval and the resource they
meet on. They may be observed (`podlore.interference.observed`) or predicted (`podlore.interference.co_run_model`).
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import networkx as nx

from podlore.errors import BadInput

Name = TypeVar("Name", bound=Hashable)
SEED = 0


@dataclass(frozen=True, slots=True)
class Slowdown:
    """A share (0-1) of the victim's speed that the aggressor takes, with a 90 % interval."""

    aggressor: Hashable
    victim: Hashable
    loss: float
    low: float
    high: float
    resource: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.loss <= self.high <= 1:
            raise BadInput(
                f"slowdown of {self.victim} by {self.aggressor}: {self.low}, {self.loss}, {self.high} are no shares in "
                "ascending order"
            )


@dataclass(frozen=True, slots=True)
class Role:
    """What a workload does to others in sum, and they to it, in lost speed."""

    name: Hashable
    inflicted: float
    suffered: float


def interference_graph(slowdowns: Iterable[Slowdown]) -> "nx.DiGraph[Hashable]":
    """Return the graph; of several slowdowns of one pair the surest (the greatest lower end) is kept.

    >>> graph = interference_graph([Slowdown("decoder", "trainer", 0.3, 0.25, 0.35, "CPU")])
    >>> graph.edges["decoder", "trainer"]["resource"]
    'CPU'
    """
    graph: nx.DiGraph[Hashable] = nx.DiGraph()
    for one in sorted(slowdowns, key=lambda one: (one.low, str(one.aggressor), str(one.victim))):
        if one.aggressor != one.victim:
            graph.add_edge(one.aggressor, one.victim, loss=one.loss, low=one.low, high=one.high, resource=one.resource)
    return graph


def communities(graph: "nx.DiGraph[Hashable]") -> tuple[tuple[Hashable, ...], ...]:
    """Return groups that slow each other more than others (Louvain), the largest first."""
    mutual = _mutual(graph)
    if not mutual.number_of_edges():
        return tuple((name,) for name in sorted(mutual, key=str))
    groups = nx.community.louvain_communities(mutual, weight="loss", seed=SEED)
    ordered = (tuple(sorted(group, key=str)) for group in groups)
    return tuple(sorted(ordered, key=lambda group: (-len(group), str(group[0]))))


def roles(graph: "nx.DiGraph[Hashable]") -> tuple[Role, ...]:
    """Return everybody's role, the one who inflicts most first."""
    found = [
        Role(
            name,
            sum(loss for _, _, loss in graph.out_edges(name, data="loss", default=0.0)),
            sum(loss for _, _, loss in graph.in_edges(name, data="loss", default=0.0)),
        )
        for name in graph
    ]
    return tuple(sorted(found, key=lambda role: (-role.inflicted, str(role.name))))


def separating_move(graph: "nx.DiGraph[Hashable]", together: Sequence[Hashable]) -> tuple[Hashable, ...]:
    """Return who of those that are together should go elsewhere; nobody where nothing is slowed.

    Each two keep some harmony, 1 less what they lose together, at least a little. The minimum cut of that complete
    graph parts them where least harmony is lost (Stoer and Wagner); its smaller side moves, or on equal sides the one
    that inflicts more.

    Examples
    --------
    >>> graph = interference_graph([Slowdown("decoder", name, 0.3, 0.2, 0.4) for name in ("a", "b")])
    >>> separating_move(graph, ["a", "b", "decoder"])
    ('decoder',)
    """
    mutual = _mutual(graph)
    members = sorted(set(together), key=str)
    losses = {(one, other): _loss(mutual, one, other) for i, one in enumerate(members) for other in members[i + 1 :]}
    if not any(losses.values()):
        return ()
    harmony: nx.Graph[Hashable] = nx.Graph()
    for (one, other), loss in losses.items():
        harmony.add_edge(one, other, weight=max(1.0 - loss, 0.01))
    if len(members) == 2:
        sides: tuple[list[Hashable], list[Hashable]] = ([members[0]], [members[1]])
    else:
        _, sides = nx.stoer_wagner(harmony)
    inflicted = {role.name: role.inflicted for role in roles(graph)}
    moved = min(sides, key=lambda side: (len(side), -sum(inflicted.get(name, 0.0) for name in side), str(side)))
    return tuple(sorted(moved, key=str))


def _mutual(graph: "nx.DiGraph[Hashable]") -> "nx.Graph[Hashable]":
    """Return the graph without directions: what two lose together, each way added."""
    mutual: nx.Graph[Hashable] = nx.Graph()
    mutual.add_nodes_from(graph)
    for one, other, loss in graph.edges(data="loss", default=0.0):
        before: float = mutual.edges[one, other]["loss"] if mutual.has_edge(one, other) else 0.0
        mutual.add_edge(one, other, loss=before + loss)
    return mutual


def _loss(mutual: "nx.Graph[Hashable]", one: Hashable, other: Hashable) -> float:
    return float(mutual.edges[one, other]["loss"]) if mutual.has_edge(one, other) else 0.0
