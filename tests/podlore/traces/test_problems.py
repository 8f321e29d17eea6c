"""What only shows beside the other rows, or beside the cluster."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlore.errors import BadInput
from podlore.traces import Job, NodeShape, Problem, Trace, problems, stop_on
from podlore.traces.problems import peak_gpus

NODES = (
    NodeShape("n1", "A10", 4, cpu_milli=64000, memory_mib=1024, zone="a"),
    NodeShape("n2", cpu_milli=1000, memory_mib=1),
)


def found(*jobs: Job, nodes: tuple[NodeShape, ...] = NODES) -> list[str]:
    return [str(problem) for problem in problems(Trace("t", "own", jobs), nodes)]


def test_a_sound_trace_has_no_problem() -> None:
    assert not found(Job("a", submit_seconds=0, gpus=4, products=("A10",), zone="a", nodes=("n1",)))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"products": ("B300",)}, "row 2: a: no node has B300"),
        ({"gpus": 4, "products": ("A10",), "zone": "b"}, "row 2: a: larger than any node it may use"),
        ({"memory_mib": 2000}, "row 2: a: larger than any node it may use"),
        ({"zone": "b"}, "row 2: a: larger than any node it may use"),
        ({"nodes": ("n9",)}, "row 2: a: placed on n9, which is no node"),
        (
            {"gpus": 4, "pods": 2},
            "whole trace: 8 GPUs are asked for at once at 0 s, the nodes have 4: queues will not drain",
        ),
    ],
)
def test_what_does_not_fit_the_cluster_is_said(change: dict, reason: str) -> None:
    assert found(replace(Job("a", submit_seconds=0), **change)) == [reason]


def test_names_may_come_twice_in_different_tenants_only() -> None:
    same = [Job("a", tenant, submit_seconds=0) for tenant in ("x", "y", "x")]
    assert found(*same) == ["row 4: 'x/Job/a' is also in row 2"]


def test_a_node_that_comes_twice_is_said() -> None:
    assert found(nodes=(NODES[0], NODES[0])) == ["whole trace: node 'n1' comes twice"]


def test_strict_stops_at_the_first_problem_and_counts_the_rest() -> None:
    with pytest.raises(BadInput, match=r"^jobs.csv, row 3: no name \(and 1 more"):
        stop_on([Problem(3, "no name"), Problem(5, "no name")], "jobs.csv")
    stop_on([], "jobs.csv")


SPANS = st.lists(
    st.tuples(st.integers(0, 50), st.none() | st.integers(1, 30), st.integers(0, 8)), min_size=1, max_size=12
)


@given(SPANS)
def test_the_most_gpus_at_once_equals_a_count_at_every_moment(spans: list[tuple[int, int | None, int]]) -> None:
    jobs = [
        Job(f"j{number}", submit_seconds=float(submit), duration_seconds=length, gpus=gpus)
        for number, (submit, length, gpus) in enumerate(spans)
    ]
    at_moments = [
        sum(gpus for submit, length, gpus in spans if submit <= now and (length is None or now < submit + length))
        for now in range(90)
    ]
    peak, at_seconds = peak_gpus(jobs)
    assert peak == max(at_moments)
    assert peak == 0 or at_moments[int(at_seconds or 0)] == peak
