"""Streams with and without planted truths, for the episode miner and the windowed statistics."""

from collections.abc import Callable

import numpy as np

from podlore.patterns.episodes import Log
from podlore.patterns.episodes.occurrences import Floats

HOUR = 3600.0
SPAN_SECONDS = 12 * HOUR
KINDS = 6
NULLS = ("shuffled", "bursty", "own bursts", "diurnal")


def null_log(name: str, rng: np.random.Generator, n_events: int = 900) -> Log:
    """Return a log in which no type says anything about another beyond what their rates say."""
    weights = rng.dirichlet(np.full(KINDS, 2.0))
    if name == "own bursts":  # each type comes in bursts of its own
        parts = [_bursts(rng, max(int(share * n_events), 8)) for share in weights]
        kinds = np.concatenate([np.full(len(part), kind) for kind, part in enumerate(parts)])
        return Log.of(np.concatenate(parts), kinds)
    if name == "diurnal":  # all swell together, three waves in the span
        at = _thinned(rng, n_events, lambda t: 0.05 + 0.95 * (0.5 + 0.5 * np.sin(6 * np.pi * t / SPAN_SECONDS)))
    elif name == "bursty":  # bursts in which any type may be
        at = _bursts(rng, n_events)
    else:
        at = rng.uniform(0, SPAN_SECONDS, n_events)
    return Log.of(at, rng.choice(KINDS, len(at), p=weights))


def planted_log(name: str, rng: np.random.Generator, *, times: int, length: int = 2) -> Log:
    """Return a null log with an episode of new types planted in it, whose types come without it, too."""
    noise = null_log(name, rng)
    starts = rng.uniform(0, SPAN_SECONDS - 60, times)
    at, kinds = [noise.at_seconds], [noise.kinds]
    for place in range(length):
        at.append(starts)
        kinds.append(np.full(times, KINDS + place))
        alone = rng.uniform(0, SPAN_SECONDS, times // 2)
        at.append(alone)
        kinds.append(np.full(len(alone), KINDS + place))
        starts = starts + rng.uniform(1.0, 15.0, times)
    return Log.of(np.concatenate(at), np.concatenate(kinds))


def _bursts(rng: np.random.Generator, n_events: int) -> Floats:
    centres = rng.uniform(0, SPAN_SECONDS, max(n_events // 8, 1))
    at = centres[rng.integers(0, len(centres), n_events)] + rng.exponential(10.0, n_events)
    return np.sort(np.minimum(at, SPAN_SECONDS))


def _thinned(rng: np.random.Generator, n_events: int, rate: Callable[[Floats], Floats]) -> Floats:
    at = rng.uniform(0, SPAN_SECONDS, 4 * n_events)
    return np.sort(at[rng.random(len(at)) < rate(at)][:n_events])
