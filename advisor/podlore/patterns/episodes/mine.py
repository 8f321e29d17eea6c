"""Mines a log for episodes that chance does not explain. In comes a `Log`, out come `MinedEpisode`s, the surest first.

Level by level: pairs first, then what was found with one more type. On each level every candidate is held against
shuffled logs (`podlore.patterns.episodes.null`), and a candidate counts only if it stands out more than the most
outstanding candidate of nearly every shuffled log does: the family-wise error of a level is at most ``alpha``.
What is lengthened keeps its own events in place: the longer one must say more than the shorter.

References
----------
Westfall, Young, "Resampling-Based Multiple Testing", 1993, for the step of all candidates at once (min-P).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from podlore.errors import BadInput
from podlore.patterns.episodes.null import SHUFFLES
from podlore.patterns.episodes.occurrences import Episode, Floats, Log, follow, occurrences

EVENTS_MAX = 1_000_000
WINDOW_SECONDS_MAX = 31 * 86_400.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How to mine.

    Parameters
    ----------
    window_seconds
        The longest an occurrence may take.
    alpha
        How often a log without any episode may show one.
    support_min
        An episode that happened less often is not looked at.
    length_max
        The most types of an episode.
    kinds_max
        Only so many types are looked at, the most frequent.
    shuffles
        How many shuffled logs of each kind it is held against.
    cell_windows
        How long rates are taken to hold, in windows.
    """

    window_seconds: float
    alpha: float = 0.05
    support_min: int = 5
    length_max: int = 4
    kinds_max: int = 30
    shuffles: int = 199
    cell_windows: float = 10.0

    def __post_init__(self) -> None:
        if not 0 < self.window_seconds <= WINDOW_SECONDS_MAX:
            raise BadInput(f"a window of {self.window_seconds} s; it must be above 0 and at most 31 days")
        if not 1 / (self.shuffles + 1) <= self.alpha < 1:
            raise BadInput(f"alpha {self.alpha} needs at least {int(1 / max(self.alpha, 1e-6))} shuffles")


@dataclass(frozen=True, slots=True)
class MinedEpisode:
    """An episode that chance does not explain.

    ``support`` counts its minimal occurrences, ``expected`` those of a shuffled log; ``confidence`` is the share (0-1)
    of its beginnings that it followed; ``p_value`` is adjusted for all candidates. Spans are of its occurrences.
    """

    episode: Episode
    support: int
    expected: float
    confidence: float
    p_value: float
    span_seconds_median: float
    span_seconds_p95: float

    @property
    def lift(self) -> float:
        """How many times more often it happened than in shuffled logs."""
        return self.support / max(self.expected, 1e-9)


def mine(log: Log, settings: Settings, rng: np.random.Generator) -> tuple[MinedEpisode, ...]:
    """Return the episodes of a log that chance does not explain, the surest and most frequent first.

    Examples
    --------
    >>> rng = np.random.default_rng(7)
    >>> starts = np.sort(rng.uniform(0, 36_000, 60))
    >>> noise = rng.uniform(0, 36_000, 600)
    >>> log = Log.of([*starts, *(starts + 4), *noise], [0] * 60 + [1] * 60 + [2] * 600)
    >>> [found.episode.types for found in mine(log, Settings(window_seconds=10), rng)]
    [(0, 1)]
    """
    if len(log.kinds) > EVENTS_MAX:
        raise BadInput(f"{len(log.kinds):,} events; mine at most {EVENTS_MAX:,} at once")
    log = _frequent(log, settings)
    if len(np.unique(log.kinds)) < 2:
        return ()
    found = _told_once(_significant(log, list(_pairs(log, settings)), frozenset(), settings, rng))
    level = [one for one in found if one.episode.serial]
    for _ in range(2, settings.length_max):
        level = [longer for shorter in level for longer in _lengthened(log, shorter.episode, settings, rng)]
        found += level
    return tuple(sorted(_without_parts(found), key=_surest))


def _frequent(log: Log, settings: Settings) -> Log:
    """Return the log of its most frequent types alone; those too rare to be supported drop out."""
    kinds, counts = np.unique(log.kinds, return_counts=True)
    enough = counts >= settings.support_min
    order = np.argsort(-counts[enough], kind="stable")[: settings.kinds_max]
    kept = np.isin(log.kinds, kinds[enough][order])
    return Log(log.at_seconds[kept], log.kinds[kept])


def _pairs(log: Log, settings: Settings) -> Iterator[Episode]:
    times, kinds = log.times_by_kind(), np.unique(log.kinds).tolist()
    for first in kinds:
        for second in kinds:
            for episode in (Episode((first, second)), Episode((first, second), serial=False)):
                if first == second or (not episode.serial and first > second):
                    continue
                if len(occurrences(times, episode, settings.window_seconds)[0]) >= settings.support_min:
                    yield episode


def _lengthened(log: Log, shorter: Episode, settings: Settings, rng: np.random.Generator) -> list[MinedEpisode]:
    """Return the episodes with one more type that say more than the shorter one does."""
    times = log.times_by_kind()
    others = [kind for kind in np.unique(log.kinds).tolist() if kind not in shorter.types]
    longer = [Episode((*shorter.types, kind)) for kind in others]
    longer = [one for one in longer if len(occurrences(times, one, settings.window_seconds)[0]) >= settings.support_min]
    return _significant(log, longer, frozenset(shorter.types), settings, rng)


def _significant(
    log: Log, candidates: list[Episode], fixed: frozenset[int], settings: Settings, rng: np.random.Generator
) -> list[MinedEpisode]:
    if not candidates:
        return []
    seen = _supports(log, candidates, settings)
    p_values, expected = np.zeros(len(candidates)), np.zeros(len(candidates))
    for shuffle in SHUFFLES:
        cell_seconds = settings.cell_windows * settings.window_seconds
        drawn = np.array(
            [_supports(shuffle(log, cell_seconds, fixed, rng), candidates, settings) for _ in range(settings.shuffles)]
        )
        expected = np.maximum(expected, drawn.mean(axis=0))
        p_values = np.maximum(p_values, adjusted(seen, drawn))
    return [
        _mined(log, episode, support=int(support), expected=float(mean), p_value=float(p_value), settings=settings)
        for episode, support, mean, p_value in zip(candidates, seen, expected, p_values, strict=True)
        if p_value <= settings.alpha
    ]


def adjusted(seen: Floats, drawn: Floats) -> Floats:
    """Return p-values that hold for all candidates at once.

    Parameters
    ----------
    seen
        Supports in the log, shape (n_candidates,).
    drawn
        Supports in shuffled logs, shape (n_shuffles, n_candidates).

    Notes
    -----
    Each support is first put on one scale, the tail of a Poisson or, where shuffled supports vary more, of a negative
    binomial law; then the best of all candidates counts. The scale decides power, never the level.
    """
    mean, variance = drawn.mean(axis=0) + 0.5 / len(drawn), drawn.var(axis=0)
    best = _surprise(drawn, mean, variance).max(axis=1)
    own = _surprise(seen, mean, variance)
    at_least = (best[None, :] >= own[:, None] - 1e-12).sum(axis=1)
    tails: Floats = (1.0 + at_least) / (1.0 + len(drawn))
    return tails


def _surprise(support: Floats, mean: Floats, variance: Floats) -> Floats:
    poisson = -stats.poisson.logsf(support - 1, mean)
    spread = np.maximum(variance, mean * 1.0001)
    p = mean / spread
    binomial = -stats.nbinom.logsf(support - 1, mean * p / (1 - p), p)
    return np.asarray(np.minimum(poisson, np.where(variance > mean, binomial, poisson)), dtype=np.float64)


def _supports(log: Log, candidates: Sequence[Episode], settings: Settings) -> Floats:
    """Return the support of each candidate; those that begin alike share the beginning."""
    times = log.times_by_kind()
    spans = {prefix: occurrences(times, Episode(prefix), np.inf) for prefix in {one.types[:-1] for one in candidates}}
    counts: list[int] = []
    for episode in candidates:
        if episode.serial:
            starts, ends = follow(spans[episode.types[:-1]], times[episode.types[-1]])
            counts.append(int(np.count_nonzero(ends - starts <= settings.window_seconds)))
        else:
            counts.append(len(occurrences(times, episode, settings.window_seconds)[0]))
    return np.array(counts, dtype=np.float64)


def _mined(
    log: Log, episode: Episode, *, support: int, expected: float, p_value: float, settings: Settings
) -> MinedEpisode:
    times = log.times_by_kind()
    starts, ends = occurrences(times, episode, settings.window_seconds)
    beginnings = [len(times[kind]) for kind in (episode.types[:1] if episode.serial else episode.types)]
    if len(episode.types) > 2:
        beginnings = [len(occurrences(times, Episode(episode.types[:-1]), settings.window_seconds)[0])]
    return MinedEpisode(
        episode=episode,
        support=support,
        expected=expected,
        confidence=min(support / max(min(beginnings), 1), 1.0),
        p_value=p_value,
        span_seconds_median=float(np.median(ends - starts)),
        span_seconds_p95=float(np.quantile(ends - starts, 0.95)),
    )


SAME_SHARE = 0.8


def _told_once(found: Iterable[MinedEpisode]) -> list[MinedEpisode]:
    """Return each pair once: in its order where nearly all occurrences have it, else as one that comes together."""
    found = list(found)
    kept = []
    for one in found:
        rivals = [other for other in found if set(other.episode.types) == set(one.episode.types) and other is not one]
        if one.episode.serial:
            better = [r for r in rivals if r.support > one.support and one.support < SAME_SHARE * r.support]
        else:
            better = [r for r in rivals if r.episode.serial and r.support >= SAME_SHARE * one.support]
        if not better:
            kept.append(one)
    return kept


def _without_parts(found: Sequence[MinedEpisode]) -> Iterator[MinedEpisode]:
    """Yield what is no part of a longer one that happened nearly as often."""
    for one in found:
        longer = (
            other
            for other in found
            if len(other.episode.types) > len(one.episode.types)
            and other.support >= SAME_SHARE * one.support
            and _is_part(one.episode, other.episode)
        )
        if next(longer, None) is None:
            yield one


def _is_part(short: Episode, long: Episode) -> bool:
    rest = iter(long.types)
    return all(kind in rest for kind in short.types) if short.serial else set(short.types) <= set(long.types)


def _surest(one: MinedEpisode) -> tuple[float, int, tuple[int, ...], bool]:
    return one.p_value, -one.support, one.episode.types, one.episode.serial
