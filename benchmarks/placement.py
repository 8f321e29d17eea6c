"""How fast placement studies run: pods a CPU-second for each policy, and how cost grows with nodes and with pods.

    .venv/bin/python benchmarks/placement.py --openb FOLDER [--large] [--plot FILE.png]

The trace is openb's default list at its 1,213 GPU nodes (a folder of the public trace); for the other sizes nodes and
arrivals are repeated. ``--large`` adds 100,000 nodes and 1,000,000 pods. Seconds are those of the process on a core, so
that a busy machine does not count; compilation comes first and does not count either.
"""

import argparse
import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from podlore.simulate.placement.engine import compiled
from podlore.simulate.placement.policies import load_policy
from podlore.simulate.placement.study import prepare
from podlore.traces.job import Job, NodeShape
from podlore.traces.read_trace import read_nodes, read_trace

POLICIES = ("FirstFit", "Random", "DotProd", "GpuClustering", "GpuPacking", "BestFit", "FGD")
NODES, PODS, LARGE_NODES, LARGE_PODS = 1_213, 10_866, 100_000, 1_000_000
GROWTH = [(NODES * times, PODS) for times in (2, 4, 8)] + [(NODES, PODS * times) for times in (2, 4, 8)]

Row = tuple[str, int, int, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--openb", type=Path, required=True)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    nodes = read_nodes(options.openb / "openb_node_list_gpu_node.csv")
    pods = read_trace(options.openb / "openb_pod_list_default.csv").jobs
    print("policy          nodes      pods  CPU-seconds     pods/s  peak MiB")
    rows = []
    for row in measured(nodes, pods, is_large=options.large):
        rows.append(row)
        name, n_nodes, n_pods, seconds = row
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{name:12} {n_nodes:8,} {n_pods:9,} {seconds:12.3f} {n_pods / seconds:10,.0f} {peak:9,.0f}", flush=True)
    if options.plot:
        plot(rows, options.plot)


def measured(nodes: Sequence[NodeShape], pods: Sequence[Job], *, is_large: bool) -> Iterator[Row]:
    """Yield each policy at openb's size, and BestFit and FGD as nodes or pods grow."""
    for name in POLICIES:
        yield timed(name, nodes, pods, NODES, PODS)
    for n_nodes, n_pods in [*GROWTH, *([(LARGE_NODES, LARGE_PODS)] if is_large else [])]:
        for name in ("BestFit", "FGD"):
            yield timed(name, nodes, pods, n_nodes, n_pods)


def timed(name: str, nodes: Sequence[NodeShape], pods: Sequence[Job], n_nodes: int, n_pods: int) -> Row:
    """Run a policy on so many nodes and pods; the shapes come in the list's proportions."""
    many = [replace(nodes[i % len(nodes)], name=f"node-{i}") for i in range(n_nodes)]
    ready = prepare(many, pods, [pod.name for pod in pods])
    order = np.random.default_rng(42).choice(ready.order, n_pods)
    policy = load_policy(name)
    run = compiled(policy.score, policy.pick)
    run(ready.nodes, ready.shapes, ready.mix, order[:0], 0)
    started = time.process_time()
    run(ready.nodes, ready.shapes, ready.mix, order, 0)
    return name, n_nodes, n_pods, time.process_time() - started


def plot(rows: Sequence[Row], path: Path) -> None:
    """Draw CPU-seconds against nodes and against pods, for BestFit and FGD."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(10, 4), layout="constrained")
    by_nodes, by_pods = figure.subplots(1, 2)
    for name in ("BestFit", "FGD"):
        of = [row for row in rows if row[0] == name]
        nodes = sorted((n, seconds) for _, n, pods, seconds in of if pods == PODS)
        pods = sorted((n, seconds) for _, n_nodes, n, seconds in of if n_nodes == NODES)
        by_nodes.loglog(*zip(*nodes, strict=True), "o-", label=name)
        by_pods.loglog(*zip(*pods, strict=True), "o-", label=name)
    by_nodes.set(xlabel=f"nodes ({PODS:,} pods)", ylabel="CPU-seconds")
    by_pods.set(xlabel=f"pods ({NODES:,} nodes)")
    by_nodes.legend()
    figure.savefig(path)


if __name__ == "__main__":
    main()
