"""Statistics of a trace, small enough to count by hand."""

from podlore.traces import Job, NodeShape, Problem, Trace
from podlore.traces.describe import describe


def test_what_is_counted_can_be_counted_by_hand() -> None:
    jobs = (
        Job("a", "x", submit_seconds=0, duration_seconds=100, gpus=2, pods=2),
        Job(
            "b", "x", submit_seconds=50, duration_seconds=300, wait_seconds=7, gpus=1, gpu_milli=500, products=("A10",)
        ),
        Job("c", "y", submit_seconds=200, status="Failed"),
    )
    nodes = (NodeShape("n", "A10", 4, rack="r", zone="z"), NodeShape("m"))
    said = dict(describe(Trace("t", "own", jobs, nodes, (Problem(9, "odd", is_left_out=True),))))
    assert said["jobs"] == "3 (4 pods, 2 tenants)"
    assert said["largest tenants"] == "x 66.7%, y 33.3%"
    assert said["part of a GPU"] == "1 jobs (33.3%)"
    assert said["tied to products"] == "1 jobs (33.3%)"
    assert said["GPUs asked for"] == "4.5 in sum"
    assert said["submitted over"] == "0:03:20"
    assert said["duration"] == "p50 200 s, p90 280 s, p99 298 s, most 300 s (2 jobs)"
    assert said["wait"] == "7 s"
    assert said["most GPUs at once"] == "4.5, at 50 s, if nobody waits"
    assert said["nodes"] == "2, 1 of them with GPUs"
    assert said["racks and zones"] == "1 racks in 1 zones"
    assert said["problems"] == "1, 1 of them rows left out"


def test_a_trace_without_times_says_so() -> None:
    assert dict(describe(Trace("t", "own", (Job("a"),))))["times"] == "none"
