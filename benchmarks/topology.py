"""How long the graph of 10,000 nodes, 80,000 GPUs and 100,000 pods takes to build and to follow, and what it weighs.

python benchmarks/topology.py
"""

import json
import random
import resource
import time
from dataclasses import replace

from podlore.topology import ClusterGraph
from podlore.vocabulary import Node, Pod, Resources

NODES, GPUS, PODS = 10_000, 8, 100_000
LEVELS = ("topology.kubernetes.io/zone", "spine", "topology.podlore.io/rack", "nvidia.com/gpu.clique")
UPDATES = 2_000


def nodes() -> list[Node]:
    room = Resources(gpu_milli=1000 * GPUS)
    places = ((n % 4, n // 500 % 5, n // 20, n // 9) for n in range(NODES))
    return [
        Node(f"n{n}", f"u{n}", 0.0, dict(zip(LEVELS, map(str, place), strict=True)), allocatable=room)
        for n, place in enumerate(places)
    ]


def pods() -> list[Pod]:
    one = Resources(gpu_milli=800)
    return [Pod("team", f"p{n}", f"v{n}", 0.0, "Running", f"n{n % NODES}", requests=one) for n in range(PODS)]


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    found, held = nodes(), pods()
    before = megabytes()
    started, used = time.perf_counter(), time.process_time()
    graph = ClusterGraph(found, held, levels=LEVELS)
    build_seconds, build_cpu_seconds = time.perf_counter() - started, time.process_time() - used
    rng = random.Random(0)
    lasted = []
    for _ in range(UPDATES):
        moved = replace(rng.choice(held), node=f"n{rng.randrange(NODES)}")
        started = time.perf_counter()
        graph.place(moved)
        lasted.append(time.perf_counter() - started)
    lasted.sort()
    print(
        json.dumps(
            {
                "vertices": graph.graph.number_of_nodes(),
                "edges": graph.graph.number_of_edges(),
                "build_seconds": round(build_seconds, 2),
                "build_cpu_seconds": round(build_cpu_seconds, 2),
                "update_milliseconds_median": round(1000 * lasted[UPDATES // 2], 4),
                "update_milliseconds_p99": round(1000 * lasted[UPDATES * 99 // 100], 4),
                "megabytes_objects": round(before),
                "megabytes_peak": round(megabytes()),
            }
        )
    )


if __name__ == "__main__":
    main()
