"""podlore's own tables: what is written is read back, and every mistake a person makes has its message."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from podlore.errors import BadInput
from podlore.traces import (
    Behaviour,
    Curve,
    Job,
    Kind,
    NearMiss,
    NodeShape,
    Outcome,
    Planted,
    Trace,
    read_trace,
    write_trace,
)
from podlore.traces.jobs_table import COLUMNS
from podlore.traces.presses import parse_presses

NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
SECONDS = st.integers(0, 10**8).map(float)
CURVES = st.dictionaries(st.integers(0, 10**6), st.integers(0, 1000), min_size=1, max_size=6).map(
    lambda points: Curve(tuple(float(x) for x in sorted(points)), tuple(points[x] / 1000 for x in sorted(points)))
)
BEHAVIOURS = st.builds(
    Behaviour,
    outcome=st.sampled_from([Outcome.RUN, Outcome.OOM, Outcome.CRASH_LOOP, Outcome.IMAGE_PULL]),
    run_seconds=st.none() | SECONDS,
    back_off_seconds=st.none() | SECONDS,
    restarts=st.none() | st.integers(0, 9),
    exit_code=st.none() | st.integers(0, 255),
    curve=st.none() | CURVES,
    gpu_memory_share=st.none() | st.sampled_from([0.0, 0.25, 0.92, 1.0]),
    xid=st.sampled_from(["", "79@3600"]),
    presses=st.sampled_from([(), parse_presses("cpu:0.4 pcie:0.25")]),
)
JOBS = st.builds(
    Job,
    name=NAMES,
    tenant=NAMES,
    kind=st.sampled_from(Kind),
    submit_seconds=SECONDS,
    duration_seconds=st.none() | SECONDS,
    pods=st.just(2),
    gpus=st.integers(0, 8),
    gpu_milli=st.integers(1, 1000),
    cpu_milli=st.integers(0, 10**6),
    memory_mib=st.integers(0, 10**6),
    products=st.lists(NAMES, unique=True, max_size=3).map(tuple),
    zone=st.just("") | NAMES,
    qos=st.just("") | NAMES,
    is_gang=st.booleans(),
    behaviour=BEHAVIOURS,
    nodes=st.just(()) | st.tuples(NAMES, NAMES),
)


@given(st.lists(JOBS, max_size=8, unique_by=lambda job: job.target))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_jobs_survive_being_written_and_read(tmp_path: Path, jobs: list[Job]) -> None:
    write_trace(Trace("t", "own", tuple(jobs)), tmp_path / "t")
    assert read_trace(tmp_path / "t").jobs == tuple(jobs)


def test_a_whole_trace_survives_being_written_and_read(tmp_path: Path) -> None:
    node = NodeShape("n1", "NVIDIA-A10", 4, 23028, 64000, 262144, "zone-a", "a1", "c.1")
    planted = Planted("vision/Job/train", "CrashLoop", 960, "Error", "fails, and fails again")
    miss = NearMiss("vision/Job/train", "ResourceHoarding", 'says "busy", and is')
    trace = Trace("t", "own", (Job("train", "vision", submit_seconds=5),), (node,), (), (), (planted,), (miss,))
    write_trace(trace, tmp_path / "t")
    read = read_trace(tmp_path / "t")
    assert (read.jobs, read.nodes, read.planted, read.near_misses) == (trace.jobs, (node,), (planted,), (miss,))
    assert not read.problems


def test_two_columns_are_enough(tmp_path: Path) -> None:
    path = tmp_path / "jobs.csv"
    path.write_text("name,submit_seconds\ntrain,60\n")
    assert read_trace(path).jobs == (Job("train", submit_seconds=60),)


def test_every_column_is_explained() -> None:
    assert all(COLUMNS.values())


@pytest.mark.parametrize(
    ("header", "row", "reason"),
    [
        ("kind", "Pod", "unknown kind 'Pod'; known: Job, Deployment"),
        ("outcome", "dies", "unknown outcome 'dies'"),
        ("pods", "0", "pods 0 is not within 1 and 10000"),
        ("gang", "maybe", "gang 'maybe' is neither yes nor no"),
        ("gpu_milli", "0", "gpu_milli 0 is not within 1 and 1000"),
        ("gpu_memory_share", "1.5", "gpu_memory_share 1.5 is not within 0 and 1"),
        ("exit_code", "256", "exit_code 256 is not within 0 and 255"),
        ("xid", "79", "xid '79' is not CODE@SECONDS"),
        ("presses", "cpu", "presses 'cpu' is not RESOURCE:SHARE"),
        ("presses", "cpu:1.5", "presses 'cpu:1.5' is not RESOURCE:SHARE"),
        ("presses", "cpu:0.1 cpu:0.2", "names a resource twice"),
        ("curve", "0:2", "shares lie between 0 and 1"),
        ("nodes", "a|b", "1 pods and 2 nodes"),
        ("idle_gpus", "1", "idle_gpus 1 and gpus 0"),
        ("duration_seconds", "nine", "duration_seconds 'nine' is no number"),
        ("kind,outcome", "Deployment,complete", "a Deployment does not end with outcome complete"),
    ],
)
def test_a_mistake_in_a_row_has_its_message(tmp_path: Path, header: str, row: str, reason: str) -> None:
    path = tmp_path / "jobs.csv"
    path.write_text(f"name,submit_seconds,{header}\ntrain,60,{row}\n")
    (problem,) = (found for found in read_trace(path).problems if found.row)
    assert reason in problem.reason
    assert problem.row == 2


def test_a_misspelt_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "jobs.csv"
    path.write_text("name,submit_seconds,gpu\ntrain,60,1\n")
    with pytest.raises(BadInput, match="unknown column gpu; known: name, tenant"):
        read_trace(path)


def test_a_folder_without_jobs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"has no jobs.csv"):
        read_trace(tmp_path)


def test_ground_truth_with_an_unknown_pattern_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "jobs.csv").write_text("name,submit_seconds\ntrain,60\n")
    (tmp_path / "planted.csv").write_text("target,pattern,found_from_seconds,cause,why\ndefault/Job/train,Magic,5,,\n")
    (tmp_path / "silent.csv").write_text("target,pattern,why\ntrain,CrashLoop,\n")
    found = [problem.reason for problem in read_trace(tmp_path).problems]
    assert "unknown pattern 'Magic'" in found[0]
    assert "target 'train' is not like" in found[1]


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match=r"cannot write .*file"):
        write_trace(Trace("t", "own"), tmp_path / "file" / "t")
