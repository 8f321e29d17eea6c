"""How fast placement studies run: pods a second for each policy, and how cost grows with nodes and pods.

    .venv/bin/python benchmarks/placement.py --openb FOLDER [--large]

The trace is openb's default list at its 1,213 GPU nodes (a folder of the public trace), repeated for the larger sizes.
``--large`` adds 100,000 nodes and 1,000,000 pods. Each figure is the second run in one process: compilation does not
count.
"""

import argparse
import resource
from dataclasses import replace
from pathlib import Path

import numpy as np

from podlore.simulate.placement.policies import load_policy
from podlore.simulate.placement.study import run_study
from podlore.traces.read_trace import read_nodes, read_trace

POLICIES = ("FirstFit", "Random", "DotProd", "GpuClustering", "GpuPacking", "BestFit", "FGD")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--openb", type=Path, required=True)
    parser.add_argument("--large", action="store_true")
    options = parser.parse_args()
    nodes = read_nodes(options.openb / "openb_node_list_gpu_node.csv")
    pods = read_trace(options.openb / "openb_pod_list_default.csv").jobs
    rng = np.random.default_rng(42)
    names = np.array([pod.name for pod in pods])

    print("policy          nodes      pods    seconds     pods/s   ×FirstFit")
    first = None
    for name in POLICIES:
        order = rng.choice(names, 10_866).tolist()
        policy = load_policy(name)
        run_study(nodes, pods, order[:10], policy)
        seconds = run_study(nodes, pods, order, policy).wall_seconds
        first = first or seconds
        print(
            f"{name:12} {len(nodes):8,} {len(order):9,} {seconds:10.3f} {len(order) / seconds:10,.0f} "
            f"{seconds / first:11.1f}"
        )

    sizes = [(1, 1), (2, 2), (4, 4), (8, 8), (82, 92)] if options.large else [(1, 1), (2, 2), (4, 4), (8, 8)]
    for times_nodes, times_pods in sizes:
        many = [replace(node, name=f"{node.name}-{copy}") for copy in range(times_nodes) for node in nodes]
        order = rng.choice(names, 10_866 * times_pods).tolist()
        for name in ("BestFit", "FGD"):
            seconds = run_study(many, pods, order, load_policy(name)).wall_seconds
            print(f"{name:12} {len(many):8,} {len(order):9,} {seconds:10.3f} {len(order) / seconds:10,.0f}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


if __name__ == "__main__":
    main()
