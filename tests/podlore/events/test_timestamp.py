from datetime import UTC, datetime, timedelta, timezone

import pytest

from podlore.events.timestamp import from_epoch, to_utc


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01T10:00:00Z", "2026-03-01T10:00:00.000Z"),
        ("2026-03-01 10:00:00,123", "2026-03-01T10:00:00.123Z"),
        ("2026-03-01T10:00:00.123456789+05:30", "2026-03-01T04:30:00.123Z"),
        ("01/Mar/2026:10:00:00 -0700", "2026-03-01T17:00:00.000Z"),
        ("1700000000123", "2023-11-14T22:13:20.123Z"),
        ("1700000000123456", "2023-11-14T22:13:20.123Z"),
        ("", ""),
        ("never", ""),
        ("99999999999999999999", ""),
        ("0001-01-01T00:00:00+14:00", ""),
    ],
)
def test_a_stamp_is_read_into_utc_or_left_out(text: str, expected: str) -> None:
    assert to_utc(text) == expected


def test_a_stamp_without_zone_is_of_the_zone_that_is_given() -> None:
    assert to_utc("2026-03-01 10:00:00", zone=timezone(timedelta(hours=2))) == "2026-03-01T08:00:00.000Z"


@pytest.mark.parametrize(
    ("today", "year"), [(datetime(2026, 1, 2, tzinfo=UTC), "2025"), (datetime(2026, 12, 31, tzinfo=UTC), "2026")]
)
def test_a_stamp_without_year_lies_in_the_past(today: datetime, year: str) -> None:
    assert to_utc("Dec 31 23:59:59", today=today).startswith(year)


def test_the_29th_of_february_is_of_the_last_leap_year_but_one_at_most() -> None:
    assert to_utc("Feb 29 10:00:00", today=datetime(2025, 3, 1, tzinfo=UTC)) == "2024-02-29T10:00:00.000Z"


def test_seconds_outside_the_calendar_are_unknown() -> None:
    assert from_epoch(-1) == from_epoch(1e18) == from_epoch(float("nan")) == ""
