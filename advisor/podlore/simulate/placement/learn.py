"""Learn score terms from the arrivals so far: the cluster as it stands and what has come in, the terms to use out.

What is tried comes from the arrivals so far: the CPU that comes with each GPU, and the shares of GPUs asked for. The
future is drawn from the past: arrivals are resampled from those seen, and each candidate is played on copies of the
cluster until 130 % of the GPUs have arrived. Nothing that has not arrived yet is looked at, the mix that the policy is
given in these plays included. A candidate must allocate more than the policy alone on the same futures, at 100 % and
at 130 %, by more than chance, and in no size class may the mean of the pods that fail beyond the policy's exceed its
standard error; else the advisor says nothing. Called by `podlore.simulate.placement.ladder`.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import t as student

from podlore.simulate.placement.advised import NEUTRAL, Terms, advised
from podlore.simulate.placement.cluster import ANY_MODEL, WHOLE_GPU_MILLI, Floats, Ints, Nodes, Shapes
from podlore.simulate.placement.engine import compiled
from podlore.simulate.placement.policies import PlacementPolicy
from podlore.simulate.placement.study import typical_mix

N_KINDS = 7
FUTURES = 4
HORIZONS_PERCENT = (100, 130)
CONFIDENCE = 0.95
SHARE_SEEN_LEAST = 0.01
"""Of the pods with a share of a GPU ask for a share that counts on filling a remnant."""

GUARDS = (0.0, 0.8, 1.1)
"""CPU kept for each free GPU, as a multiple of what comes with a GPU in the arrivals so far."""
GUARD_WEIGHT, WASTE_WEIGHT, EMPTY_NODE = 1_000, 10_000, 200
SCARCE_WEIGHTS, SCARCE_PERMILLE_MAX = (500, 2_000), 2_000
"""Fixed on seeds 42 and 43 of the default list and on mixes drawn from it, the same for every list and policy."""


@dataclass(frozen=True, slots=True)
class Learned:
    """The terms to use from now on, and what they are expected to bring over the policy, in points of allocation."""

    terms: Terms
    gain_points: float
    low_points: float
    high_points: float
    rollouts: int


@dataclass(frozen=True, slots=True)
class Situation:
    """What the learner may see: the cluster now, the shapes known, the arrivals so far, GPU used and arrived."""

    nodes: Nodes
    shapes: Shapes
    seen: Ints
    used_milli: int
    arrived_milli: int

    @property
    def capacity_milli(self) -> int:
        """All GPUs of the cluster."""
        return int(self.nodes.gpus.sum()) * WHOLE_GPU_MILLI


@dataclass(frozen=True, slots=True)
class Played:
    """What each candidate brought, the policy alone first.

    ``gain_points`` has shape (n_candidates, n_futures, 2): over the policy at 100 % and 130 % arrived. ``more_failed``
    has shape (n_candidates, n_futures, 7): pods by size class, beyond those that fail under the policy.
    """

    candidates: tuple[Terms, ...]
    gain_points: Floats
    more_failed: Ints


def candidates(now: Situation) -> tuple[Terms, ...]:
    """Return the terms to try, from what has arrived: no terms first."""
    scarce = scarcity(now)
    more: list[dict[str, Any]] = [{"scarce_weight": weight, "scarce_permille": scarce} for weight in SCARCE_WEIGHTS]
    if not scarce:
        more = [{"empty_node": EMPTY_NODE}]
    tried = [from_arrivals(now, guard)._replace(**added) for guard in GUARDS for added in ({}, *more)]
    return (NEUTRAL, *tried)


def from_arrivals(now: Situation, guard: float = GUARDS[-1]) -> Terms:
    """Return terms with a guard of so many times the CPU that comes with a GPU, and the shares that came often."""
    gpu_milli = (now.shapes.gpus * now.shapes.gpu_milli)[now.seen]
    cpu_milli = now.shapes.cpu_milli[now.seen]
    cpu_milli_per_gpu = WHOLE_GPU_MILLI * cpu_milli[gpu_milli > 0].sum() / max(gpu_milli.sum(), 1)
    shares = Counter(gpu_milli[(gpu_milli > 0) & (gpu_milli < WHOLE_GPU_MILLI)].tolist())
    frequent = tuple(sorted(share for share, n in shares.items() if n >= SHARE_SEEN_LEAST * shares.total()))
    return Terms(1, round(guard * cpu_milli_per_gpu), GUARD_WEIGHT, WASTE_WEIGHT, share_milli=frequent)


def scarcity(now: Situation) -> tuple[int, ...]:
    """Return what pods bound to models ask of each, in permille of its GPUs, once all GPUs' worth has arrived.

    A pod bound to several models asks each in proportion to its GPUs. Nothing where no pod is bound.
    """
    gpu_milli = (now.shapes.gpus * now.shapes.gpu_milli)[now.seen]
    masks = now.shapes.models[now.seen]
    n_models = int(now.nodes.model_bit.max()).bit_length()
    bits = np.uint64(1) << np.arange(n_models, dtype=np.uint64)
    capacity = np.array([now.nodes.gpus[now.nodes.model_bit == bit].sum() * WHOLE_GPU_MILLI for bit in bits])
    asked = np.zeros(n_models)
    for mask in np.unique(masks[(masks != ANY_MODEL) & (gpu_milli > 0)]):
        room = np.where(mask & bits != 0, capacity, 0)
        asked += gpu_milli[masks == mask].sum() * room / max(room.sum(), 1)
    asked *= now.capacity_milli / max(gpu_milli.sum(), 1)
    permille = np.minimum(1000 * asked / np.maximum(capacity, 1), SCARCE_PERMILLE_MAX)
    return tuple(np.round(permille).astype(int).tolist()) if asked.any() else ()


def play(now: Situation, policy: PlacementPolicy, rng: np.random.Generator) -> Played:
    """Play each candidate on the same futures, drawn from the arrivals so far."""
    tried = candidates(now)
    run = compiled(advised(policy.score), policy.pick)
    mix = typical_mix(now.shapes, now.seen)
    used = np.zeros((len(tried), FUTURES, len(HORIZONS_PERCENT)))
    failed = np.zeros((len(tried), FUTURES, N_KINDS), np.int64)
    for column in range(FUTURES):
        future = _future(now, rng)
        for row, terms in enumerate(tried):
            course = run(copy_of(now.nodes), now.shapes, mix._replace(terms=terms.as_array()), future, 0)
            used[row, column] = [course.used_milli[at] for at in _horizons(now, course.arrived_milli)]
            failed[row, column] = np.bincount(now.shapes.kind[future[course.node < 0]], minlength=N_KINDS)
    return Played(tried, 100 * (used - used[0]) / now.capacity_milli, failed - failed[0])


def choose(played: Played) -> Learned:
    """Return the candidate that gains most among those that gain for sure and harm no size class; else no terms."""
    gain = played.gain_points.mean(axis=2)
    margin = student.ppf(CONFIDENCE, FUTURES - 1) * gain.std(axis=1, ddof=1) / np.sqrt(FUTURES)
    is_sure = (gain.mean(axis=1) > margin) & (played.gain_points.mean(axis=1) > 0).all(axis=1)
    error = played.more_failed.std(axis=1, ddof=1) / np.sqrt(FUTURES)
    is_harmless = (played.more_failed.mean(axis=1) <= error).all(axis=1)
    best = int(np.argmax(np.where(is_sure & is_harmless, gain.mean(axis=1), 0.0)))
    expected = float(gain[best].mean())
    low, high = expected - float(margin[best]), expected + float(margin[best])
    return Learned(played.candidates[best], expected, low, high, gain.size)


def permuted(played: Played, rng: np.random.Generator) -> Played:
    """Return a placebo: the same search, but which outcome belongs to which candidate is known no more."""
    order = np.concatenate([[0], 1 + rng.permutation(len(played.candidates) - 1)])
    return Played(tuple(played.candidates[i] for i in order), played.gain_points, played.more_failed)


def _future(now: Situation, rng: np.random.Generator) -> Ints:
    """Draw arrivals from those seen until the last horizon."""
    request = (now.shapes.gpus * now.shapes.gpu_milli)[now.seen]
    missing = max(now.capacity_milli * HORIZONS_PERCENT[-1] / 100 - now.arrived_milli, 0)
    drawn = rng.choice(now.seen.size, int(missing / max(float(request.mean()), 1.0) * 1.2) + 100)
    return now.seen[drawn[: int(np.searchsorted(np.cumsum(request[drawn]), missing)) + 1]]


def _horizons(now: Situation, arrived_milli: Ints) -> Ints:
    """Return the arrival at which each horizon is reached."""
    wanted = now.capacity_milli * np.array(HORIZONS_PERCENT) / 100 - now.arrived_milli
    reached: Ints = np.minimum(np.searchsorted(arrived_milli, wanted), arrived_milli.size - 1)
    return reached


def copy_of(nodes: Nodes) -> Nodes:
    """Return nodes that may be changed without changing these."""
    return Nodes(**{name: column.copy() for name, column in nodes._asdict().items()})
