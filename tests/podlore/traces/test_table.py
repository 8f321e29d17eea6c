"""Files that are hostile, broken or cut off: one clear error for the file, a problem with its row for a row."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from podlore.errors import BadInput
from podlore.traces.read_trace import read_trace

HEADER = b"name,cpu_milli,memory_mib,num_gpu,gpu_milli\n"
GOOD = b"a,1000,1024,1,500\n"


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"a,b\n1,2\n", "unknown format"),
        (HEADER + b"x" * 10_000_000 + b",1,1,1,1\n", "line 2: longer than"),
        (b"x" * 10_000_000, "line 1: longer than"),
        (HEADER + b'"' + b"y\n" * 100_000 + b'",1,1,1,1\n', "field larger"),
        (HEADER + b'"never closed,1,1,1,1\n' + GOOD, "is a quote not closed"),
        (HEADER + b"a\0b,1,1,1,1\n", "line 2: a null byte"),
        (HEADER + b"caf\xe9,1,1,1,1\n", "no UTF-8"),
        ((HEADER + GOOD).decode().encode("utf-16"), "UTF-8"),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "UTF-8"),
        (b"name,name,num_gpu\n", "twice in the header"),
        (HEADER + b'"a"b,1,1,1,1\n', "line 2"),
    ],
)
def test_a_file_that_is_no_table_is_one_clear_error(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(BadInput, match=reason) as caught:
        read_trace(written(tmp_path, content))
    assert len(str(caught.value)) < 600
    assert "list.csv" in str(caught.value)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"cannot read .*missing.csv: No such file"):
        read_trace(tmp_path / "missing.csv")


def test_a_byte_order_mark_and_windows_line_ends_are_welcome(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + (HEADER + GOOD).replace(b"\n", b"\r\n")
    assert [job.name for job in read_trace(written(tmp_path, content)).jobs] == ["a"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"b,1000,1024\n", "3 fields instead of 5; is it cut off"),
        (b"b,1000,1024,1,500,9\n", "6 fields instead of 5; is a comma not quoted"),
        (b",1000,1024,1,500\n", "no name"),
        (b"b,-1,1024,1,500\n", "cpu_milli -1 is negative"),
        (b"b,many,1024,1,500\n", "cpu_milli 'many' is no number"),
        (b"b,1e999,1024,1,500\n", "cpu_milli '1e999' is no number"),
        (b"b,1.5,1024,1,500\n", "cpu_milli '1.5' is no number"),
        (b"b,1000,1024,99,500\n", "num_gpu 99 is not within 0 and 64"),
        (b"b,1000,1024,1,2000\n", "gpu_milli 2000 is not within 0 and 1000"),
        (b"b,1000,1024,1,0\n", "num_gpu is 1 and gpu_milli 0"),
        (b"b,1000,1024,1," + b"9" * 5000 + b"\n", "is no(t within| number)"),
    ],
)
def test_a_bad_row_is_left_out_with_its_line_and_the_next_is_read(tmp_path: Path, row: bytes, reason: str) -> None:
    trace = read_trace(written(tmp_path, HEADER + GOOD + row + b"c,1,1,0,0\n"))
    assert [job.name for job in trace.jobs] == ["a", "c"]
    left_out = [problem for problem in trace.problems if problem.is_left_out]
    assert [problem.row for problem in left_out] == [3]
    assert re.search(reason, left_out[0].reason)


def test_empty_lines_are_no_rows_and_do_not_shift_the_numbers(tmp_path: Path) -> None:
    trace = read_trace(written(tmp_path, HEADER + b"\n" + GOOD + b"\n\nb,bad,1,0,0\n"))
    assert [problem.row for problem in trace.problems if problem.is_left_out] == [6]


@given(st.binary(max_size=400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_bytes_do_more_than_raise_bad_input(tmp_path: Path, noise: bytes) -> None:
    for content in (noise, HEADER + noise, HEADER + GOOD + noise):
        try:
            trace = read_trace(written(tmp_path, content))
        except BadInput:
            continue
        assert (
            len(trace.jobs) + sum(problem.is_left_out for problem in trace.problems)
            <= content.count(b"\n") + content.count(b"\r") + 1
        )
