"""Every reader on what it is for, and every reader on what no reader is for."""

import json
from collections import Counter
from io import BytesIO

import pytest

from podlore.errors import BadInput
from podlore.events.readers import READERS, lines, read_log, sniff
from podlore.events.readers.lines import LINE_BYTES
from podlore.events.record import LogRecord
from podlore.vocabulary import EventClass

EVENT = {
    "kind": "Event",
    "involvedObject": {"kind": "Pod", "name": "train-0"},
    "reason": "BackOff",
    "message": "Back-off restarting failed container",
    "type": "Warning",
    "source": {"component": "kubelet", "host": "gpu-1"},
    "lastTimestamp": "2026-01-01T00:00:00Z",
}
NEW_EVENT = {
    "regarding": {"kind": "Job"},
    "note": "exceeded quota",
    "reason": "FailedCreate",
    "reportingController": "job-controller",
    "eventTime": "2026-01-01T00:00:00.000000Z",
}
JOURNAL = {
    "MESSAGE": "I/O error",
    "PRIORITY": "3",
    "SYSLOG_FACILITY": "0",
    "_HOSTNAME": "n",
    "SYSLOG_IDENTIFIER": "kernel",
    "__REALTIME_TIMESTAMP": "1700000000000000",
}
EXAMPLES: dict[str, tuple[str, LogRecord]] = {
    "syslog 3164": (
        "<11>Mar  1 10:00:00 web-1 nginx[42]: upstream timed out",
        LogRecord("upstream timed out", "Mar  1 10:00:00", "web-1", "user", "error", "nginx"),
    ),
    "syslog file": (
        "2026-03-01T10:00:00.123456+01:00 gpu-1 systemd-logind[1]: New session 5",
        LogRecord("New session 5", "2026-03-01T10:00:00.123456+01:00", "gpu-1", service="systemd-logind"),
    ),
    "syslog pam": (
        "Mar  1 10:00:00 combo su(pam_unix)[27953]: authentication failure",
        LogRecord("authentication failure", "Mar  1 10:00:00", "combo", service="su", component="pam_unix"),
    ),
    "syslog 5424": (
        '<165>1 2026-03-01T10:00:00.003Z host app 99 ID47 [a@1 x="1 ] 2"][b] An event',
        LogRecord("An event", "2026-03-01T10:00:00.003Z", "host", "local4", "notice", "app", "ID47"),
    ),
    "cri": (
        "2026-01-01T00:00:00.1Z stderr F panic: oops",
        LogRecord("panic: oops", "2026-01-01T00:00:00.1Z", component="stderr"),
    ),
    "docker": (
        '{"log":"panic\\n","stream":"stderr","time":"2026-01-01T00:00:00Z"}',
        LogRecord("panic\n", "2026-01-01T00:00:00Z"),
    ),
    "journald": (
        json.dumps(JOURNAL),
        LogRecord("I/O error", "1700000000000000", "n", "kern", "error", "kernel"),
    ),
    "journald bytes": (json.dumps({"MESSAGE": [99, 97, 102, 233]}), LogRecord("café")),
    "event": (
        json.dumps(EVENT),
        LogRecord(
            "Back-off restarting failed container",
            timestamp="2026-01-01T00:00:00Z",
            host="gpu-1",
            facility="kubernetes-event",
            severity="Warning",
            service="kubelet",
            component="Pod",
            reason="BackOff",
        ),
    ),
    "new event": (
        json.dumps(NEW_EVENT),
        LogRecord(
            "exceeded quota",
            timestamp="2026-01-01T00:00:00.000000Z",
            facility="kubernetes-event",
            service="job-controller",
            component="Job",
            reason="FailedCreate",
        ),
    ),
    "json line": (
        '{"msg":"x","level":"warn","ts":1700000000.5,"labels":{"service":"s","component":"c"},"target_category":"Memory"}',
        LogRecord("x", "1700000000.5", severity="warn", service="s", component="c", target_category=EventClass.MEMORY),
    ),
    "plain": ("E0312 10:11:12.1 1 a.go:1] watch failed", LogRecord("E0312 10:11:12.1 1 a.go:1] watch failed")),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_format_is_found_and_read(name: str) -> None:
    line, expected = EXAMPLES[name]
    assert list(read_log([line], Counter())) == [expected]


def test_a_list_of_events_of_several_lines_is_read() -> None:
    text = json.dumps({"kind": "List", "items": [EVENT, NEW_EVENT, {"kind": "Pod"}, 7]}, indent=2).splitlines()
    skipped = Counter[str]()
    assert [record.reason for record in read_log(text, skipped)] == ["BackOff", "FailedCreate"]
    assert skipped == {"item that is no event": 2}


def test_csv_keeps_what_it_does_not_know_and_reads_event_tables() -> None:
    from podlore.events.readers import table

    text = ["reason,message,involved_kind,type,extra", 'FailedMount,"a, b",Pod,Warning,7']
    row, record = next(table.rows(text, Counter()))
    assert row["extra"] == "7"
    assert record == LogRecord("a, b", severity="Warning", component="Pod", reason="FailedMount")


def test_csv_without_messages_is_refused() -> None:
    with pytest.raises(BadInput, match="no column 'message' among a, b"):
        list(READERS["csv"](["a,b", "1,2"], Counter()))


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(BadInput, match="no format 'xml'; there are: auto, syslog"):
        list(read_log([], Counter(), "xml"))


def test_a_ten_megabyte_line_is_cut_and_the_next_is_read() -> None:
    skipped = Counter[str]()
    found = list(lines(BytesIO(b"x" * 10_000_000 + b"\nnext\n"), skipped))
    assert [len(line) for line in found] == [LINE_BYTES, 4]
    assert skipped == {"rest of a long line": 1}


def test_utf16_is_read_as_what_it_is() -> None:
    assert list(lines(BytesIO("eins\r\nzwei ü".encode("utf-16")), Counter())) == ["eins", "zwei ü"]


def test_an_empty_stream_has_no_lines() -> None:
    assert list(lines(BytesIO(b""), Counter())) == []
    assert sniff([])[0] == "plain"


HOSTILE = [
    b"",
    b"\n\n\n",
    b"\x00\x00\x00\n",
    b"\xff\xfe\x00\xd8",
    b"{\n" * 50,
    b"[" * 100_000,
    b'{"MESSAGE":[1,"x",999]}',
    b'{"involvedObject":[],"message":{},"type":3}',
    b'"message","a\n\x00,"',
    b"<999>1 - - - - - - x",
    b'<34>1 2026-01-01T00:00:00Z h a - - [a "' + b"\\" * 1_000,
    b"2026-01-01T00:00:00Z stderr P " * 3,
    "ein\u2028zwei\x1c\n".encode(),
    bytes(range(256)) * 50,
]


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("raw", HOSTILE, ids=range(len(HOSTILE)))
def test_no_reader_fails_on_hostile_bytes(name: str, raw: bytes) -> None:
    skipped = Counter[str]()
    try:
        records = list(READERS[name](lines(BytesIO(raw), skipped), skipped))
    except BadInput:
        return
    assert all(isinstance(record, LogRecord) for record in records)
