import pytest

from podlore.events.dedup import deduplicated
from podlore.events.generator import generate
from podlore.events.normalize import normalize
from podlore.events.quality import quality
from podlore.events.record import LogRecord
from podlore.vocabulary import EventClass


def of(message: str, at: str = "2026-01-01T00:00:00.000Z", host: str = "n1") -> LogRecord:
    return LogRecord(message, timestamp=at, host=host)


def test_a_copy_has_the_same_time_host_and_message() -> None:
    records = [of("a"), of("a"), of("a", host="n2"), of("a", at="2026-01-01T00:00:00.001Z"), of("b")]
    assert list(deduplicated(records)) == [records[0], *records[2:]]


def test_what_is_remembered_is_bounded() -> None:
    records = [of("a"), of("b"), of("c"), of("a")]
    assert len(list(deduplicated(records, remembered=2))) == 4
    assert len(list(deduplicated(records, remembered=3))) == 3


def test_a_message_with_two_labels_is_counted() -> None:
    two = [LogRecord("x", target_category=EventClass.MEMORY), LogRecord("x", target_category=EventClass.OTHER)]
    assert quality(two)["labels_of_a_message_that_differ"] == 1
    assert quality([])["rows"] == 0


def test_generated_records_keep_the_schema_and_others_are_named() -> None:
    pytest.importorskip("pandera")
    from podlore.events.schema import violations

    assert violations(normalize(row.record) for row in generate(seed=8, n_incidents=5)) == {}
    broken = violations([LogRecord("x", severity="bad", timestamp="yesterday"), of("fine")])
    assert len(broken) == 2
    assert all(name.startswith(("severity", "timestamp")) for name in broken)
