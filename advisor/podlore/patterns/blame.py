"""Whose fault failures are, the workload's or the node's: pods tried and failed come in, rates of both leave.

A pod fails by chance, through its workload or through its node, independently ("noisy or"):
1 - P(fails) = (1 - usual) (1 - rate of the workload) (1 - rate of the node). A job that fails on two bad nodes and runs
elsewhere is so told from one that fails wherever it is. `podlore.patterns.black_hole_node` asks.

References
----------
Dempster, Laird and Rubin, "Maximum Likelihood from Incomplete Data via the EM Algorithm", JRSS B 1977; the noisy or is
Pearl's (1988). The one sound pod that each rate is shrunk by is ours.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

Workload = TypeVar("Workload", bound=Hashable)
STEPS = 30
ONE_POD = 1.0
"""As if each workload and each node had been seen to run so many pods well: one failure alone proves little."""


@dataclass(frozen=True, slots=True)
class Tries:
    """How many pods tried their luck, and how many of them failed."""

    tried: int
    failed: int


@dataclass(frozen=True, slots=True)
class Blame(Generic[Workload]):
    """How many of the failures of a workload on a node are the workload's; and of all on a node, and by chance."""

    tries: Mapping[Workload, Mapping[str, Tries]]
    by_workload: Mapping[Workload, Mapping[str, float]]
    by_node: Mapping[str, tuple[int, float, float]]
    """How many pods tried, how many of them failed through their workloads, and how many by chance."""

    def elsewhere(self, workload: Workload, node: str) -> float:
        """Return the rate (share, 0-1) of a workload by what became of it, and of others, on all other nodes."""
        guilty = sum(count for name, count in self.by_workload[workload].items() if name != node)
        tried = sum(one.tried for name, one in self.tries[workload].items() if name != node)
        of_others = self._sum(1, node) / max(self._sum(0, node), 1)
        return (guilty + ONE_POD * of_others) / (tried + ONE_POD)

    def usual(self, node: str) -> float:
        """Return the share of pods that fail by chance on all other nodes."""
        return (self._sum(2, node) + 1) / (self._sum(0, node) + 2)  # Laplace: there may always be some

    def _sum(self, place: int, but: str) -> float:
        return sum(row[place] for name, row in self.by_node.items() if name != but)


def blame(tries: Mapping[tuple[Workload, str], Tries]) -> Blame[Workload]:
    """Return whose fault the failures are.

    Parameters
    ----------
    tries
        By workload and node, all pods counted once.

    Examples
    --------
    A job that fails everywhere, and one that fails on the node where others fail as well:

    >>> tries = {("bad", "a"): Tries(3, 3), ("bad", "b"): Tries(3, 3), ("bad", "c"): Tries(3, 3)}
    >>> tries |= {(f"job {n}", node): Tries(2, 2 * (node == "c")) for n in range(5) for node in "abc"}
    >>> found = blame(tries)
    >>> round(found.elsewhere("bad", "c"), 1), round(found.elsewhere("job 0", "c"), 1)
    (0.9, 0.0)
    """
    tried = sum(one.tried for one in tries.values())
    usual = (sum(one.failed for one in tries.values()) + 1) / (tried + 2)
    workloads = _rates((workload, one.tried, one.failed) for (workload, _), one in tries.items())
    nodes = _rates((node, one.tried, one.failed) for (_, node), one in tries.items())
    by_workload: dict[tuple[Workload, str], float] = {}
    by_chance: defaultdict[str, float] = defaultdict(float)
    for _ in range(STEPS):
        failing = {
            key: one.failed / (1 - (1 - usual) * (1 - workloads[key[0]]) * (1 - nodes[key[1]]))
            for key, one in tries.items()
        }
        by_workload = {key: workloads[key[0]] * count for key, count in failing.items()}
        by_chance = defaultdict(float)
        for (_, node), count in failing.items():
            by_chance[node] += usual * count
        nodes = _rates((key[1], one.tried, nodes[key[1]] * failing[key]) for key, one in tries.items())
        workloads = _rates((key[0], one.tried, by_workload[key]) for key, one in tries.items())
        usual = (sum(by_chance.values()) + 1) / (tried + 2)
    return Blame(_nested(tries), _nested(by_workload), _by_node(tries, by_workload, by_chance))


Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


def _rates(rows: Iterable[tuple[Key, int, float]]) -> dict[Key, float]:
    tried: defaultdict[Key, float] = defaultdict(lambda: ONE_POD)
    failed: defaultdict[Key, float] = defaultdict(float)
    for key, n_tried, n_failed in rows:
        tried[key] += n_tried
        failed[key] += n_failed
    return {key: failed[key] / count for key, count in tried.items()}


def _by_node(
    tries: Mapping[tuple[Workload, str], Tries],
    by_workload: Mapping[tuple[Workload, str], float],
    by_chance: Mapping[str, float],
) -> dict[str, tuple[int, float, float]]:
    tried: Counter[str] = Counter()
    guilty: defaultdict[str, float] = defaultdict(float)
    for (workload, node), one in tries.items():
        tried[node] += one.tried
        guilty[node] += by_workload[workload, node]
    return {node: (count, guilty[node], by_chance[node]) for node, count in tried.items()}


def _nested(values: Mapping[tuple[Workload, str], Value]) -> Mapping[Workload, Mapping[str, Value]]:
    found: defaultdict[Workload, dict[str, Value]] = defaultdict(dict)
    for (workload, node), value in values.items():
        found[workload][node] = value
    return found
