"""Philly's job list: machines of eight, times as differences, tenants as hashes."""

from pathlib import Path
from statistics import quantiles

import pytest

from podlore.traces import read_trace
from podlore.traces.philly import gpus_per_pod

HEADER = "timestamp,duration,num_gpus,gpu_time,cluster\n"


def trace_of(tmp_path: Path, rows: str):
    path = tmp_path / "philly.csv"
    path.write_text(HEADER + rows)
    return read_trace(path)


def test_times_count_from_the_earliest_job_whatever_the_order(tmp_path: Path) -> None:
    trace = trace_of(tmp_path, "2017-10-09 07:01:55,66.0,1,66.0,aa\n2017-10-09 07:01:00,5.0,16,80.0,bb\n")
    assert [job.submit_seconds for job in trace.jobs] == [55, 0]
    assert trace.begins == "2017-10-09 07:01:00"


def test_a_large_job_is_a_gang_of_machines(tmp_path: Path) -> None:
    small, large = trace_of(tmp_path, "2017-10-09 07:01:55,66.0,4,264,aa\n2017-10-09 07:01:55,66.0,24,1,aa\n").jobs
    assert (small.pods, small.gpus, small.is_gang) == (1, 4, False)
    assert (large.pods, large.gpus, large.is_gang) == (3, 8, True)
    assert large.tenant == "vc-aa"


def test_no_gpu_is_lost_between_machines() -> None:
    for gpus in range(1, 200):
        assert gpus % gpus_per_pod(gpus) == 0
        assert gpus_per_pod(gpus) <= 8


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("09.10.2017,66.0,1,66.0,aa", "timestamp '09.10.2017' is not like"),
        ("2017-10-09 07:01:55,-1,1,66.0,aa", "duration -1 is negative"),
        ("2017-10-09 07:01:55,,1,66.0,aa", "no duration"),
        ("2017-10-09 07:01:55,5,0,66.0,aa", "num_gpus 0 is not within"),
        ("2017-10-09 07:01:55,5,1,66.0,", "no cluster"),
    ],
)
def test_a_bad_row_is_left_out_with_the_reason(tmp_path: Path, row: str, reason: str) -> None:
    trace = trace_of(tmp_path, row + "\n")
    assert not trace.jobs
    assert reason in trace.problems[0].reason


def test_the_public_list_has_the_published_statistics(data: Path) -> None:
    trace = read_trace(data / "philly" / "philly.csv")
    assert len(trace.jobs) == 82_247
    assert not trace.problems
    assert len({job.tenant for job in trace.jobs}) == 15
    cuts = quantiles([job.duration_seconds or 0 for job in trace.jobs], n=100, method="inclusive")
    assert (round(cuts[49]), round(cuts[89]), round(cuts[98])) == (1144, 11265, 254758)
    assert sum(job.gpu_request == 1 for job in trace.jobs) / len(trace.jobs) == pytest.approx(0.93, abs=0.005)
