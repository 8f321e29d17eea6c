"""How often the predicted start of `podlore why` holds: openb and Philly replayed in a cluster that is nearly full.

    python benchmarks/advice_why.py [--data FOLDER] [--jobs 4000] [--share 0.8] [--seeds 3]

Jobs are taken in order of submission and placed first come, first served, whoever fits goes ahead, on nodes of 8 GPUs,
so many that without any waiting they would be enough at ``share`` of the submissions. Every hour some of those who have
waited for ten minutes are asked when they will start, with what podlore would remember then: the starts of the last
day and the present queue. Counted is how often the 80 % interval held the start; those who never started in the
replay count as outside.
"""

import argparse
import heapq
import os
import random
from dataclasses import dataclass
from pathlib import Path

from podlore.patterns.waiting import waiting_of
from podlore.snapshot import History, Snapshot
from podlore.traces import read_trace
from podlore.traces.job import Job
from podlore.view import ClusterView
from podlore.vocabulary import Node, ObjectRef, Pod, Resources, Start
from podlore.why.start_time import LEVEL, start_time

HOUR, DAY = 3600.0, 86_400.0
ASKED_AFTER_SECONDS = 600.0
ASKED_EACH_HOUR = 4
NODE_GPUS = 8


@dataclass
class Replayed:
    """A job with what the replay made of it."""

    job: Job
    submit: float
    seconds: float
    gpu_milli: int
    pods: int
    started: float = -1.0


def replay(jobs: list[Replayed], nodes: int, rng: random.Random) -> list[tuple[float, float, float, float]]:
    """Place all jobs; return for each question the low end, the middle, the high end, and what came."""
    free = [NODE_GPUS * 1000] * nodes
    arrivals, ends = iter(jobs), []
    queue: list[Replayed] = []
    started: list[Replayed] = []
    asked: list[tuple[Replayed, float, float, float, float]] = []
    coming, now, due = next(arrivals), 0.0, HOUR
    while coming or ends or queue:
        moments = [due] if queue else []
        moments += [coming.submit] if coming else []
        moments += [ends[0][0]] if ends else []
        if not moments or (not coming and not ends):
            break
        now = min(moments)
        while ends and ends[0][0] <= now:
            for n, milli in heapq.heappop(ends)[2]:
                free[n] += milli
        while coming and coming.submit <= now:
            queue.append(coming)
            coming = next(arrivals, None)
        for one in list(queue):
            places = place(one, free)
            if places is not None:
                one.started = now
                started.append(one)
                queue.remove(one)
                heapq.heappush(ends, (now + one.seconds, id(one), places))
        if now >= due:
            due = now + HOUR
            old = [one for one in queue if now - one.submit >= ASKED_AFTER_SECONDS]
            if old and now > DAY / 2:
                view = look(started, queue, now)
                for one in rng.sample(old, min(ASKED_EACH_HOUR, len(old))):
                    waiting = waiting_of(view, view.workload_by_pod["t", f"{one.job.name}-0"])
                    assert waiting is not None
                    found = start_time(view, waiting)
                    asked.append((one, now, found.low_seconds, found.expected_seconds, found.high_seconds))
    return [(low, middle, high, one.started - at) for one, at, low, middle, high in asked if one.started >= 0]


def place(one: Replayed, free: list[int]) -> list[tuple[int, int]] | None:
    """Take the fullest nodes that have room for every pod of a job; nothing is taken if one finds none."""
    taken: list[tuple[int, int]] = []
    for _ in range(one.pods):
        fitting = [n for n, milli in enumerate(free) if milli >= one.gpu_milli]
        if not fitting:
            for n, milli in taken:
                free[n] += milli
            return None
        best = min(fitting, key=free.__getitem__)
        free[best] -= one.gpu_milli
        taken.append((best, one.gpu_milli))
    return taken


def look(started: list[Replayed], queue: list[Replayed], now: float) -> ClusterView:
    """Return what podlore would see: the queue, and the starts of the last day."""
    starts = tuple(
        Start(
            f"{one.job.name}-0", "t", ref(one), one.submit, one.started, Resources(gpu_milli=one.gpu_milli * one.pods)
        )
        for one in started
        if one.started >= now - DAY
    )
    pods = tuple(
        Pod("t", f"{one.job.name}-0", one.job.name, one.submit, requests=Resources(gpu_milli=one.gpu_milli * one.pods))
        for one in queue
    )
    nodes = (Node("n", "n", 0.0, allocatable=Resources(gpu_milli=0)),)
    return ClusterView(Snapshot(now, 0.0, pods=pods, nodes=nodes, history=History(starts=starts)))


def ref(one: Replayed) -> ObjectRef:
    return ObjectRef("", "Pod", "t", f"{one.job.name}-0")


def prepared(path: Path, limit: int, offset: int) -> list[Replayed]:
    """Return GPU jobs in order of submission, the first at second 0."""
    jobs = [
        job for job in read_trace(path).jobs if job.gpus and job.duration_seconds and job.submit_seconds is not None
    ]
    jobs = sorted(jobs, key=lambda job: (job.submit_seconds or 0.0, job.name))[offset : offset + limit]
    begins = jobs[0].submit_seconds or 0.0 if jobs else 0.0
    return [
        Replayed(
            job,
            (job.submit_seconds or 0.0) - begins,
            min(job.duration_seconds or 0.0, 7 * DAY),
            min(job.gpus * job.gpu_milli, NODE_GPUS * 1000),
            min(job.pods, 8),
        )
        for job in jobs
    ]


def nodes_for(jobs: list[Replayed], share: float) -> int:
    """Return so many nodes that jobs that never wait would need no more for ``share`` of their submissions."""
    ends: list[tuple[float, float]] = []
    used, seen = 0.0, []
    for one in jobs:
        while ends and ends[0][0] <= one.submit:
            used -= heapq.heappop(ends)[1]
        gpus = one.gpu_milli / 1000 * one.pods
        used += gpus
        heapq.heappush(ends, (one.submit + one.seconds, gpus))
        seen.append(used)
    return max(round(sorted(seen)[int(share * (len(seen) - 1))] / NODE_GPUS), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("PODLORE_DATA") or Path(__file__).parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--jobs", type=int, default=4000)
    parser.add_argument("--share", type=float, default=0.8)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    for name in ("openb/openb_pod_list_default.csv", "philly/philly.csv"):
        held, asked, widths = 0, 0, []
        for seed in range(options.seeds):
            jobs = prepared(options.data / name, options.jobs, seed * options.jobs)
            if len(jobs) < options.jobs / 4:
                continue
            answers = replay(jobs, nodes_for(jobs, options.share), random.Random(seed))
            held += sum(low <= came <= high for low, _, high, came in answers)
            below = sum(came < low for low, _, _, came in answers)
            above = sum(came > high for _, _, high, came in answers)
            asked += len(answers)
            widths += [high / max(low, 1.0) for low, _, high, _ in answers]
            print(f"  seed {seed}: {len(answers)} asked, {below} sooner, {above} later", flush=True)
        widths.sort()
        share = held / max(asked, 1)
        print(
            f"{name}: the {LEVEL:.0%} interval held {share:.1%} of {asked} starts; ratio of its ends "
            f"{widths[len(widths) // 2] if widths else 0:.1f} (median)",
            flush=True,
        )


if __name__ == "__main__":
    main()
