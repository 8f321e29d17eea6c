"""Episodes in a log that never ends: known ones are counted as they come, new ones are sought once in a while.

Memory is bounded: a known episode keeps one number a type, the miner a horizon of events.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from podlore.errors import BadInput
from podlore.patterns.episodes.mine import MinedEpisode, Settings, mine
from podlore.patterns.episodes.occurrences import Episode, Log

HORIZON_EVENTS = 50_000
NEVER = (-np.inf, -np.inf)


class EpisodeCounter:
    """Counts the minimal occurrences of one episode of different types as events come in, in order of time.

    Examples
    --------
    >>> counter = EpisodeCounter(Episode((0, 1)), window_seconds=10)
    >>> for at, kind in [(0, 0), (1, 0), (2, 1), (5, 1)]:
    ...     counter.update(at, kind)
    >>> counter.count
    1
    """

    def __init__(self, episode: Episode, window_seconds: float) -> None:
        if len(set(episode.types)) < len(episode.types):
            raise BadInput(f"{episode.types}: a type stands twice; count repeats with a rule's count")
        self.episode = episode
        self._window_seconds = window_seconds
        self._place = {kind: place for place, kind in enumerate(episode.types)}
        self._reached = [(NEVER, NEVER) for _ in episode.types]
        """For each beginning (start, end) twice: the latest that ended before the newest, and the newest."""
        self._seen = [-np.inf] * len(episode.types)
        self._now = -np.inf
        self._told_start = -np.inf
        self._pending = NEVER
        self._n_decided = 0

    @property
    def count(self) -> int:
        """How many occurrences there were so far."""
        return self._n_decided + self._fits(self._pending)

    def update(self, at_seconds: float, kind: int) -> None:
        """Take an event.

        Raises
        ------
        BadInput
            Where it is older than the one before: put late ones in order first.
        """
        if at_seconds < self._now:
            raise BadInput(f"an event at {at_seconds} after one at {self._now}; put events in order of time")
        self._now = at_seconds
        if kind in self._place:
            step = self._serial if self.episode.serial else self._parallel
            step(at_seconds, self._place[kind])

    def _serial(self, at: float, place: int) -> None:
        """Lengthen the latest beginning that ended before this moment; of one end the latest start counts."""
        before = (at, at) if place == 0 else self._ended_before(place - 1, at)
        older, newest = self._reached[place]
        if before[0] <= newest[0]:
            return
        self._reached[place] = (older if newest[1] == at else newest, (before[0], at))
        if place == len(self._reached) - 1:
            self._decide((before[0], at))

    def _ended_before(self, place: int, at: float) -> tuple[float, float]:
        older, newest = self._reached[place]
        return newest if newest[1] < at else older

    def _parallel(self, at: float, place: int) -> None:
        self._seen[place] = at
        self._decide((min(self._seen), at))

    def _decide(self, span: tuple[float, float]) -> None:
        """Keep an occurrence until time has passed: another of this moment may begin later, and lie within it."""
        if span[1] > self._pending[1]:
            self._n_decided += self._fits(self._pending)
            self._told_start = max(self._told_start, self._pending[0])
            self._pending = NEVER
        if span[0] > max(self._told_start, self._pending[0]):
            self._pending = span

    def _fits(self, span: tuple[float, float]) -> bool:
        return span is not NEVER and span[1] - span[0] <= self._window_seconds


class StreamMiner:
    """Mines the last events of a stream whenever it is asked, at a level that holds over all askings.

    Parameters
    ----------
    settings
        ``alpha`` is spent over all askings: the j-th may use 6 / (pi j)^2 of it.
    horizon_events
        How many events are kept.
    """

    def __init__(self, settings: Settings, *, horizon_events: int = HORIZON_EVENTS, seed: int = 0) -> None:
        self._settings = settings
        self._events: deque[tuple[float, int]] = deque(maxlen=horizon_events)
        self._rng = np.random.default_rng(seed)
        self._n_asked = 0

    def update(self, at_seconds: float, kind: int) -> None:
        """Take an event; they may come a little out of order."""
        if np.isfinite(at_seconds):
            self._events.append((at_seconds, kind))

    def episodes(self) -> tuple[MinedEpisode, ...]:
        """Return what stands out in the events kept."""
        if not self._events:
            return ()
        self._n_asked += 1
        alpha = self._settings.alpha * 6 / (np.pi * self._n_asked) ** 2
        at, kinds = zip(*self._events, strict=True)
        return mine(Log.of(at, kinds), _at_level(self._settings, alpha), self._rng)


def _at_level(settings: Settings, alpha: float) -> Settings:
    return replace(settings, alpha=alpha, shuffles=max(settings.shuffles, int(np.ceil(1 / alpha)) + 1))


def count_stream(episodes: Sequence[Episode], log: Log, window_seconds: float) -> tuple[int, ...]:
    """Return how often each episode happens in a log, event by event."""
    counters = [EpisodeCounter(episode, window_seconds) for episode in episodes]
    for at, kind in zip(log.at_seconds.tolist(), log.kinds.tolist(), strict=True):
        for counter in counters:
            counter.update(at, kind)
    return tuple(counter.count for counter in counters)
