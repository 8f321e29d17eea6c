"""openb in time: creation and deletion times, a part of the nodes, arrivals pressed together; waits by arm leave.

The trace asks for 65 of its 6,212 GPUs at once, so that it has no queue as it stands: a sample of the nodes is taken,
and arrivals come faster by a factor that makes the offered load what was asked for (a pod runs as long as it did). The
arms differ in what the policy is told of pods to come: the whole trace's mix, which published FGD is given; the mix so
far; the mix of the last arrivals, a forecast that follows drift; and the mix so far with score terms made from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from podlore.errors import BadInput
from podlore.simulate.placement.advised import NEUTRAL, Terms, advised
from podlore.simulate.placement.cluster import Floats, Ints, Mix
from podlore.simulate.placement.departures import Arrivals, Expected, compiled_timed
from podlore.simulate.placement.learn import Situation, copy_of, from_arrivals
from podlore.simulate.placement.policies import PlacementPolicy
from podlore.simulate.placement.study import Ready, prepare, typical_mix
from podlore.traces.job import Job, NodeShape

BEGIN_SHARE = 0.01
"""Of the pods are left out at the begin: in openb these came in 116 days, all others in the 33 days after."""

EPOCH_PODS = 400
RECENT_PODS = 1_000
ARMS = ("whole mix", "mix so far", "recent mix", "mix so far, terms")


@dataclass(frozen=True, slots=True)
class Timed:
    """One arm: GPUs allocated until the last arrival, in percent, and the waits of pods, in seconds."""

    arm: str
    allocation_percent: float
    mean_wait_seconds: float
    p95_wait_seconds: float
    waits_by_class: tuple[float, ...]
    """Mean wait by size class (see `podlore.simulate.placement.cluster.shape_kind`); NaN where it has no pod."""
    n_never: int


def timed_study(
    nodes: Sequence[NodeShape],
    pods: Sequence[Job],
    policy: PlacementPolicy,
    *,
    load: float,
    part: float = 0.125,
    seed: int = 0,
) -> list[Timed]:
    """Play each arm on the same nodes and arrivals.

    Raises
    ------
    BadInput
        If fewer than two pods have a time of creation and of deletion, or the part leaves no node.
    """
    rng = np.random.default_rng(seed)
    some = [nodes[i] for i in rng.permutation(len(nodes))[: round(part * len(nodes))]]
    timed = sorted((p for p in pods if p.submit_seconds is not None and p.duration_seconds is not None), key=_submitted)
    timed = timed[int(BEGIN_SHARE * len(timed)) :]
    if len(timed) < 2 or not some:
        raise BadInput(f"{len(timed)} pods with times on {len(some)} nodes: nothing to play")
    ready = prepare(some, timed, [pod.name for pod in timed])
    runs = np.array([pod.duration_seconds for pod in timed], np.float64)
    at = np.array([_submitted(pod) for pod in timed])
    at = (at - at[0]) / _pressed(at - at[0], runs, ready, load)
    run = compiled_timed(advised(policy.score))
    found = []
    for arm in ARMS:
        epoch, expected = _expected(ready, arm)
        started = run(copy_of(ready.nodes), ready.shapes, expected, Arrivals(ready.order, at, runs, epoch))
        found.append(_read(arm, ready, at, runs, started))
    return found


def _submitted(pod: Job) -> float:
    return pod.submit_seconds or 0.0


def _pressed(at_seconds: Floats, runs_seconds: Floats, ready: Ready, load: float) -> float:
    """Return by which factor arrivals must come faster, so that pods which never wait ask for ``load`` of the GPUs."""
    low, high = 1e-3, 1e6
    for _ in range(60):
        middle = float(np.sqrt(low * high))
        pressed = at_seconds / middle
        within = np.minimum(runs_seconds, pressed[-1] - pressed)
        asked = float((ready.request_milli * within).sum()) / (ready.capacity_milli * max(pressed[-1], 1e-9))
        low, high = (middle, high) if asked < load else (low, middle)
    return low


def _expected(ready: Ready, arm: str) -> tuple[Ints, Expected]:
    """Return each arrival's epoch, and what is expected in each; but for the first arm, of what has arrived."""
    n = ready.order.size
    epoch = np.arange(n) // EPOCH_PODS
    mixes: list[tuple[Mix, Terms]] = []
    for begin in range(0, n, EPOCH_PODS):
        since = max(0, begin - RECENT_PODS) if arm == "recent mix" else 0
        seen = ready.order[since:begin] if begin else ready.order[:1]
        mix = ready.mix if arm == "whole mix" else typical_mix(ready.shapes, seen)
        situation = Situation(ready.nodes, ready.shapes, seen, 0, 0)
        mixes.append((mix, from_arrivals(situation) if arm.endswith("terms") else NEUTRAL))
    return epoch, _stacked(mixes)


def _stacked(mixes: Sequence[tuple[Mix, Terms]]) -> Expected:
    """Lay mixes of different requests out on one list of requests, in the first mix's order where it has them."""
    rows: dict[tuple[int, int, int, int], int] = {}
    for mix, _ in mixes:
        for request in _requests(mix):
            rows.setdefault(request, len(rows))
    share = np.zeros((len(mixes), len(rows)))
    for epoch, (mix, _) in enumerate(mixes):
        share[epoch, [rows[request] for request in _requests(mix)]] = mix.share
    table = list(rows)
    cpu_milli, gpus, gpu_milli = (np.array([request[i] for request in table], np.int64) for i in range(3))
    models = np.array([request[3] for request in table], np.uint64)
    return Expected(cpu_milli, gpus, gpu_milli, models, share, np.stack([terms.as_array() for _, terms in mixes]))


def _requests(mix: Mix) -> list[tuple[int, int, int, int]]:
    return list(
        zip(mix.cpu_milli.tolist(), mix.gpus.tolist(), mix.gpu_milli.tolist(), mix.models.tolist(), strict=True)
    )


def _read(arm: str, ready: Ready, at: Floats, runs: Floats, started: Floats) -> Timed:
    """Read waits and allocation up to the last arrival; a pod that never starts waits until then."""
    end = at[-1]
    waits = np.minimum(started, np.maximum(end, at)) - at
    held = np.clip(np.minimum(started + runs, end) - np.minimum(started, end), 0, None)
    held[np.isinf(started)] = 0
    kind = ready.shapes.kind[ready.order]
    by_class = tuple(float(waits[kind == k].mean()) if (kind == k).any() else float("nan") for k in range(7))
    return Timed(
        arm,
        float(100 * (held * ready.request_milli).sum() / (end * ready.capacity_milli)),
        float(waits.mean()),
        float(np.quantile(waits, 0.95)),
        by_class,
        int(np.isinf(started).sum()),
    )
