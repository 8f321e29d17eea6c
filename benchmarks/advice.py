"""How long the advisor takes over 10,000 workloads: a full pass, and one after a single container has restarted.

    python benchmarks/advice.py [--workloads 10000] [--rounds 5]

The cluster has one GPU a workload on nodes of 8. Of each hundred workloads 3 wait, 1 crashes, 2 idle, the rest works.
Counted are CPU seconds of this process; how many of them the engine takes after the detectors is told apart.
"""

import argparse
import gc
import random
import statistics
import time
from dataclasses import replace

from podlore.advice import advice
from podlore.advisor import detect
from podlore.again import Advisor
from podlore.snapshot import Snapshot
from podlore.testing import HOUR, NOW, gpu_window, job, node, pod
from podlore.view import ClusterView
from podlore.vocabulary import Container, Failure, Termination

GPUS_PER_NODE = 8


def cluster(workloads: int, seed: int = 0) -> Snapshot:
    """Return a cluster of so many workloads of one pod and one GPU each."""
    rng = random.Random(seed)
    nodes = tuple(
        node(f"gpu-{n:04d}", rack=f"r{n // 16}", zone=f"z{n // 160}", labels={"nvidia.com/gpu.product": "NVIDIA-H100"})
        for n in range(workloads // GPUS_PER_NODE)
    )
    controllers, pods, windows, failures = [], [], [], []
    for n in range(workloads):
        owner = job(f"job-{n:05d}", namespace=f"team-{n % 40}")
        place = nodes[n // GPUS_PER_NODE % len(nodes)].name if n % 100 >= 3 else ""
        made = pod(f"job-{n:05d}-0", namespace=f"team-{n % 40}", node=place, controller=owner.ref, age=6 * HOUR)
        if place and n % 100 < 4:
            crash = Container("main", 5, waiting_reason="CrashLoopBackOff", ended_before=Termination(1, "Error"))
            made = replace(made, containers=(crash,))
            failures += [
                Failure(made.namespace, made.name, "main", owner.ref, place, NOW - 300.0 * k, 1) for k in range(1, 5)
            ]
        elif place:
            windows.append(gpu_window(made, activity=0.0 if n % 100 < 6 else rng.uniform(0.5, 0.95)))
        controllers.append(owner)
        pods.append(made)
    history = replace(Snapshot(NOW, 0.0).history, failures=tuple(failures))
    return Snapshot(
        NOW,
        NOW - 7 * 24 * HOUR,
        pods=tuple(pods),
        nodes=nodes,
        controllers=tuple(controllers),
        gpu_windows=tuple(windows),
        has_metrics=True,
        history=history,
    )


def restarted(seen: Snapshot, n: int) -> Snapshot:
    """Return the cluster a second later, with one container restarted."""
    one = seen.pods[n]
    container = replace(one.containers[0], restart_count=one.containers[0].restart_count + 1)
    pods = (*seen.pods[:n], replace(one, containers=(container,)), *seen.pods[n + 1 :])
    return replace(seen, now=seen.now + 1.0, pods=pods)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    seen = cluster(options.workloads)
    full, engine = [], []
    for _ in range(options.rounds):
        gc.collect()
        begun = time.process_time()
        view = ClusterView(seen)
        findings = detect(view)
        detected = time.process_time()
        given = advice(findings, view)
        full.append(time.process_time() - begun)
        engine.append(time.process_time() - detected)
    again, later, advisor = [], seen, Advisor()
    advisor.advise(seen)
    for step in range(10 * options.rounds):
        later = restarted(later, step * 97 % options.workloads)
        gc.collect()
        begun = time.process_time()
        advisor.again(later)
        again.append(1000 * (time.process_time() - begun))
    print(f"{options.workloads} workloads: {len(given.recommendations)} given, {len(given.withheld)} withheld")
    print(f"full pass: median {statistics.median(full):.2f} s of CPU, best {min(full):.2f}")
    print(f"of these the engine: median {statistics.median(engine):.2f} s, best {min(engine):.2f}")
    print(f"after one change: median {statistics.median(again):.1f} ms, best {min(again):.1f}")


if __name__ == "__main__":
    main()
