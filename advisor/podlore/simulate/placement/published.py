"""Our placement results beside the published ones of the FGD study, cell by cell.

The folder holds ``analysis_allo_discrete.csv`` and ``analysis_frag_discrete.csv`` (a row a policy and seed, a column an
arrived percent) and ``arrival_order/`` with the exact orders of the default list.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from podlore.errors import BadInput
from podlore.simulate.placement.orders import in_tie_order, read_order
from podlore.simulate.placement.policies import load_policy
from podlore.simulate.placement.study import PlacementResult, run_study
from podlore.traces.job import Job, NodeShape

WORKLOAD = "openb_pod_list_default"
PERCENTS = tuple(str(percent) for percent in range(131))


@dataclass(frozen=True, slots=True)
class Comparison:
    """One policy and seed: largest differences over all cells, in points, and both allocations at 100 % and 130 %."""

    policy: str
    seed: int
    allocation_difference: float
    fragmentation_difference: float
    ours: tuple[float, float]
    published: tuple[float, float]
    wall_seconds: float


def compare(
    folder: Path, nodes: Sequence[NodeShape], pods: Sequence[Job], policies: Sequence[str]
) -> Iterator[Comparison]:
    """Run each policy on each published order, in the table's order of seeds."""
    allocation = _read(folder / "analysis_allo_discrete.csv")
    fragmentation = _read(folder / "analysis_frag_discrete.csv")
    for name in policies:
        policy = load_policy(name)
        for seed in sorted(seed for policy_name, seed in allocation if policy_name == name):
            orders = folder / "arrival_order"
            arrivals = read_order(orders / f"default_seed{seed}.pods.txt.gz", pods)
            ranked = in_tie_order(nodes, read_order(orders / f"seed{seed}.nodeperm.txt.gz", nodes))
            result = run_study(ranked, pods, arrivals, policy, seed=seed)
            yield _comparison(name, seed, result, allocation[name, seed], fragmentation[name, seed])


def _comparison(
    policy: str, seed: int, result: PlacementResult, allocation: list[float], fragmentation: list[float]
) -> Comparison:
    ours = np.round(result.allocation_percent[: len(PERCENTS)], 2)
    remnants = np.round(result.fragmentation_percent[: len(PERCENTS)], 2)
    return Comparison(
        policy,
        seed,
        float(np.abs(ours - allocation).max()),
        float(np.abs(remnants - fragmentation).max()),
        (float(ours[100]), float(ours[130])),
        (allocation[100], allocation[130]),
        result.wall_seconds,
    )


def _read(path: Path) -> dict[tuple[str, int], list[float]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return {
                (row["sc_policy"].partition("-")[2], int(row["seed"])): [float(row[percent]) for percent in PERCENTS]
                for row in csv.DictReader(file)
                if row["workload"] == WORKLOAD
            }
    except (OSError, KeyError, ValueError) as error:
        raise BadInput(f"cannot read the published table {path}: {error!r}") from None
