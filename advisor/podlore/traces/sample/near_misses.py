"""What is planted in the sample to stay silent: jobs that look like a pattern and by its definition are none."""

from collections.abc import Iterator
from dataclasses import replace

from podlore.traces.curve import Curve, parse_curve
from podlore.traces.job import Behaviour, Job, Kind, NearMiss, Outcome, Planted
from podlore.traces.sample.cluster import B200, H200, L40S, SMALL, V100, node_names
from podlore.traces.sample.shapes import special, steady
from podlore.vocabulary import Pattern

Miss = tuple[Job, tuple[NearMiss, ...]]

PARTLY_IDLE = Planted(
    "vision/Job/one-idle-of-four", Pattern.OVER_REQUEST, 8600, "IdleGpus", "one of its four GPUs idles"
)
"""No hoarding, since the other GPUs work; what idles is asked for too much."""


def near_misses(end_seconds: float) -> Iterator[Miss]:
    """Yield every job that must stay silent, with the patterns it must not be taken for."""
    yield from _not_hoarding(end_seconds)
    yield from _not_looping()
    yield from _not_barred()
    yield from _not_scattered()


def _not_hoarding(end_seconds: float) -> Iterator[Miss]:
    for job, behaviour, why in (
        (
            special("two-phase-train", "vision", 500, gpus=2, products=(V100,)),
            _follows("0:0.8 3600:0.8 3630:0 7200:0 7230:0.8"),
            "idle for one hour between two phases",
        ),
        (
            special("voice-inference", "speech", 300, kind=Kind.DEPLOYMENT, pods=3, gpus=1, products=SMALL),
            Behaviour(Outcome.RUN, curve=_bursts(end_seconds)),
            "requests come in bursts, every 25 min",
        ),
        (
            special("kv-cache-replay", "nlp", 700, gpus=1, products=SMALL),
            replace(_follows("0:0.08"), gpu_memory_share=0.95),
            "holds 95 % of the device memory and works a little, all the time",
        ),
        (
            special("waits-for-data", "recsys", 400, gpus=1, products=SMALL),
            _follows("0:0 5400:0 5430:0.8"),
            "waits one and a half hours for its input, then works",
        ),
        (
            special("one-idle-of-four", "vision", 800, gpus=4, products=(L40S,)),
            replace(_follows("0:0.7"), idle_gpus=1),
            "one of its four GPUs is idle, the others work",
        ),
        (
            special("idle-then-done", "research", 2000, gpus=1, products=SMALL, duration_seconds=6900),
            replace(_follows("0:0.8 900:0.8 930:0"), outcome=Outcome.COMPLETE),
            "idle for 100 minutes, then it ends",
        ),
    ):
        yield _miss(job, behaviour, why, Pattern.RESOURCE_HOARDING)


def _follows(curve: str) -> Behaviour:
    return Behaviour(Outcome.RUN, curve=parse_curve(curve))


def _bursts(end_seconds: float) -> Curve:
    """Return five minutes of work at the end of every twenty-five."""
    points = {
        start + at: share
        for start in range(0, int(end_seconds), 1500)
        for at, share in ((0, 0.0), (1200, 0.0), (1210, 0.6), (1490, 0.6))
    }
    return Curve(tuple(float(at) for at in points), tuple(points.values()))


def _not_looping() -> Iterator[Miss]:
    for job, behaviour, why in (
        (special("flaky-download", "nlp", 2600, gpus=1, products=SMALL), _fails(1), "fails once, the retry succeeds"),
        (
            special("two-retries", "vision", 4400, gpus=1, products=SMALL),
            _fails(2),
            "fails twice, the next run succeeds",
        ),
        (
            special("slow-image", "robotics", 6400, kind=Kind.DEPLOYMENT, duration_seconds=600),
            Behaviour(Outcome.IMAGE_PULL),
            "its image cannot be pulled for ten minutes, then it is deleted",
        ),
        (
            special("fails-once", "recsys", 5200, gpus=1, products=SMALL, duration_seconds=900),
            Behaviour(Outcome.FAIL, exit_code=1),
            "fails once and is not tried again",
        ),
    ):
        yield _miss(job, behaviour, why, Pattern.CRASH_LOOP)
    killed = special("one-oom", "vision", 3200, gpus=1, products=SMALL)
    behaviour = Behaviour(Outcome.OOM, 300.0, 300.0, restarts=1, exit_code=137)
    yield _miss(killed, behaviour, "killed once for memory, the retry succeeds", Pattern.OUT_OF_MEMORY_LOOP)


def _fails(times: int) -> Behaviour:
    return Behaviour(Outcome.CRASH_LOOP, 300.0, 300.0, restarts=times, exit_code=1)


def _not_barred() -> Iterator[Miss]:
    holders = special("b200-pretrain", "llm", 0, gpus=8, products=(B200,), nodes=node_names("b200", "c7"), is_gang=True)
    yield _miss(holders, steady(0.9), "fills its pool, in one rack", Pattern.GANG_SCATTERED)
    waits = special("b200-waiter", "llm", 10_900, gpus=8, products=(B200,))
    why = "its whole pool is full and busy: everybody would wait"
    yield _miss(waits, steady(0.9), why, Pattern.ACCESSIBILITY_BARRIER, Pattern.FRAGMENTATION)


def _not_scattered() -> Iterator[Miss]:
    nodes = node_names("h200", "c4")[2:]
    compact = special("translate-pretrain", "nlp", 1000, gpus=8, products=(H200,), nodes=nodes, is_gang=True)
    yield _miss(compact, steady(0.9), "both pods are in one rack", Pattern.GANG_SCATTERED)
    trials = special("sweep-learning-rate", "vision", 1400, pods=6, gpus=1, products=SMALL)
    yield _miss(trials, steady(0.9), "independent trials, wherever they run", Pattern.GANG_SCATTERED)


def _miss(job: Job, behaviour: Behaviour, why: str, *patterns: Pattern) -> Miss:
    return replace(job, behaviour=behaviour), tuple(NearMiss(job.target, pattern, why) for pattern in patterns)
