"""Advice on traces in which nothing was planted: ``python benchmarks/patterns_false_alarms.py DATA [--judge FILE]``.

Three public traces are replayed through the advisor at a beat of 15 minutes, a stretch of each: Alibaba's openb (its
pods with their times, phases and requests, on its GPU nodes), Microsoft's Philly (jobs by arrival and duration, queued
first come first served on 8-GPU nodes), and Alibaba's GenTD26 (GPU duty cycles of serving pods, a sample a minute).
None records where a pod ran, so pods are put by lot where they fit. An advice counts once for each pattern and target.
What is wrong among it nobody recorded: the rate is an upper bound of false alarms, and ``--judge`` writes a sample
with its evidence for people to look at.
"""

import argparse
import csv
import heapq
import io
import json
import random
import tarfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from podlore.advisor import advise
from podlore.clock import Clock
from podlore.cluster_state import ClusterState
from podlore.vocabulary import (
    Container,
    Controller,
    GpuWindow,
    Node,
    ObjectRef,
    Pod,
    Recommendation,
    Resources,
    Series,
    Termination,
)

DAY, HOUR, BEAT = 86_400.0, 3600.0, 900.0
MIB = 2**20
STEP, STEPS_KEPT, ACTIVITY = 300.0, 144, "DCGM_FI_PROF_GR_ENGINE_ACTIVE"


@dataclass(slots=True)
class Life:
    """A pod's times; ``placed_at`` None: it is to be queued, ``seconds`` then says how long it runs."""

    name: str
    namespace: str
    created_at: float
    placed_at: float | None
    seconds: float
    ask: Resources
    failed: bool = False
    job: str = ""
    n_pods: int = 1


@dataclass(slots=True)
class Room:
    """Which pods are where, and what is free."""

    nodes: dict[str, Node]
    free: dict[str, Resources] = field(default_factory=dict)
    rng: random.Random = field(default_factory=lambda: random.Random(1))

    def take(self, ask: Resources) -> str | None:
        """Return one of the nodes on which it fits, by lot: to pack would put all that fails in one place."""
        fits = [
            name
            for name, left in self.free.items()
            if left.gpu_milli >= ask.gpu_milli
            and left.cpu_milli >= ask.cpu_milli
            and left.memory_bytes >= ask.memory_bytes
        ]
        if not fits:
            return None
        name = self.rng.choice(fits)
        self.change(name, ask, -1)
        return name

    def change(self, name: str, ask: Resources, sign: int) -> None:
        """Take from a node's room, or give back."""
        left = self.free[name]
        self.free[name] = Resources(
            left.cpu_milli + sign * ask.cpu_milli,
            left.memory_bytes + sign * ask.memory_bytes,
            left.gpu_milli + sign * ask.gpu_milli,
        )


Read = tuple[list[Node], list[Life], float, float]
"""Nodes, lives, and when the stretch that counts begins and ends."""


def openb(data: Path) -> Read:
    """Return the last seven weeks of openb."""
    nodes = [
        _node(
            row["sn"],
            Resources(int(row["cpu_milli"]), int(row["memory_mib"]) * MIB, int(row["gpu"]) * 1000),
            row["model"],
        )
        for row in csv.DictReader((data / "openb" / "openb_node_list_gpu_node.csv").open())
    ]
    lives = []
    for row in csv.DictReader((data / "openb" / "openb_pod_list_default.csv").open()):
        created, scheduled = float(row["creation_time"]), row["scheduled_time"]
        ask = Resources(
            int(row["cpu_milli"]), int(row["memory_mib"]) * MIB, int(row["num_gpu"]) * int(row["gpu_milli"] or 0)
        )
        placed = float(scheduled) if scheduled else None
        ended = float(row["deletion_time"])
        if placed is None:
            continue  # never placed in the trace, for reasons that it does not tell
        lives.append(Life(row["name"], "openb", created, placed, ended - placed, ask, row["pod_phase"] == "Failed"))
    return nodes, lives, 100 * DAY, 149 * DAY


def philly(data: Path) -> Read:
    """Return a week of Philly after a day to fill the cluster."""
    nodes = [_node(f"gpu-{n:03}", Resources(96_000, 2**39, 8000), "P100") for n in range(300)]
    lives = []
    start = datetime.fromisoformat("2017-10-01").timestamp()
    for number, row in enumerate(csv.DictReader((data / "philly" / "philly.csv").open())):
        at, gpus = datetime.fromisoformat(row["timestamp"]).timestamp() - start, int(row["num_gpus"])
        if not 26 * DAY <= at <= 34 * DAY:
            continue
        n_pods = max(gpus // 8, 1)
        ask = Resources(4000 * min(gpus, 8), 2**34, 1000 * min(gpus, 8))
        for rank in range(n_pods):
            name = f"job-{number}-{rank}"
            lives.append(
                Life(name, row["cluster"], at, None, float(row["duration"]), ask, False, f"job-{number}", n_pods)
            )
    return nodes, lives, 27 * DAY, 34 * DAY


def _node(name: str, whole: Resources, product: str) -> Node:
    labels = {"nvidia.com/gpu.product": product} if whole.gpu_milli else {}
    return Node(name, name, 0.0, labels, allocatable=whole, gpu_resource="nvidia.com/gpu" if whole.gpu_milli else "")


class Replay:
    """Brings lives into a ClusterState and asks the advisor at each beat."""

    def __init__(self, nodes: list[Node]) -> None:
        self.now = 0.0
        self.state = ClusterState(Clock(read=lambda: self.now))
        self.room = Room({node.name: node for node in nodes}, {node.name: node.allocatable for node in nodes})
        self.said: dict[tuple[str, str], tuple[float, Recommendation]] = {}
        self.pod_days = 0.0
        self.span = 0.0, 0.0
        for node in nodes:
            self.state.apply(node)

    def run(self, lives: list[Life], begin: float, end: float) -> None:
        """Replay lives up to the end, asking the advisor from the begin on."""
        self.span = begin, end
        ends: list[tuple[float, int, Pod, Life]] = []
        waiting: list[Life] = []
        lives = sorted((life for life in lives if life.created_at < end), key=lambda life: life.created_at)
        placed = sorted((life for life in lives if life.placed_at is not None), key=lambda life: life.placed_at or 0.0)
        events = heapq.merge(
            ((life.created_at, 0, number, life) for number, life in enumerate(lives) if life.placed_at is None),
            ((life.placed_at or 0.0, 1, number, life) for number, life in enumerate(placed)),
        )
        beat = begin
        for at, _, number, life in events:
            while beat <= at and beat < end:
                self._until(beat, ends, waiting)
                self._ask()
                beat += BEAT
            if at >= end or (life.placed_at is not None and at + life.seconds < begin):
                continue
            self._until(at, ends, waiting)
            self.now = at
            if life.placed_at is None:
                self._apply(life, None)
                waiting.append(life)
                self._serve(ends, waiting, number)
            elif (node := self.room.take(life.ask)) is not None:
                self._start(life, node, ends, number)
        while beat < end:
            self._until(beat, ends, waiting)
            self._ask()
            beat += BEAT

    def _until(self, at: float, ends: list[tuple[float, int, Pod, Life]], waiting: list[Life]) -> None:
        while ends and ends[0][0] <= at:
            ended_at, number, pod, life = heapq.heappop(ends)
            self.now = ended_at
            self.room.change(pod.node, life.ask, 1)
            done = Termination(int(life.failed), "Error" if life.failed else "Completed", pod.started_at, ended_at)
            phase = "Failed" if life.failed else "Succeeded"
            self.state.apply(replace(pod, phase=phase, containers=(Container("main", ended=done),)))
            self.state.delete("Pod", pod.uid)
            if life.job:
                self.state.delete("Job.batch", life.job)
            self._serve(ends, waiting, number)
        self.now = at

    def _serve(self, ends: list[tuple[float, int, Pod, Life]], waiting: list[Life], number: int) -> None:
        """Start those who wait, in their order, until the first does not fit."""
        while waiting:
            node = self.room.take(waiting[0].ask)
            if node is None:
                return
            self._start(waiting.pop(0), node, ends, number)

    def _start(self, life: Life, node: str, ends: list[tuple[float, int, Pod, Life]], number: int) -> None:
        pod = self._apply(life, node)
        begin, end = self.span
        self.pod_days += max(min(self.now + life.seconds, end) - max(self.now, begin), 0.0) / DAY
        heapq.heappush(ends, (self.now + life.seconds, len(ends) * 100_000 + number, pod, life))

    def _apply(self, life: Life, node: str | None) -> Pod:
        owner = None
        if life.job:
            owner = ObjectRef("batch", "Job", life.namespace, life.job, uid=life.job)
            self.state.apply(Controller(owner, life.created_at, pods_wanted=life.n_pods))
        pod = Pod(
            life.namespace,
            life.name,
            life.name,
            life.created_at,
            "Running" if node else "Pending",
            node or "",
            controller=owner,
            requests=life.ask,
            gpu_resource="nvidia.com/gpu" if life.ask.gpu_milli else "",
            containers=(Container("main", running_since=self.now if node else None, ready=bool(node)),),
            scheduled_at=self.now if node else None,
            started_at=self.now if node else None,
            unschedulable_message="" if node else "0/300 nodes are available: 300 Insufficient nvidia.com/gpu.",
        )
        self.state.apply(pod)
        return pod

    def _ask(self) -> None:
        for one in advise(self.state.snapshot()).recommendations:
            self.said.setdefault((one.because.pattern, str(one.target)), (self.now, one))


def genai(data: Path) -> Replay:
    """Replay the day of serving pods by their duty cycles; each pod is a Deployment of its own with one GPU."""
    duty: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    with tarfile.open(data / "alibaba_v2026_genai" / "pod_gpu_duty_cycle_anon.tar.gz") as archive:
        member = archive.extractfile(next(m for m in archive.getmembers() if m.name.endswith("duty_cycle_anon.csv")))
        assert member is not None
        for row in csv.DictReader(io.TextIOWrapper(member)):
            duty[row["container_ip"]].append((float(row["timestamp_anon"]), float(row["value"]) / 100))
    first = min(samples[0][0] for samples in duty.values())
    replay = Replay([_node(f"gpu-{n:02}", Resources(96_000, 2**40, 8000), "A10") for n in range(20)])
    step = 57.0
    places, steps = {}, {pod: _steps(samples) for pod, samples in duty.items()}
    for number, (pod, samples) in enumerate(sorted(duty.items())):
        samples.sort()
        places[pod] = f"gpu-{number // 8:02}", f"GPU-{number}"
        replay.pod_days += (samples[-1][0] - samples[0][0] + step) / DAY
    last = max(samples[-1][0] for samples in duty.values())
    at = first + 2 * HOUR
    while at <= last:
        replay.now = at
        windows, series = [], []
        for pod, samples in duty.items():
            lately = [value for when, value in samples if at - 2 * HOUR < when <= at]
            if not lately or samples[-1][0] < at - 2 * step:
                replay.state.delete("Pod", pod)
                continue
            node, uuid = places[pod]
            begun = samples[0][0] if samples[0][0] > first + step else first - DAY
            owner = ObjectRef("apps", "ReplicaSet", "genai", f"serve-{pod[:6]}-7d9f8c", uid=f"rs-{pod}")
            made = Pod("genai", f"serve-{pod[:6]}-7d9f8c-x2x4f", pod, begun, "Running", node, controller=owner)
            running = (Container("main", running_since=begun, ready=True),)
            ask = Resources(8000, 2**35, 1000)
            made = replace(made, labels={"pod-template-hash": "7d9f8c"}, requests=ask, gpu_resource="nvidia.com/gpu")
            replay.state.apply(replace(made, containers=running, scheduled_at=begun, started_at=begun))
            coverage = min(len(lately) * step / (2 * HOUR), 1.0)
            used = max(lately), sum(lately) / len(lately)
            seen = 2 * HOUR, len(lately), coverage
            windows.append(GpuWindow(node, uuid, "genai", made.name, *seen, *used, product="NVIDIA-A10"))
            values = tuple(steps[pod].get(int(at // STEP) - back) for back in range(STEPS_KEPT, 0, -1))
            series.append(Series(ACTIVITY, node, at // STEP * STEP, STEP, values, uuid, "genai", made.name))
        replay.state.set_gpu_windows(windows, has_metrics=True)
        replay.state.set_series(series)
        replay._ask()
        at += BEAT
    return replay


def _steps(samples: list[tuple[float, float]]) -> dict[int, float]:
    """Return the mean of each step that has samples, by its number: as the operator keeps the last twelve hours."""
    by_step: defaultdict[int, list[float]] = defaultdict(list)
    for at, value in samples:
        by_step[int(at // STEP)].append(value)
    return {number: sum(values) / len(values) for number, values in by_step.items()}


def queued(data: Path, read: Callable[[Path], Read]) -> Replay:
    nodes, lives, begin, end = read(data)
    replay = Replay(nodes)
    replay.run(lives, begin, end)
    return replay


TRACES: dict[str, Callable[[Path], Replay]] = {
    "openb": lambda data: queued(data, openb),
    "philly": lambda data: queued(data, philly),
    "genai": genai,
}


def replays(data: Path, only: str | None) -> Iterator[tuple[str, Replay]]:
    for name, read in TRACES.items():
        if only in (None, name):
            yield name, read(data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--judge", type=Path, help="write a sample of the advice with its evidence")
    parser.add_argument("--sample", type=int, default=50)
    parser.add_argument("--only", help="one of openb, philly, genai")
    options = parser.parse_args()
    everything = []
    for name, replay in replays(options.data, options.only):
        counts = Counter(pattern for pattern, _ in replay.said)
        rate = 1000 * len(replay.said) / replay.pod_days
        print(f"{name}: {replay.pod_days:,.0f} pod-days, {len(replay.said)} said, {rate:.1f} per 1,000 pod-days")
        for pattern, count in counts.most_common():
            print(f"  {pattern}: {count}, {1000 * count / replay.pod_days:.1f} per 1,000 pod-days", flush=True)
        everything += [(name, at, one) for at, one in replay.said.values()]
    if options.judge:
        chosen = random.Random(1).sample(everything, min(options.sample, len(everything)))
        lines = (
            {
                "trace": name,
                "at": at,
                "target": str(one.target),
                "pattern": one.because.pattern,
                "cause": one.because.cause,
                "summary": one.because.summary,
                "evidence": [f"{fact.observed} [{fact.threshold}]" for fact in one.because.evidence],
            }
            for name, at, one in chosen
        )
        options.judge.write_text("".join(json.dumps(line) + "\n" for line in lines))


if __name__ == "__main__":
    main()
