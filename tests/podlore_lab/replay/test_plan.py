"""What a replay would do, and when: held against the trace at every moment, and against what cannot be replayed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlore.errors import BadInput
from podlore.traces import Behaviour, Job, Kind, Outcome, Trace, read_trace
from podlore.traces.presses import parse_presses
from podlore_lab.replay.manifest import manifest
from podlore_lab.replay.names import LENGTH_MAX, kubernetes_name
from podlore_lab.replay.plan import Do, Fractions, ends_by_itself, plan, units
from podlore_lab.replay.speed import capped
from podlore_lab.sample_trace import SAMPLE_FOLDER

RUN = Behaviour(Outcome.RUN)


def planned(*jobs: Job, **options):
    return plan(Trace("t", "own", jobs), **{"speed": 10.0, **options})


SPANS = st.lists(st.tuples(st.integers(0, 60), st.none() | st.integers(1, 60), st.booleans()), min_size=1, max_size=12)


@given(SPANS, st.integers(0, 50), st.integers(1, 60))
def test_at_every_moment_just_those_jobs_are_there_that_the_trace_has(spans, begin, length) -> None:
    jobs = [
        Job(f"j{n}", submit_seconds=submit, duration_seconds=duration, behaviour=RUN if runs else Behaviour())
        for n, (submit, duration, runs) in enumerate(spans)
    ]
    until = begin + length
    try:
        made = planned(*jobs, begin_seconds=begin, until_seconds=until)
    except BadInput:
        made = None
    for now in range(begin, until):
        alive = {
            job.name
            for job in jobs
            if job.submit_seconds <= now
            and (job.duration_seconds is None or now < job.submit_seconds + job.duration_seconds)
        }
        assert there(made, now - begin) == alive


def there(made, seconds: float) -> set[str]:
    """Go through the plan step by step, and let jobs end that end by themselves."""
    if made is None:
        return set()
    found = {job.name: job for job in made.first}
    for step in made.steps:
        if step.seconds <= seconds:
            if step.do is Do.CREATE:
                found[step.job.name] = step.job
            else:
                del found[step.job.name]
    return {
        name
        for name, job in found.items()
        if not (ends_by_itself(job) and job.submit_seconds + job.duration_seconds <= seconds)
    }


def test_a_job_that_ran_before_is_there_first_for_the_rest_of_its_time() -> None:
    made = planned(
        Job("a", submit_seconds=0, duration_seconds=100, wait_seconds=5),
        Job("b", submit_seconds=0, duration_seconds=20),
        Job("c", submit_seconds=40, duration_seconds=1),
        begin_seconds=30,
        until_seconds=200,
    )
    assert [(job.name, job.duration_seconds) for job in made.first] == [("a", 75)]
    assert [(step.seconds, step.job.name) for step in made.steps] == [(10, "c")]
    assert (made.ends_seconds, made.left_out) == (170, 1)


def test_recorded_placements_come_first_so_that_nobody_takes_their_room() -> None:
    made = planned(Job("a", submit_seconds=0), Job("b", submit_seconds=0, nodes=("n",)), until_seconds=9)
    assert [job.name for job in made.first] == ["b", "a"]


def test_it_ends_when_the_last_job_ends_unless_it_is_told_when() -> None:
    jobs = (Job("a", submit_seconds=5, duration_seconds=100, wait_seconds=7), Job("b", submit_seconds=50))
    assert planned(*jobs).ends_seconds == 112
    assert planned(*jobs, until_seconds=60).ends_seconds == 60


def test_only_what_does_not_end_by_itself_is_deleted() -> None:
    made = planned(
        Job("completes", submit_seconds=1, duration_seconds=10),
        Job("runs", submit_seconds=1, duration_seconds=10, behaviour=RUN),
        Job("serves", kind=Kind.DEPLOYMENT, submit_seconds=1, duration_seconds=20, behaviour=RUN),
        Job("for-ever", submit_seconds=1, behaviour=RUN),
        until_seconds=100,
    )
    assert [(s.seconds, s.job.name) for s in made.steps if s.do is Do.DELETE] == [(11, "runs"), (21, "serves")]


def test_tenants_become_namespaces_with_the_prefix() -> None:
    made = planned(Job("a", "Team A", submit_seconds=1), namespace_prefix="x-", until_seconds=9)
    assert made.namespaces == (kubernetes_name("x-Team A"),)
    assert made.namespaces[0].startswith("x-team-a-")


@pytest.mark.parametrize(
    ("jobs", "options", "reason"),
    [
        ([Job("a")], {}, "tells no submit times"),
        ([Job("a", submit_seconds=5)], {"until_seconds": 5}, "no job lies between 0 s and 5 s"),
        ([Job("a", submit_seconds=1), Job("a", submit_seconds=2)], {"until_seconds": 9}, "default/Job/a comes 2 times"),
        ([Job("a", submit_seconds=1)], {"speed": 0}, "speed 0 is not positive"),
        ([Job("a", submit_seconds=1)], {"fractions": Fractions.TIME_SLICED}, "podlore lab up --slices 10"),
    ],
)
def test_what_cannot_be_replayed_says_why(jobs, options, reason) -> None:
    with pytest.raises(BadInput, match=reason):
        planned(*jobs, **options)


def test_the_speed_is_capped_so_that_a_window_holds_thirty_samples() -> None:
    assert capped(600) == 240
    assert 7200 / capped(600) == 30
    assert capped(60) == 60


@pytest.mark.parametrize(
    ("milli", "whole", "sliced"), [(1000, 1, 10), (810, 1, 9), (470, 1, 5), (100, 1, 1), (50, 1, 1)]
)
def test_a_fraction_is_a_whole_gpu_or_enough_slices(milli, whole, sliced) -> None:
    job = Job("a", submit_seconds=1, gpus=1, gpu_milli=milli)
    assert units(job, planned(job, until_seconds=9)) == whole
    assert units(job, planned(job, until_seconds=9, fractions=Fractions.TIME_SLICED, slices=10)) == sliced
    assert units(job, planned(job, until_seconds=9, slices=10)) == 10 * whole


def test_fractions_are_counted(data) -> None:
    made = plan(read_trace(data / "openb" / "openb_pod_list_default.csv"), speed=240)
    assert made.n_fractions == 3078
    assert (len(made.jobs), made.left_out) == (8152, 0)


NAMES = st.text(min_size=1, max_size=80)


@given(st.lists(NAMES, unique=True, max_size=20))
def test_any_name_becomes_one_that_kubernetes_takes_and_stays_unique(names) -> None:
    made = [kubernetes_name(name) for name in names]
    assert len(set(made)) == len(made)
    for name in made:
        assert len(name) <= LENGTH_MAX
        assert name.strip("-") == name
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_the_sample_is_planned_whole() -> None:
    trace = read_trace(SAMPLE_FOLDER)
    made = plan(trace, speed=240)
    assert (len(made.jobs), made.left_out) == (len(trace.jobs), 0)
    assert made.wall_seconds(made.ends_seconds) == 70
    assert {f"{job.tenant}/{job.kind}/{job.name}" for job in made.jobs} == {job.target for job in trace.jobs}


def test_a_pod_says_what_the_stages_and_the_exporter_need() -> None:
    behaviour = Behaviour(Outcome.CRASH_LOOP, 120, 300, 2, 3, gpu_memory_share=0.5, idle_gpus=1, xid="79@60",
                          presses=parse_presses("cpu:0.4 pcie:0.25"))  # fmt: skip
    job = Job("a", "x", submit_seconds=1, gpus=2, cpu_milli=1500, memory_mib=100, products=("A10",), zone="z",
              behaviour=behaviour, is_gang=True)  # fmt: skip
    made = manifest(job, planned(job, until_seconds=9))
    pod = made["spec"]["template"]
    assert {k.removeprefix("lab.podlore.io/"): v for k, v in pod["metadata"]["annotations"].items()} == {
        "speed": "10",
        "run-for": "12000ms",
        "back-off": "30000ms",
        "restarts": "2",
        "exit-code": "3",
        "gpu-memory-share": "0.5",
        "idle-gpus": "1",
        "xid": "79@60",
        "presses": "cpu:0.4,pcie:0.25",
    }
    assert pod["spec"]["restartPolicy"] == "OnFailure"
    assert pod["spec"]["nodeSelector"] == {"topology.kubernetes.io/zone": "z"}
    assert made["spec"]["completionMode"] == "Indexed"
    resources = pod["spec"]["containers"][0]["resources"]
    assert resources["requests"] == {"cpu": "1500m", "memory": "100Mi", "nvidia.com/gpu": "2"}
    assert resources["limits"] == {"memory": "100Mi", "nvidia.com/gpu": "2"}


def test_nothing_in_a_spec_betrays_a_recorded_placement_but_its_scheduler() -> None:
    job = Job("a", submit_seconds=1, gpus=8, nodes=("n1",), behaviour=RUN)
    recorded, free = (
        manifest(one, planned(one, until_seconds=9))["spec"]["template"]["spec"]
        for one in (job, replace(job, nodes=()))
    )
    assert recorded.pop("schedulerName") == "podlore-lab-replay"
    assert recorded == free


def test_a_job_that_outlasts_the_trace_runs_on() -> None:
    job = Job("a", submit_seconds=1)
    labels = manifest(job, planned(job, until_seconds=9))["spec"]["template"]["metadata"]["labels"]
    assert labels["lab.podlore.io/outcome"] == "run"
