from podlore.events import LogRecord, normalize, record_of_event
from podlore.vocabulary import Event, ObjectRef


def test_a_record_leaves_the_door_clean_masked_and_in_utc() -> None:
    raw = LogRecord(
        "\x00Failed password for bob from 10.0.0.9", "2026-03-01T10:00:00+02:00", host="h" * 999, severity="3"
    )
    record = normalize(raw)
    assert record.message == "Failed password for <user> from <ip>"
    assert record.timestamp == "2026-03-01T08:00:00.000Z"
    assert record.severity == "error"
    assert len(record.host) == 253


def test_the_severity_a_message_states_is_taken_where_none_is_given() -> None:
    assert normalize(LogRecord("level=error msg=oops")).severity == "error"


def test_a_kubernetes_event_keeps_reason_kind_and_reporter() -> None:
    about = ObjectRef("", "Pod", "vision", "train-0")
    event = Event("u1", about, "FailedMount", "MountVolume failed", "Warning", "kubelet", last_seen_at=1_700_000_000.0)
    record = record_of_event(event)
    assert (record.reason, record.component, record.service, record.severity) == (
        "FailedMount",
        "Pod",
        "kubelet",
        "warning",
    )
    assert record.timestamp == "2023-11-14T22:13:20.000Z"


def test_an_event_whose_time_is_unknown_has_none() -> None:
    assert record_of_event(Event("u1", ObjectRef("", "Pod", "a", "b"), "X", "y", last_seen_at=-5.0)).timestamp == ""
