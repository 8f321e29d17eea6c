"""Who was seen to slow whom, where they meet, and what explains a fall better."""

from dataclasses import replace
from itertools import pairwise

import pytest

from podlore.interference.company import effect
from podlore.interference.meeting_point import Resource
from podlore.interference.observed import SM_CLOCK, lost_on, observed
from podlore.patterns.interference import interference
from podlore.snapshot import Snapshot
from podlore.testing import activity, node, pod, series, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Series

VICTIM = pod("trainer", namespace="nlp", node="gpu-1", gpus=4)
LOUD = pod("decoder", namespace="vision", node="gpu-1", gpus=1, cpus=10)
ALSO_LOUD = pod("indexer", namespace="web", node="gpu-1", gpus=1, cpus=10)
COMPANY = [False] * 8 + [True] * 8 + [False] * 8 + [True] * 8
NODES = (node("gpu-1", rack="r1"), node("gpu-2", rack="r2"), node("gpu-3", rack="r1"), node("full", gpus=2))


def own(falls: list[bool]) -> Series:
    return activity(VICTIM, [(0.6 if fall else 0.9) + (0.01 if step % 2 else -0.01) for step, fall in enumerate(falls)])


def there(which: object = LOUD, company: list[bool] = COMPANY) -> Series:
    return activity(which, [0.8 if present else None for present in company])  # type: ignore[arg-type]


def seen(*more: Series, pods: tuple[object, ...] = (VICTIM, LOUD)) -> ClusterView:
    made: Snapshot = snapshot(pods=pods, nodes=NODES, series=more, has_metrics=True)
    return ClusterView(made)


def climbing(metric: str, each_step: list[float], **more: object) -> Series:
    total, values = 0.0, []
    for growth in each_step:
        total += growth
        values.append(total)
    return series(metric, values, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("metric", "resource"),
    [
        ("node_pressure_cpu_waiting_seconds_total", Resource.CPU),
        ("node_pressure_io_waiting_seconds_total", Resource.STORAGE),
        ("node_pressure_memory_stalled_seconds_total", Resource.MEMORY),
    ],
)
def test_stalls_that_rise_with_the_neighbour_tell_the_resource(metric: str, resource: Resource) -> None:
    stalls = climbing(metric, [90.0 if company else 1.0 for company in COMPANY])
    [edge] = [edge for edge in observed(seen(own(COMPANY), there(), stalls)) if edge.victim.name == "trainer"]
    assert edge.meeting.resource is resource


def test_stalls_that_are_always_there_tell_nothing() -> None:
    stalls = climbing("node_pressure_cpu_waiting_seconds_total", [90.0] * 32)
    [edge] = [edge for edge in observed(seen(own(COMPANY), there(), stalls)) if edge.victim.name == "trainer"]
    assert edge.meeting.resource is Resource.UNKNOWN


def test_a_counter_that_stands_still_alone_is_not_read_there_and_tells_the_resource_all_the_same() -> None:
    stalls = climbing("node_pressure_cpu_waiting_seconds_total", [90.0 if company else 0.0 for company in COMPANY])
    around = [True, *(now or before for before, now in pairwise(COMPANY))]
    moving = tuple(value if near else None for value, near in zip(stalls.values, around, strict=True))
    [edge] = [
        edge
        for edge in observed(seen(own(COMPANY), there(), replace(stalls, values=moving)))
        if edge.victim.name == "trainer"
    ]
    assert edge.meeting.resource is Resource.CPU


def test_what_the_neighbour_uses_tells_the_resource() -> None:
    total = climbing("container_fs_reads_bytes_total", [3e11 * company for company in COMPANY], pod=LOUD)
    values = tuple(value if present else None for value, present in zip(total.values, COMPANY, strict=True))
    reads = replace(total, values=values)
    [edge] = [edge for edge in observed(seen(own(COMPANY), there(), reads)) if edge.victim.name == "trainer"]
    assert edge.meeting.resource is Resource.STORAGE


def test_who_hold_one_gpu_meet_on_it() -> None:
    shared = replace(there(), gpu="GPU-x"), replace(own(COMPANY), gpu="GPU-x")
    [edge] = [edge for edge in observed(seen(*shared)) if edge.victim.name == "trainer"]
    assert edge.meeting.resource is Resource.GPU


def test_the_finding_names_every_aggressor_the_resource_and_quieter_nodes() -> None:
    stalls = climbing("node_pressure_cpu_waiting_seconds_total", [90.0 if company else 1.0 for company in COMPANY])
    view = seen(own(COMPANY), there(), there(ALSO_LOUD), stalls, pods=(VICTIM, LOUD, ALSO_LOUD))
    [finding] = [finding for finding in interference(view) if finding.target.name == "trainer"]
    assert {ref.name for ref in finding.blamed} == {"decoder", "indexer"}
    assert "meet on CPU" in finding.summary
    assert finding.ranked_nodes == ("gpu-3", "gpu-2")


def test_what_two_cost_each_other_counts_on_nodes_where_the_other_is() -> None:
    other = pod("sampler", namespace="nlp", node="gpu-3", gpus=1)
    slowed = replace(activity(other, [0.45 if present else 0.9 for present in COMPANY]), node="gpu-1")
    mine = activity(VICTIM, [None if not present else 0.9 for present in COMPANY])
    view = seen(mine, slowed, pods=(VICTIM, replace(other, node="gpu-1")))
    [edge] = [edge for edge in observed(view) if edge.victim.name == "sampler"]
    assert edge.aggressor.name == "trainer"
    assert lost_on(view, edge.aggressor, "gpu-1") == pytest.approx(0.5, abs=0.01)
    assert lost_on(view, edge.victim, "gpu-1") == pytest.approx(0.5, abs=0.01)
    assert lost_on(view, edge.aggressor, "gpu-2") == 0


def test_a_throttled_clock_explains_a_fall() -> None:
    clock = series(SM_CLOCK, [1200.0 if company else 1980.0 for company in COMPANY], pod=VICTIM)
    assert not [edge for edge in observed(seen(own(COMPANY), there(), clock)) if edge.victim.name == "trainer"]


def test_a_clock_throttled_at_other_times_is_left_out_and_said() -> None:
    falls = [*COMPANY[:-10], *([True] * 2), *COMPANY[-8:]]
    clock = series(SM_CLOCK, [1200.0 if step in {22, 23} else 1980.0 for step in range(32)], pod=VICTIM)
    [edge] = [edge for edge in observed(seen(own(falls), there(), clock)) if edge.victim.name == "trainer"]
    assert edge.effect.steps_left_out == 2


@pytest.mark.parametrize(("runs_on", "is_said"), [(("gpu-2",), False), (("gpu-1", "gpu-2"), True), ((), True)])
def test_a_neighbour_that_runs_elsewhere_by_now_is_known_and_not_spoken_of(
    runs_on: tuple[str, ...], is_said: bool
) -> None:
    first, *later = (pod(f"decoder-{turn}", namespace="vision", node="gpu-1", gpus=1) for turn in range(3))
    now = [replace(one, node=node) for one, node in zip(later, runs_on, strict=False)]
    view = seen(own(COMPANY), there(first), pods=(VICTIM, *now))
    [edge] = [edge for edge in observed(view) if edge.victim.name == "trainer"]
    assert edge.is_apart is not is_said
    assert [finding.target.name for finding in interference(view)] == ["trainer"] * is_said


def test_a_quiet_cluster_has_no_edges() -> None:
    assert observed(seen(own([False] * 32), there())) == ()


def test_one_visit_is_no_evidence() -> None:
    assert effect([0.9] * 8 + [0.5] * 8, [False] * 8 + [True] * 8) is None


def test_separation_removes_the_slowdown() -> None:
    """Replay the advice: with the neighbour on another node the same series show no edge."""
    elsewhere = replace(there(), node="gpu-2")
    assert observed(seen(own([False] * 32), elsewhere, pods=(VICTIM, replace(LOUD, node="gpu-2")))) == ()


def test_the_more_changes_of_company_the_less_is_left_to_chance():
    from podlore.interference.company import effect

    few = effect([0.9, 0.9, 0.9, 0.6, 0.6, 0.6, 0.9, 0.9, 0.9], [False] * 3 + [True] * 3 + [False] * 3)
    more = effect([0.9, 0.9, 0.9, 0.6, 0.6, 0.6] * 4, ([False] * 3 + [True] * 3) * 4)
    assert few is not None
    assert more is not None
    assert (few.chance, more.chance) == (1 / 3, 1 / 70)
