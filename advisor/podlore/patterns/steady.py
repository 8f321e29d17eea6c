"""Texts and numbers that stay put: a quiet cluster must repeat its advice to the letter.

Facts are absolute ("since 12:03 UTC") and counts are rounded down to 1-2-5 steps, so that one more sample or one more
minute changes nothing. Used by every detector for summaries and evidence.
"""

import math
from datetime import UTC, datetime

STEPS = (1, 2, 5)
TIME_MAX = 253_402_300_799.0
"""The last second of the year 9999, beyond which no calendar goes."""
MINUTES_MAX = 10_000_000.0


def at(time_at: float) -> str:
    """Return a moment as text, to the minute.

    >>> at(1_700_000_000)
    '2023-11-14 22:13 UTC'
    """
    if not 0 <= time_at <= TIME_MAX:
        return "an unknown time"
    return datetime.fromtimestamp(time_at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def span(seconds: float) -> str:
    """Return a length of time as text, in the largest unit that leaves a whole number of at most three digits.

    >>> span(7200), span(900), span(90), span(5400)
    ('2 h', '15 min', '90 s', '90 min')
    """
    for unit, name in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:.0f} s"


def rounded_down(count: float) -> int:
    """Return the largest of 1, 2, 5, 10, 20, 50, ... that is not above a count; 0 below 1.

    >>> [rounded_down(count) for count in (0.5, 1, 4, 37, 100)]
    [0, 1, 2, 20, 100]
    """
    if not 1 <= count < math.inf:
        return 0
    return max(step * _decade(count) for step in STEPS if step * _decade(count) <= count)


def rounded_wait(seconds: float) -> str:
    """Return a wait as text, up to the next 1-2-5 step of minutes: "at most" is meant.

    >>> rounded_wait(0.2), rounded_wait(130), rounded_wait(4000)
    ('1 min', '5 min', '100 min')
    """
    minutes = min(max(seconds / 60, 1.0), MINUTES_MAX)
    return f"{next(step * _decade(minutes) for step in (*STEPS, 10) if step * _decade(minutes) >= minutes)} min"


def gpus(count: float) -> str:
    """Return a number of GPUs as text.

    >>> gpus(1), gpus(8), gpus(0.25)
    ('1 GPU', '8 GPUs', '0.25 GPU')
    """
    return f"{count:.4g} GPU{'s' if count > 1 else ''}"


def counted(count: int, noun: str) -> str:
    """Return a count with its noun.

    >>> counted(1, "node"), counted(3, "node")
    ('1 node', '3 nodes')
    """
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _decade(number: float) -> int:
    return int(10 ** (len(str(int(number))) - 1))
