"""Events a core through rules, windows and detectors at 10,000 pods: ``python benchmarks/streaming.py``.

The pods belong to Jobs of four. Replays an hour: Kubernetes events of all kinds (one in ten fits a rule) and log lines,
as objects, so without parsing; every minute of it a snapshot is taken and the whole advisor asked, as the operator
does. Counts CPU seconds of the one process, and the resident memory at each tenth of the hour.
"""

import argparse
import random
import resource
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from podlore.advisor import advise
from podlore.clock import Clock
from podlore.cluster_state import ClusterState
from podlore.patterns.statistics.sliding import SlidingRates
from podlore.rules.watch import RuleWatch
from podlore.vocabulary import (
    Container,
    Controller,
    Event,
    GpuWindow,
    LogLine,
    Node,
    ObjectRef,
    Pod,
    Resources,
)

HOUR, MINUTE = 3600.0, 60.0
GPUS_PER_NODE = 8
MESSAGES = (
    ("Scheduled", "Normal", "Successfully assigned {pod} to {node}"),
    ("Pulled", "Normal", 'Container image "registry/train:{n}" already present on machine'),
    ("Created", "Normal", "Created container main"),
    ("Started", "Normal", "Started container main"),
    ("Killing", "Normal", "Stopping container main"),
    ("SuccessfulCreate", "Normal", "Created pod: {pod}"),
    ("Completed", "Normal", "Job completed"),
    ("BackOff", "Warning", "Back-off restarting failed container main in pod {pod}"),
    ("Unhealthy", "Warning", "Readiness probe failed: HTTP probe failed with statuscode: 503"),
    ("FailedScheduling", "Warning", "0/1000 nodes are available: 1000 Insufficient nvidia.com/gpu."),
)
LINES = ("step {n} loss=0.{n} tokens/s=4{n}", "saved checkpoint to /data/ckpt-{n}", "epoch {n} done in {n}.3 s")


def cluster(n_pods: int, clock: Clock) -> tuple[ClusterState, RuleWatch, list[Pod]]:
    watch = RuleWatch()
    state = ClusterState(clock, watch)
    now = clock.now()
    n_nodes = n_pods // GPUS_PER_NODE
    whole = Resources(64_000, 512 * 2**30, GPUS_PER_NODE * 1000)
    for n in range(n_nodes):
        labels = {"nvidia.com/gpu.product": "NVIDIA-H100", "topology.podlore.io/rack": f"r{n // 16}"}
        state.apply(Node(f"n{n}", f"node-{n}", now - 1e6, labels, allocatable=whole, gpu_resource="nvidia.com/gpu"))
    pods = []
    for n in range(n_pods):
        owner = ObjectRef("batch", "Job", f"team-{n % 40}", f"job-{n // 4}", uid=f"job-{n // 4}")
        if n % 4 == 0:
            state.apply(Controller(owner, now - 5 * HOUR, pods_wanted=4))
        container = Container("main", running_since=now - 5 * HOUR, ready=True)
        ask = Resources(7_000, 60 * 2**30, 1000)
        one = Pod(owner.namespace, f"job-{n // 4}-{n % 4}", f"pod-{n}", now - 5 * HOUR, "Running", f"n{n % n_nodes}")
        one = replace(one, controller=owner, requests=ask, gpu_resource="nvidia.com/gpu", containers=(container,))
        pods.append(replace(one, scheduled_at=now - 5 * HOUR, started_at=now - 5 * HOUR))
        state.apply(pods[-1])
    state.set_gpu_windows((_window(pod, n) for n, pod in enumerate(pods)), has_metrics=True)
    return state, watch, pods


def _window(pod: Pod, n: int) -> GpuWindow:
    return GpuWindow(pod.node, f"GPU-{n}", pod.namespace, pod.name, 2 * HOUR, 240, 1.0, 0.9, 0.8, product="NVIDIA-H100")


def minute(pods: list[Pod], at: float, n_events: int, rng: random.Random) -> Iterator[Event | LogLine]:
    """Yield what is said within a minute: seven in ten are Kubernetes events, the rest log lines."""
    for n in range(n_events):
        pod = pods[rng.randrange(len(pods))]
        when = at + MINUTE * n / n_events
        if n % 10 < 7:
            reason, kind, text = MESSAGES[rng.randrange(len(MESSAGES))]
            said = text.format(pod=pod.name, node=pod.node, n=n % 89)
            about = ObjectRef("", "Pod", pod.namespace, pod.name)
            yield Event(f"{at:.0f}-{n}", about, reason, said, kind, "kubelet", 1, when, when)
        else:
            yield LogLine(pod.namespace, pod.name, when, LINES[n % len(LINES)].format(n=n % 997))


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pods", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=3_600_000, help="within the hour of replayed time")
    parser.add_argument("--minutes", type=int, default=60)
    options = parser.parse_args()
    now = [1.8e9]
    state, watch, pods = cluster(options.pods, Clock(read=lambda: now[0]))
    rates, rng = SlidingRates(window_seconds=10 * MINUTE), random.Random(1)
    advise(state.snapshot())  # what is computed once
    spent = {"rules and state": 0.0, "windows": 0.0, "snapshot and detectors": 0.0}
    n_events = 0
    for number in range(options.minutes):
        said = list(minute(pods, now[0], options.events // 60, rng))
        now[0] += MINUTE
        began = time.process_time()
        for one in said:
            if isinstance(one, Event):
                state.apply(one)
            else:
                watch.see_log(one)
        told = time.process_time()
        for one in said:
            if isinstance(one, Event):
                rates.update((one.about.namespace, one.reason), one.last_seen_at)
            else:
                rates.update((one.namespace, one.pod), one.at)
        counted = time.process_time()
        advised = advise(state.snapshot())
        ended = time.process_time()
        n_events += len(said)
        for part, seconds in zip(spent, (told - began, counted - told, ended - counted), strict=True):
            spent[part] += seconds
        if number % max(options.minutes // 10, 1) == 0:
            print(
                f"minute {number}: {resident_mib():.0f} MiB, {len(advised.recommendations)} pieces of advice",
                flush=True,
            )
    total = sum(spent.values())
    for part, seconds in spent.items():
        print(f"{part}: {seconds:.1f} CPU-s, {1e6 * seconds / n_events:.1f} us an event")
    print(f"{n_events:,} events, {n_events / total:,.0f} a CPU-second, {watch.n_heard:,} held a rule's word")


if __name__ == "__main__":
    main()
