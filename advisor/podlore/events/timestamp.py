"""Read the time stamps of logs, whatever their zone and precision, into RFC 3339 in UTC."""

from datetime import UTC, datetime, tzinfo

_BY_DIGITS = {10: 1, 13: 1e3, 16: 1e6, 19: 1e9}
_SYSLOG_FORM = "%Y %b %d %H:%M:%S"
_FORMS = ("%d/%b/%Y:%H:%M:%S %z", "%a %b %d %H:%M:%S %Y", "%Y/%m/%d %H:%M:%S", "%y/%m/%d %H:%M:%S", "%m/%d/%Y %H:%M:%S")
_LATEST = datetime(2200, 1, 1, tzinfo=UTC).timestamp()


def to_utc(text: str, zone: tzinfo = UTC, today: datetime | None = None) -> str:
    """Return a time stamp in UTC to the millisecond, or an empty text where it cannot be read.

    Parameters
    ----------
    text
        RFC 3339 and ISO 8601, syslog's ``Mar  1 10:00:00``, seconds to nanoseconds since the epoch, Apache's, ...
    zone
        The zone of stamps that name none.
    today
        Completes stamps without a year: the year is chosen so that the stamp lies at most a day ahead.

    >>> to_utc("2026-03-01T10:00:00+02:00"), to_utc("1700000000")
    ('2026-03-01T08:00:00.000Z', '2023-11-14T22:13:20.000Z')
    >>> to_utc("Dec 31 23:59:59", today=datetime(2026, 1, 2, tzinfo=UTC))
    '2025-12-31T23:59:59.000Z'
    >>> to_utc("yesterday")
    ''
    """
    stamp = text.strip()[:64]
    try:
        moment = _epoch(stamp) or _iso(stamp) or _yearless(stamp, zone, today) or _other(stamp)
        if moment is None:
            return ""
        utc = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return ""
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_epoch(seconds: float) -> str:
    """Return seconds since the epoch as RFC 3339 in UTC, empty where they lie outside the calendar.

    >>> from_epoch(0.5)
    '1970-01-01T00:00:00.500Z'
    """
    if not 0 <= seconds < _LATEST:
        return ""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _epoch(stamp: str) -> datetime | None:
    whole = stamp.partition(".")[0]
    if not (stamp.isascii() and stamp.replace(".", "", 1).isdecimal() and len(whole) in _BY_DIGITS):
        return None
    return datetime.fromtimestamp(float(stamp) / _BY_DIGITS[len(whole)], UTC)


def _iso(stamp: str) -> datetime | None:
    try:
        return datetime.fromisoformat(_micros(stamp.replace(",", ".")))
    except ValueError:
        return None


def _micros(stamp: str) -> str:
    """Cut a fraction to the six digits that datetime holds."""
    head, dot, tail = stamp.partition(".")
    digits = len(tail) - len(tail.lstrip("0123456789"))
    return f"{head}{dot}{tail[: min(digits, 6)]}{tail[digits:]}" if dot and digits else stamp


def _yearless(stamp: str, zone: tzinfo, today: datetime | None) -> datetime | None:
    words = stamp.partition(".")[0].split()
    if len(words) != 3 or len(words[0]) != 3 or not words[1].isdecimal():
        return None
    now = today or datetime.now(UTC)
    for year in (now.year + 1, now.year, now.year - 1):
        try:
            moment = datetime.strptime(f"{year} {' '.join(words)}", _SYSLOG_FORM).replace(tzinfo=zone)
        except ValueError:  # 29 February of another year, or no time stamp at all
            continue
        if (moment - now).total_seconds() <= 86_400:
            return moment
    return None


def _other(stamp: str) -> datetime | None:
    for form in _FORMS:
        try:
            return datetime.strptime(stamp, form)  # noqa: DTZ007 - the caller adds the zone
        except ValueError:
            continue
    return None
