"""When a line was written: the formats that are known, and the one that fits a log. Called by `podlore.rules.entries`.

All times are nanoseconds since 1970 in UTC. Zones and every digit are kept; with `Semantics.truncates_times` they are
dropped where preq drops them.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from podlore.rules.semantics import PODLORE, Semantics

SECOND = 10**9
MONTHS = dict(zip(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), range(1, 13), strict=True))
LINES_TRIED = 50

Reader = Callable[["re.Match[bytes]", int], int | None]

_ISO = (
    rb"(?P<date>\d{4}[-/]\d\d[-/]\d\d)(?P<between>[T ])(?P<clock>\d\d:\d\d:\d\d)"
    rb"(?:(?P<point>[.,])(?P<digits>\d{1,9})\d*)?"
    rb"(?: ?(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)(?![0-9A-Za-z:]))?"
)


@dataclass(frozen=True, slots=True)
class Layout:
    """How lines of one kind carry their time.

    ``strips``: the message is what follows the time. ``folds``: a line without a time continues the one before it.
    """

    name: str
    pattern: "re.Pattern[bytes]"
    read: Reader
    strips: bool = False
    folds: bool = True
    anchored: bool = True

    def find(self, line: bytes) -> "re.Match[bytes] | None":
        """Return where the time stands in a line, or None."""
        return self.pattern.match(line) if self.anchored else self.pattern.search(line)

    def time_ns(self, line: bytes, year: int) -> int | None:
        """Return a line's time, or None where it has none."""
        found = self.find(line)
        return self.read(found, year) if found else None


def layouts(semantics: Semantics = PODLORE) -> tuple[Layout, ...]:
    """Return all formats, those that say most first."""
    spaced = _read_truncated if semantics.truncates_times else _read_iso
    return (
        *_RUNTIMES[:3],
        *(
            _regex(name, pattern, spaced if name == "iso" else read, anchored=anchored)
            for name, pattern, read, anchored in _TABLE
        ),
    )


def detect(lines: Sequence[bytes], semantics: Semantics = PODLORE) -> Layout | None:
    """Return the format that fits most of the first lines (ties go to the one that says more), or None."""
    tried = [line for line in lines[:LINES_TRIED] if line.strip()]
    best, most = None, 0
    for each in layouts(semantics):
        wanted = tried[:1] if each.strips and semantics.takes_first_format else tried
        n_fitting = sum(each.time_ns(line, 2000) is not None for line in wanted)
        if n_fitting and semantics.takes_first_format:
            return each
        if n_fitting > most:
            best, most = each, n_fitting
    return best


def _regex(name: str, pattern: bytes, read: Reader, *, anchored: bool = True) -> Layout:
    return Layout(name, re.compile(pattern), read, anchored=anchored)


@lru_cache(maxsize=4096)
def _seconds(date: bytes, clock: bytes) -> int | None:
    text = f"{date.decode().replace('/', '-')}T{clock.decode()}"
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None


@lru_cache(maxsize=256)
def _zone_seconds(zone: bytes | None) -> int:
    if zone is None or zone in {b"Z", b"UTC", b"GMT"}:
        return 0
    digits = zone[1:].replace(b":", b"")
    seconds = int(digits[:2]) * 3600 + int(digits[2:4]) * 60
    return -seconds if zone[:1] == b"-" else seconds


def _fraction_ns(digits: bytes | None) -> int:
    return int(digits.ljust(9, b"0")[:9]) if digits else 0


def _read_iso(found: "re.Match[bytes]", _year: int) -> int | None:
    date, clock, digits, zone = found.group("date", "clock", "digits", "zone")
    seconds = _seconds(date, clock)
    if seconds is None:
        return None
    return (seconds - _zone_seconds(zone)) * SECOND + _fraction_ns(digits)


def _read_truncated(found: "re.Match[bytes]", year: int) -> int | None:
    """Read as preq does: with a blank between date and clock three digits after a point, and no zone."""
    if found["between"] == b"T" or b"/" in found["date"]:
        return _read_iso(found, year)
    seconds = _seconds(found["date"], found["clock"])
    digits = found["digits"] if found["point"] == b"." else None
    return None if seconds is None else seconds * SECOND + _fraction_ns(digits[:3] if digits else None)


def _read_yearless(found: "re.Match[bytes]", year: int) -> int | None:
    month = int(found["number"]) if "number" in found.groupdict() else MONTHS.get(found["month"])
    if month is None:
        return None
    seconds = _seconds(b"%04d-%02d-%02d" % (year, month, int(found["day"])), found["clock"])
    return None if seconds is None else seconds * SECOND + _fraction_ns(found["digits"])


def _read_named_month(found: "re.Match[bytes]", _year: int) -> int | None:
    month = MONTHS.get(found["month"])
    if month is None:
        return None
    date = b"%s-%02d-%02d" % (found["year"], month, int(found["day"]))
    seconds = _seconds(date, found["clock"])
    groups = found.groupdict()
    zone = _zone_seconds(groups.get("zone"))
    return None if seconds is None else (seconds - zone) * SECOND + _fraction_ns(groups.get("digits"))


def _read_epoch(found: "re.Match[bytes]", _year: int) -> int | None:
    whole = found["epoch"]
    unit = {10: SECOND, 13: 10**6, 16: 10**3, 19: 1}.get(len(whole))
    return None if unit is None else int(whole) * unit + (_fraction_ns(found["digits"]) if unit == SECOND else 0)


def _read_uptime(found: "re.Match[bytes]", _year: int) -> int:
    return int(found["epoch"]) * SECOND + _fraction_ns(found["digits"])


_KEYS = (
    rb"(?:ts|time|timestamp|@timestamp|start_time|asctime|datetime|eventTime|lastTimestamp|creationTimestamp"
    rb"|requestReceivedTimestamp|\$date|t)"
)
_RUNTIMES = (
    Layout("docker", re.compile(rb'\{"log":".*"time":"' + _ISO + rb'"\s*\}\s*$'), _read_iso, strips=True, folds=False),
    Layout(
        "cri", re.compile(_ISO + rb" (?P<stream>stdout|stderr) (?P<part>[PF]) ?"), _read_iso, strips=True, folds=False
    ),
    Layout(
        "rfc3339",
        re.compile(
            rb"(?P<date>\d{4}-\d\d-\d\d)T(?P<clock>\d\d:\d\d:\d\d)(?:\.(?P<digits>\d{1,9}))?(?P<zone>Z|[+-]\d\d:\d\d) "
        ),
        _read_iso,
        strips=True,
    ),
)
_CLOCK = rb"(?P<clock>\d\d:\d\d:\d\d)(?:[.,](?P<digits>\d{1,9}))?"
_TABLE: tuple[tuple[str, bytes, Reader, bool], ...] = (
    ("iso", rb"(?:\[\d+\] )?" + _ISO, _read_iso, True),
    ("json", rb'"' + _KEYS + rb'"\s*:\s*"' + _ISO, _read_iso, False),
    ("json epoch", rb'"' + _KEYS + rb'"\s*:\s*"?(?P<epoch>\d{10,19})(?:\.(?P<digits>\d{1,9}))?', _read_epoch, False),
    ("klog", rb"[IWEF](?P<number>\d\d)(?P<day>\d\d) " + _CLOCK, _read_yearless, True),
    ("bracketed", rb"(?:\[\d+\] )?\[" + _ISO, _read_iso, True),
    ("logfmt", rb'\b(?:ts|time|t)="?' + _ISO, _read_iso, False),
    ("syslog", rb"(?:<\d+>)?(?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2}) " + _CLOCK, _read_yearless, True),
    ("redis", rb"\d+:[A-Z] (?P<day>\d\d) (?P<month>[A-Z][a-z]{2}) (?P<year>\d{4}) " + _CLOCK, _read_named_month, True),
    (
        "access log",
        rb"\[(?P<day>\d\d)/(?P<month>[A-Z][a-z]{2})/(?P<year>\d{4}):(?P<clock>\d\d:\d\d:\d\d) (?P<zone>[+-]\d{4})\]",
        _read_named_month,
        False,
    ),
    ("epoch", rb"\[?(?P<epoch>\d{10}|\d{13}|\d{16}|\d{19})(?:\.(?P<digits>\d{1,9}))?\b", _read_epoch, True),
    ("uptime", rb"(?:<\d+>)?\[ *(?P<epoch>\d{1,9})\.(?P<digits>\d{6})\]", _read_uptime, True),
    ("iso anywhere", _ISO, _read_iso, False),
)
