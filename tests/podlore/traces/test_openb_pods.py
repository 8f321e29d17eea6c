"""The pod lists of openb, with and without times; read against csv and the published counts where the data lies."""

import csv
from pathlib import Path

import pytest

from podlore.traces import Outcome, read_nodes, read_trace

HEADER = (
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n"
)


def trace_of(tmp_path: Path, rows: str):
    path = tmp_path / "pods.csv"
    path.write_text(HEADER + rows)
    return read_trace(path)


def test_a_pod_keeps_its_request_times_and_constraint(tmp_path: Path) -> None:
    (job,) = trace_of(tmp_path, "p,16000,32768,1,470,V100M16|V100M32|V100M32,LS,Failed,100,160,107\n").jobs
    assert (job.cpu_milli, job.memory_mib, job.gpus, job.gpu_milli) == (16000, 32768, 1, 470)
    assert job.products == ("V100M16", "V100M32")
    assert (job.submit_seconds, job.wait_seconds, job.duration_seconds) == (100, 7, 53)
    assert (job.qos, job.status, job.behaviour.outcome) == ("LS", "Failed", Outcome.FAIL)


def test_a_pod_that_was_never_placed_has_no_wait_and_lasts_until_it_is_deleted(tmp_path: Path) -> None:
    (job,) = trace_of(tmp_path, "p,1,1,0,0,,BE,Pending,100,225,\n").jobs
    assert (job.wait_seconds, job.duration_seconds) == (None, 125)
    assert job.gpu_milli == 1000


@pytest.mark.parametrize(
    ("times", "reason"),
    [
        ("100,90,", "deletion_time 90 lies before creation_time 100"),
        ("100,200,50", "scheduled_time 50 lies outside"),
        ("100,200,250", "scheduled_time 250 lies outside"),
        ("-5,200,", "creation_time -5 is negative"),
    ],
)
def test_times_that_cannot_be_are_refused(tmp_path: Path, times: str, reason: str) -> None:
    trace = trace_of(tmp_path, f"p,1,1,0,0,,BE,Running,{times}\n")
    assert not trace.jobs
    assert reason in trace.problems[0].reason


def test_a_pod_without_creation_time_is_named(tmp_path: Path) -> None:
    trace = trace_of(tmp_path, "p,1,1,0,0,,BE,Running,,,\nq,1,1,0,0,,BE,Running,5,9,6\n")
    assert [str(problem) for problem in trace.problems] == ["row 2: no submit time"]


def test_an_unknown_phase_is_refused(tmp_path: Path) -> None:
    assert "unknown pod_phase 'Dreaming'" in trace_of(tmp_path, "p,1,1,0,0,,BE,Dreaming,1,2,1\n").problems[0].reason


def lists(data: Path) -> list[Path]:
    return sorted((data / "openb").glob("openb_pod_list_*.csv"))


def test_every_public_list_is_read_whole(data: Path) -> None:
    nodes = read_nodes(data / "openb" / "openb_node_list_gpu_node.csv")
    assert len(lists(data)) == 24
    for path in lists(data):
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        trace = read_trace(path, nodes)
        assert [job.name for job in trace.jobs] == [row["name"] for row in rows]
        assert sum(job.gpus for job in trace.jobs) == sum(int(row["num_gpu"]) for row in rows)
        assert not [problem for problem in trace.problems if problem.is_left_out]
        has_times = "creation_time" in rows[0]
        assert all((job.submit_seconds is not None) == has_times for job in trace.jobs)
        assert any("no job has a submit time" in problem.reason for problem in trace.problems) == (not has_times)


def test_tasks_larger_than_any_node_are_found_in_the_public_lists(data: Path) -> None:
    nodes = read_nodes(data / "openb" / "openb_node_list_gpu_node.csv")
    found = read_trace(data / "openb" / "openb_pod_list_gpuspec33.csv", nodes).problems
    assert [str(problem) for problem in found] == ["row 1641: openb-pod-1639: larger than any node it may use"]


def test_demand_over_capacity_is_found_in_the_public_lists(data: Path) -> None:
    nodes = read_nodes(data / "openb" / "openb_node_list_gpu_node.csv")
    found = read_trace(data / "openb" / "openb_pod_list_multigpu50.csv", nodes).problems
    assert "11359 GPUs are asked for in sum, the nodes have 6212" in found[-1].reason


def test_the_default_list_has_the_published_proportions(data: Path) -> None:
    jobs = read_trace(data / "openb" / "openb_pod_list_default.csv").jobs
    by_gpus = [sum(job.gpus == gpus for job in jobs) for gpus in (0, 1, 2, 4, 8)]
    assert by_gpus == [1088, 6989, 16, 15, 44]
    assert sum(job.gpu_request for job in jobs) == pytest.approx(6086.8, abs=0.1)
    assert sum(job.gpus > 0 and job.gpu_milli < 1000 for job in jobs) / len(jobs) == pytest.approx(0.378, abs=0.001)
