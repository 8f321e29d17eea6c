"""What is planted in the sample: each job with the pattern that must be found on it, and from when on.

``found_from_seconds`` follows from the pattern's definition with the default thresholds, plus `SLACK_SECONDS` for the
way from submission to a running pod.
"""

from collections.abc import Iterator
from dataclasses import replace

from podlore.policy import Thresholds
from podlore.traces.curve import Curve
from podlore.traces.job import Behaviour, Job, Kind, Outcome, Planted
from podlore.traces.sample.cluster import A10, A100, H100, H200, L4, L40S, P100, SMALL, T4, V100, node_names
from podlore.traces.sample.shapes import special, steady
from podlore.vocabulary import Pattern

SLACK_SECONDS = 300.0
"""Trace time between the submission of a job and its running pod: at speed 240, a little over a second on the wall."""

SCATTERED_SECONDS = 1800.0
"""How long a scattered gang must have run before its lower activity can be told from noise."""

DEFAULTS = Thresholds()

Plant = tuple[Job, Planted]


def plants() -> Iterator[Plant]:
    """Yield every planted job with what must be found on it."""
    yield from _hoarders()
    yield from _crash_loops()
    yield from _images()
    yield from _out_of_memory_loops()
    yield from _barriers()
    yield from _fragmented()
    yield from _scattered()


def neighbours() -> Iterator[Job]:
    """Yield the busy services that make the planted jobs wait: they hold their places from second 0 to the end."""
    a10, l4 = node_names("a10", "c1"), node_names("l4", "c1")
    h100, p100 = node_names("h100", "b8"), node_names("p100", "c2")
    yield _service("edge-serving", "vision", 1, A10, a10 * 4)
    yield _service("edge-ranking", "recsys", 1, L4, l4 * 4)
    yield _service("h100-serving", "llm", 4, H100, h100)
    yield _service("h100-embedding", "llm", 2, H100, h100)
    yield _service("protein-search", "bio", 3, P100, p100)


def _service(name: str, tenant: str, gpus: int, product: str, nodes: tuple[str, ...]) -> Job:
    job = special(name, tenant, 0, kind=Kind.DEPLOYMENT, gpus=gpus, products=(product,), nodes=nodes)
    return replace(job, behaviour=steady(0.86))


def _hoarders() -> Iterator[Plant]:
    yield _hoards(special("resnet-ablation", "vision", 300, gpus=4, products=(L40S,)), 1500, "4 GPUs idle after 25 min")
    yield _hoards(
        special("bert-notebook", "nlp", 900, gpus=1, products=SMALL),
        600,
        "idle after 10 min; it still holds 92 % of the device memory",
        gpu_memory_share=0.92,
    )
    yield _hoards(
        special("asr-finetune", "speech", 600, pods=4, gpus=2, products=(V100,)), 3000, "all 4 pods idle after 50 min"
    )
    yield _hoards(
        special("embedding-train", "recsys", 1200, gpus=8, products=(A100,)), 4200, "8 GPUs idle after 70 min"
    )
    yield _hoards(
        special("jupyter-gpu", "research", 240, kind=Kind.DEPLOYMENT, pods=2, gpus=1, products=(T4,)),
        0,
        "notebooks that never ran a kernel",
    )


def _hoards(job: Job, active_seconds: float, why: str, gpu_memory_share: float | None = None) -> Plant:
    end = (active_seconds, active_seconds + 30) if active_seconds else ()
    curve = Curve((0.0, *end), (0.85, 0.85, 0.0) if end else (0.0,))
    idle_seconds = active_seconds + DEFAULTS.resource_hoarding.idle_seconds_min
    behaviour = Behaviour(Outcome.RUN, curve=curve, gpu_memory_share=gpu_memory_share)
    return _plant(job, behaviour, Pattern.RESOURCE_HOARDING, idle_seconds, "Idle", why)


def _crash_loops() -> Iterator[Plant]:
    yield _crashes(special("augment-pipeline", "vision", 2400, gpus=1, products=SMALL), 120, "fails every 7 min")
    yield _crashes(
        special("tokenizer-train", "nlp", 5000, pods=2, gpus=1, products=SMALL), 150, "both pods fail every 7.5 min"
    )
    yield _crashes(
        special("asr-api", "speech", 7000, kind=Kind.DEPLOYMENT, pods=2, gpus=1, products=SMALL),
        180,
        "a service that fails every 8 min",
    )


BACK_OFF_SECONDS = 300.0
"""Where a kubelet's back-off ends up."""


def _crashes(job: Job, run_seconds: float, why: str) -> Plant:
    behaviour = Behaviour(Outcome.CRASH_LOOP, run_seconds, BACK_OFF_SECONDS, exit_code=1)
    after = _seconds_until(DEFAULTS.crash_loop.failures_min, run_seconds)
    return _plant(job, behaviour, Pattern.CRASH_LOOP, after, "Error", why)


def _seconds_until(failures: int, run_seconds: float) -> float:
    return failures * run_seconds + (failures - 1) * BACK_OFF_SECONDS


def _images() -> Iterator[Plant]:
    after = DEFAULTS.crash_loop.image_pull_seconds_min
    for job, why in (
        (special("sim-rollout", "robotics", 9000, pods=3), "an image that does not exist, on 3 pods without GPUs"),
        (special("ranker-nightly", "recsys", 11400, gpus=1, products=SMALL), "an image that does not exist"),
    ):
        yield _plant(job, Behaviour(Outcome.IMAGE_PULL), Pattern.CRASH_LOOP, after, "Image", why)


def _out_of_memory_loops() -> Iterator[Plant]:
    yield _runs_out(special("long-context-sft", "nlp", 1800, gpus=1, products=SMALL), 900, "killed every 20 min")
    yield _runs_out(special("feature-join", "recsys", 4000, pods=2), 600, "both pods killed every 15 min, no GPUs")
    yield _runs_out(
        special("thumbnail-api", "vision", 6000, kind=Kind.DEPLOYMENT, pods=2, gpus=1, products=SMALL),
        1200,
        "a service killed every 25 min",
    )


def _runs_out(job: Job, run_seconds: float, why: str) -> Plant:
    behaviour = Behaviour(Outcome.OOM, run_seconds, BACK_OFF_SECONDS, exit_code=137)
    after = _seconds_until(DEFAULTS.out_of_memory_loop.kills_min, run_seconds)
    return _plant(job, behaviour, Pattern.OUT_OF_MEMORY_LOOP, after, "MemoryLimit", why)


def _barriers() -> Iterator[Plant]:
    after = DEFAULTS.accessibility_barrier.wait_seconds_min
    for name, tenant, submit_seconds, product in (
        ("protein-eval", "research", 3000, L4),
        ("wake-word-tune", "speech", 5400, A10),
    ):
        job = special(name, tenant, submit_seconds, gpus=1, products=(product,), zone="zone-c")
        why = f"tied to {product} in zone-c, which is full, while such jobs start in the other zones"
        yield _plant(job, steady(0.85), Pattern.ACCESSIBILITY_BARRIER, after, "Zone", why)


def _fragmented() -> Iterator[Plant]:
    after = DEFAULTS.fragmentation.pending_seconds_min
    for job, why in (
        (special("pretrain-8gpu", "llm", 4800, gpus=8, products=(H100,)), "16 H100 are free, 2 on each of 8 nodes"),
        (special("docking-4gpu", "bio", 7200, gpus=4, products=(P100,)), "6 P100 are free, 1 on each of 6 nodes"),
    ):
        yield _plant(job, steady(0.85), Pattern.FRAGMENTATION, after, "Node", why)


def _scattered() -> Iterator[Plant]:
    c3, c4, c5 = (node_names("h200", rack) for rack in ("c3", "c4", "c5"))
    for name, tenant, submit_seconds, nodes, why in (
        ("moe-pretrain", "llm", 600, (c3[0], c4[0], c4[1], c5[0]), "4 pods in 3 racks while rack c6 is free"),
        ("video-diffusion", "vision", 1500, (c3[1], c5[1]), "2 pods in 2 racks while rack c6 is free"),
    ):
        job = special(name, tenant, submit_seconds, gpus=8, products=(H200,), nodes=nodes, is_gang=True)
        yield _plant(job, steady(0.52), Pattern.GANG_SCATTERED, SCATTERED_SECONDS, "Rack", why)


def _plant(job: Job, behaviour: Behaviour, pattern: Pattern, after_seconds: float, cause: str, why: str) -> Plant:  # noqa: PLR0917
    found_from_seconds = (job.submit_seconds or 0.0) + after_seconds + SLACK_SECONDS
    return replace(job, behaviour=behaviour), Planted(job.target, pattern, found_from_seconds, cause, why)
