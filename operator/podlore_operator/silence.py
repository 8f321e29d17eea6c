"""How long each advice has gone without being found: patterns flicker, and one quiet look is no recovery.

Comes in: what was found in a round. Leaves: new clocks. Kept by ``podlore_operator.loop``, stored across restarts by
``podlore_operator.state_store``, read by ``podlore_operator.reconcile``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from podlore.advice.outcome import OVER_AFTER_SECONDS
from podlore_operator.writes import Key

RESOLVED_AFTER_SECONDS = OVER_AFTER_SECONDS


@dataclass(frozen=True, slots=True)
class Silence:
    """When each advice was last found, or last could not be looked for, in trace time; ``at`` is the last round's."""

    heard_at_by_key: Mapping[Key, float] = field(default_factory=dict)
    at: float = 0.0

    def after(self, existing: Iterable[Key], found: Iterable[Key], deaf: Iterable[Key], now: float) -> "Silence":
        """Return the clocks after a round.

        Parameters
        ----------
        existing
            All advice that the cluster holds.
        found
            What was found in this round: its clock starts anew.
        deaf
            What could not have been found, for want of what its detector reads: no silence either.
        now
            The round's time.

        >>> key = Key("vision", "job-train-crashloop-d5a0b6bc")
        >>> clocks = Silence().after([key], [key], [], now=0).after([key], [], [], now=600)
        >>> clocks.seconds(key, now=600), clocks.is_over(key, now=900), clocks.lengths()
        (600, True, {'vision/job-train-crashloop-d5a0b6bc': 600})
        """
        restarted = {*found, *deaf}
        return Silence(
            {key: now if key in restarted else self.heard_at_by_key.get(key, now) for key in {*existing, *found}}, now
        )

    def seconds(self, key: Key, now: float) -> float:
        """Return for how long the advice has not been found."""
        return now - self.heard_at_by_key.get(key, now)

    def is_over(self, key: Key, now: float) -> bool:
        """Say whether the advice has been silent for so long that its matter is over."""
        return self.seconds(key, now) >= RESOLVED_AFTER_SECONDS

    def lengths(self) -> dict[str, float]:
        """Return the silences by key as text, to be stored: time after the last round, or the end, is no news."""
        return {
            str(key): min(self.at - heard_at, RESOLVED_AFTER_SECONDS)
            for key, heard_at in sorted(self.heard_at_by_key.items())
            if heard_at < self.at
        }

    @classmethod
    def resumed(cls, lengths: Mapping[str, float], now: float) -> "Silence":
        """Return clocks that go on from stored lengths."""
        return cls({_key(text): now - max(0.0, seconds) for text, seconds in lengths.items()}, now)


def _key(text: str) -> Key:
    namespace, _, name = text.rpartition("/")
    return Key(namespace, name)
