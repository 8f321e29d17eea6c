"""Learn score terms from the arrivals so far: the cluster as it stands and what has come in, the terms to use out.

The future is drawn from the past: arrivals are resampled from those seen, and each candidate is played on copies of
the cluster until as much has arrived as there are GPUs. Nothing that has not arrived yet is looked at. A candidate
must beat the terms in use on the same futures, by more than chance, and let no more pods of any size class fail than
the policy alone does (but for 2 % and one pod, the noise of so few futures). Called by
`podlore.simulate.placement.ladder`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from podlore.simulate.placement.advised import NEUTRAL, Terms, advised
from podlore.simulate.placement.cluster import WHOLE_GPU_MILLI, Floats, Ints, Mix, Nodes, Shapes
from podlore.simulate.placement.engine import compiled
from podlore.simulate.placement.policies import PlacementPolicy

N_KINDS = 7
FUTURES = 6
FINALISTS = 3
FIRST_LOOK = 1
TOLERANCE = 1.02
T_ONE_SIDED = 2.015
"""Student's t, one-sided 95 % with 5 degrees of freedom: 6 futures."""

CANDIDATES = (
    NEUTRAL,
    *(
        Terms(coarseness, guard, weight, used)
        for coarseness, weight, used in ((1, 400, 50), (2, 100, 0))
        for guard in (4_000, 6_000, 8_000, 12_000, 16_000)
    ),
    *(Terms(1, 0, 0, used, full, cpu) for used, full, cpu in ((100, 0, 0), (0, 3, 0), (0, 0, 20))),
)
"""What is tried; fixed on the development seeds, and the same for every list and policy."""


@dataclass(frozen=True, slots=True)
class Learned:
    """The terms to use from now on, and what they are expected to bring over those in use, in points of allocation."""

    terms: Terms
    gain_points: float
    low_points: float
    high_points: float
    rollouts: int


@dataclass(frozen=True, slots=True)
class Situation:
    """What the learner may see: the cluster now, the shapes known, the mix, and the arrivals so far."""

    nodes: Nodes
    shapes: Shapes
    mix: Mix
    seen: Ints
    used_milli: int
    arrived_milli: int

    @property
    def capacity_milli(self) -> int:
        """All GPUs of the cluster."""
        return int(self.nodes.gpus.sum()) * WHOLE_GPU_MILLI


def learn_terms(
    now: Situation,
    policy: PlacementPolicy,
    in_use: Terms,
    rng: np.random.Generator,
    *,
    candidates: Sequence[Terms] = CANDIDATES,
    is_placebo: bool = False,
) -> Learned:
    """Return the best candidate, or ``in_use`` where none is better for sure; `NEUTRAL` where those in use do harm.

    A placebo permutes, within each future, which outcome belongs to which candidate: the same search without knowledge.
    """
    tried = list(dict.fromkeys((in_use, NEUTRAL, *candidates)))
    futures = [_future(now, rng) for _ in range(FUTURES)]
    used, failed = _played(now, policy, tried, futures[:FIRST_LOOK])
    rollouts = used.size
    used = _shuffled(used, rng) if is_placebo else used
    order = np.argsort(-used.mean(axis=1), kind="stable")
    finalists = [tried[i] for i in dict.fromkeys([0, 1, *order[:FINALISTS].tolist()])]
    used, failed = _played(now, policy, finalists, futures)
    rollouts += used.size
    used = _shuffled(used, rng) if is_placebo else used
    harmless = (failed <= failed[1] * TOLERANCE + 1).all(axis=1)
    base = 0 if harmless[0] else 1
    gain = 100 * (used - used[base]) / now.capacity_milli
    low = gain.mean(axis=1) - T_ONE_SIDED * gain.std(axis=1, ddof=1) / np.sqrt(FUTURES)
    best = int(np.argmax(np.where(harmless & (low > 0), gain.mean(axis=1), 0.0)))
    if not (harmless[best] and low[best] > 0):
        best = base
    expected = float(gain[best].mean())
    return Learned(finalists[best], expected, float(low[best]), 2 * expected - float(low[best]), int(rollouts))


def _future(now: Situation, rng: np.random.Generator) -> Ints:
    """Draw arrivals from those seen until as much has come as there are GPUs."""
    request = now.shapes.gpus * now.shapes.gpu_milli
    missing = max(now.capacity_milli - now.arrived_milli, 0)
    mean = max(float(request[now.seen].mean()), 1.0)
    drawn = rng.choice(now.seen, int(missing / mean * 1.2) + 100)
    return drawn[: int(np.searchsorted(np.cumsum(request[drawn]), missing)) + 1]


def _played(
    now: Situation, policy: PlacementPolicy, tried: Sequence[Terms], futures: Sequence[Ints]
) -> tuple[Floats, Ints]:
    """Return used GPU milli by (candidate, future), and pods that fail by (candidate, size class)."""
    run = compiled(advised(policy.score), policy.pick)
    used = np.zeros((len(tried), len(futures)))
    failed = np.zeros((len(tried), N_KINDS), np.int64)
    for row, terms in enumerate(tried):
        mix = now.mix._replace(terms=terms.as_array())
        for column, future in enumerate(futures):
            course = run(copy_of(now.nodes), now.shapes, mix, future, 0)
            used[row, column] = now.used_milli + course.used_milli[-1]
            failed[row] += np.bincount(now.shapes.kind[future[course.node < 0]], minlength=N_KINDS)
    return used, failed


def _shuffled(values: Floats, rng: np.random.Generator) -> Floats:
    return np.column_stack([rng.permutation(column) for column in values.T])


def copy_of(nodes: Nodes) -> Nodes:
    """Return nodes that may be changed without changing these."""
    return Nodes(**{name: column.copy() for name, column in nodes._asdict().items()})
