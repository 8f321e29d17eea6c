"""What carries FGD's margin: the same score in other steps and with other orders of ties.

The published score is the whole part of 100·sigmoid. Finer steps leave fewer ties, and ties go to the first node,
which packs: with the raw float FGD allocates about what BestFit does.

Source: the score is that of Weng et al., USENIX ATC 2023; the study is ours.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from podlore.simulate.jit import jit_closure
from podlore.simulate.placement.cluster import Mix, Nodes, Shapes
from podlore.simulate.placement.fgd import descent
from podlore.simulate.placement.orders import in_tie_order, read_order
from podlore.simulate.placement.policies import PlacementPolicy
from podlore.simulate.placement.score_cache import Score, first_best, random_best
from podlore.simulate.placement.study import run_study
from podlore.traces.read_trace import read_nodes, read_trace

STEPS = {"floor(10·sigmoid)": 10.0, "floor(50·sigmoid)": 50.0, "floor(100·sigmoid)": 100.0, "floor(1e3·sigmoid)": 1e3,
         "floor(1e5·sigmoid)": 1e5, "raw (2^30·sigmoid)": 2.0**30}  # fmt: skip
"""The raw float is stood in for by 2^30 steps: a placement's score is a whole number of 32 bits."""


@cache
def quantized(scale: float) -> Score:
    """Return FGD's score in so many steps."""

    @jit_closure
    def score(nodes: Nodes, shapes: Shapes, mix: Mix, node: int, shape: int) -> tuple[int, int]:
        return descent(nodes, shapes, mix, node, shape, scale)

    return score


def quantizations(nodes: Path, pods: Path, folder: Path, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Run each step with ties to the published order, to names, to the largest node first, and at random."""
    shapes, jobs = read_nodes(nodes), read_trace(pods).jobs
    orders = folder / "arrival_order"
    for seed in seeds:
        arrivals = read_order(orders / f"default_seed{seed}.pods.txt.gz", jobs)
        published = in_tie_order(shapes, read_order(orders / f"seed{seed}.nodeperm.txt.gz", shapes))
        by_name = sorted(shapes, key=lambda node: node.name)
        largest = sorted(published, key=lambda node: -node.gpus)
        for name, scale in STEPS.items():
            for ties, ranked in (
                ("published", published),
                ("by name", by_name),
                ("largest", largest),
                ("random", published),
            ):
                policy = PlacementPolicy(quantized(scale), random_best if ties == "random" else first_best)
                result = run_study(ranked, jobs, arrivals, policy, seed=seed)
                at = {int(p): float(a) for p, a in zip(result.arrived_percent, result.allocation_percent, strict=True)}
                yield {"score": name, "ties": ties, "seed": seed, "at_100": at[100], "at_130": at[max(at)]}
