"""How a reflector fares: counters and times, read by the operator's metrics and liveness probe."""

import logging
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

logger = logging.getLogger(__name__)

REASONS_MAX = 100

_NUMBERS = re.compile(r"[0-9]+")
_QUOTED = re.compile(r"'[^']*'")
_SUBJECT = re.compile(r"^(\w+) \S+: ")


@dataclass(slots=True)
class Progress:
    """What a reflector did so far.

    ``events`` counts by watch event type, ``relists`` and ``failures`` by reason, ``bad_objects`` what could not be
    read. ``is_absent`` says that the server does not serve the kind, or not to us.
    """

    kind: str
    monotonic: Callable[[], float] = time.monotonic
    events: Counter[str] = field(default_factory=Counter)
    relists: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    bad_objects: int = 0
    is_absent: bool = False
    _last_word_at: float | None = None
    _logged: set[str] = field(default_factory=set)

    def heard(self) -> None:
        """Note that the server said something."""
        self._last_word_at = self.monotonic()

    def age_seconds(self) -> float:
        """Return how long ago the server last said something; infinite before it ever did."""
        return float("inf") if self._last_word_at is None else self.monotonic() - self._last_word_at

    def bad_object(self, error: Exception) -> None:
        """Count an object that could not be read; log it unless one like it was logged before."""
        self.bad_objects += 1
        self.log_once("skipping an unreadable %s: %s", error)

    def failed(self, reason: str, error: Exception) -> None:
        """Count a failure to list or watch; log it unless one like it was logged before."""
        self.failures[reason] += 1
        self.log_once("watching %s: %s", error)

    def log_once(self, text: str, error: Exception) -> None:
        """Log, once for each reason, however many objects share it."""
        reason = text + _SUBJECT.sub(r"\1: ", _QUOTED.sub("'…'", _NUMBERS.sub("#", str(error))))
        if reason not in self._logged and len(self._logged) < REASONS_MAX:
            self._logged.add(reason)
            logger.warning(text, self.kind, error)
