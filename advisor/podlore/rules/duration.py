"""Durations as rule files write them: those of Go's time.ParseDuration, in nanoseconds."""

import re
from decimal import Decimal

from podlore.errors import BadInput

NANOSECONDS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
LONGEST_NS = 2**63 - 1


def parse_duration(text: str) -> int:
    """Return the nanoseconds of a duration such as ``1h30m``, ``-5s`` or ``0``; there are no days.

    >>> parse_duration("1.5s"), parse_duration("-500ms")
    (1500000000, -500000000)
    """
    sign, rest = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if rest == "0":
        return 0
    if not rest or _PART.sub("", rest):
        raise BadInput(f"{text!r} is no duration; write for example 30s, 1h30m or 500ms (there are no days)")
    total = int(sum(Decimal(number) * NANOSECONDS[unit] for number, unit in _PART.findall(rest)))
    if total > LONGEST_NS:
        raise BadInput(f"{text!r} is longer than 292 years; shorten it")
    return sign * total
