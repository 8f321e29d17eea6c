"""Frequent episodes: what follows what, or comes together, more often than chance explains.

`mine` finds them in a whole log, `StreamMiner` in one that never ends, `count_stream` counts known ones as they come,
and `as_rule` writes one down as an ordinary CRE rule for people to review. Called by ``podlore rules mine``.
"""

from podlore.patterns.episodes.as_rule import as_rule
from podlore.patterns.episodes.mine import MinedEpisode, Settings, mine
from podlore.patterns.episodes.occurrences import Episode, Log, occurrences
from podlore.patterns.episodes.stream import EpisodeCounter, StreamMiner, count_stream

__all__ = [
    "Episode",
    "EpisodeCounter",
    "Log",
    "MinedEpisode",
    "Settings",
    "StreamMiner",
    "as_rule",
    "count_stream",
    "mine",
    "occurrences",
]
