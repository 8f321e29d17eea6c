"""What every detector promises, whichever it is."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from podlore.patterns import DETECTORS, Detector
from podlore.policy import Policy, Thresholds
from podlore.snapshot import History, Snapshot
from podlore.testing import HOUR, MINUTE, NOW, gang, gpu_window, job, node, pod, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import (
    Condition,
    Container,
    Controller,
    Event,
    Failure,
    GpuWindow,
    LogLine,
    Node,
    ObjectRef,
    Pattern,
    Pod,
    Resources,
    Series,
    Start,
    Termination,
    Workload,
)

METRIC_BASED = {"ResourceHoarding", "OverRequest", "GangScattered", "Straggler", "Interference"}


@pytest.fixture(params=DETECTORS, ids=lambda detector: detector.__name__)
def detector(request: pytest.FixtureRequest) -> Detector:
    return request.param  # type: ignore[no-any-return]


def busy_cluster() -> Snapshot:
    """Return a cluster in which much is wrong."""
    nodes = tuple(node(f"gpu-{n}", rack=f"r{n % 2}") for n in range(6))
    controller, workers = gang(nodes=("gpu-0", "gpu-1"), gpus=4)
    idle = pod("idle", node="gpu-2", gpus=4)
    end = Termination(1, "Error", NOW - 90, NOW - 60)
    loop = Container("main", 5, waiting_reason="CrashLoopBackOff", ended_before=end)
    crashing = pod("crashing", node="gpu-3", gpus=4, age=HOUR / 2, containers=(loop,))
    whole = pod("whole", gpus=8, age=2 * HOUR, node_selector={"pool": "none"})
    filler = (pod("a", node="gpu-4", gpus=4), pod("b", node="gpu-5", gpus=4))
    split = pod("split", gpus=8, age=2 * HOUR)
    killed = tuple(
        Failure("vision", "a", "main", ObjectRef("", "Pod", "vision", "a"), "gpu-4", NOW - age, 137, "OOMKilled")
        for age in (HOUR, MINUTE)
    )
    starts = tuple(
        Start(
            f"s{n}", "nlp", ObjectRef("batch", "Job", "nlp", f"s{n}"), NOW - 900, NOW - 800, Resources(gpu_milli=8000)
        )
        for n in range(5)
    )
    windows = (
        *(gpu_window(one, gpu=gpu, activity=0.5) for one in workers for gpu in range(4)),
        *(gpu_window(idle, gpu=gpu, activity=0.0) for gpu in range(4)),
    )
    return snapshot(
        nodes=nodes,
        pods=(*workers, idle, crashing, whole, *filler, split),
        controllers=(controller,),
        gpu_windows=windows,
        has_metrics=True,
        history=History(starts, killed),
    )


def everything_off() -> Policy:
    off = {name.name: replace(getattr(Thresholds(), name.name), enabled=False) for name in fields(Thresholds)}
    return Policy(thresholds=Thresholds(**off))


def test_nothing_is_found_in_an_empty_snapshot(detector: Detector) -> None:
    assert not list(detector(ClusterView(snapshot())))


def test_what_the_policy_disables_is_silent(detector: Detector) -> None:
    assert not list(detector(ClusterView(replace(busy_cluster(), policy=everything_off()))))


def test_without_metrics_nothing_is_said_that_needs_them(detector: Detector) -> None:
    blind = replace(busy_cluster(), gpu_windows=(), has_metrics=False)
    assert not [finding for finding in detector(ClusterView(blind)) if finding.pattern in METRIC_BASED]


def test_detectors_stand_in_the_order_of_the_vocabulary() -> None:
    assert [detector.__name__.replace("_", "") for detector in DETECTORS] == [pattern.lower() for pattern in Pattern]


def test_every_finding_has_evidence_with_a_bar(detector: Detector) -> None:
    for finding in detector(ClusterView(busy_cluster())):
        assert any(fact.threshold for fact in finding.evidence)
        assert finding.summary.endswith(".")
        assert len(finding.summary) <= 512


def test_a_quiet_minute_changes_nothing(detector: Detector) -> None:
    seen = busy_cluster()
    assert list(detector(ClusterView(seen))) == list(detector(ClusterView(replace(seen, now=seen.now + 61))))


def test_the_busy_cluster_shows_every_one_of_the_first_six() -> None:
    view = ClusterView(busy_cluster())
    found = {finding.pattern for detector in DETECTORS for finding in detector(view)}
    assert found >= {
        "ResourceHoarding", "AccessibilityBarrier", "Fragmentation", "GangScattered", "CrashLoop", "OutOfMemoryLoop"
    }  # fmt: skip


# --- hostile values ---

times = st.sampled_from([0.0, -1e18, 1e18, NOW, NOW - 60, NOW - 2 * HOUR, NOW + 1e6])
maybe_times = st.none() | times
words = st.sampled_from(["", "a", "b", "gpu-1", "x" * 300, "\u202eevil", "<script>", "OOMKilled", "CrashLoopBackOff"])
whole = st.sampled_from([-5, 0, 1, 3, 1000, 8000, 10**15, 2**70])
reals = st.sampled_from([-1.0, 0.0, 0.5, 1.0, 1e300])
maps = st.dictionaries(words, words, max_size=2)
amounts = st.builds(Resources, whole, whole, whole)
refs = st.builds(ObjectRef, words, st.sampled_from(["Pod", "Job", "Deployment", "Node", "PyTorchJob"]), words, words)
ends = st.none() | st.builds(Termination, whole, words, maybe_times, maybe_times)
containers = st.builds(Container, words, whole, maybe_times, st.booleans(), words, words, ended=ends, ended_before=ends)
pods = st.builds(
    Pod,
    namespace=words,
    name=words,
    uid=words,
    created_at=times,
    phase=st.sampled_from(["Pending", "Running", "Failed", "Succeeded", "?"]),
    node=words,
    controller=st.none() | refs,
    labels=maps,
    annotations=maps,
    requests=amounts,
    containers=st.lists(containers, max_size=2).map(tuple),
    scheduled_at=maybe_times,
    started_at=maybe_times,
    deleted_at=maybe_times,
)
nodes = st.builds(Node, words, words, times, labels=maps, allocatable=amounts, is_ready=st.booleans())
controllers = st.builds(
    Controller,
    ref=refs,
    created_at=times,
    controller=st.none() | refs,
    pods_wanted=whole,
    is_suspended=st.booleans(),
    deadline_seconds=st.none() | reals,
    requests=amounts,
    conditions=st.lists(st.builds(Condition, words, words, words, words), max_size=1).map(tuple),
)
windows = st.builds(GpuWindow, words, words, words, words, reals, whole, reals, reals, reals, sharing=whole)
events = st.builds(Event, words, refs, words, words, first_seen_at=times, last_seen_at=times)
failures = st.builds(Failure, words, words, words, refs, words, times, whole, words, st.booleans())
starts = st.builds(Start, words, words, refs, times, times, amounts)
values = st.lists(st.none() | reals, max_size=30).map(tuple)
metrics = st.sampled_from(
    [
        "DCGM_FI_PROF_GR_ENGINE_ACTIVE",
        "DCGM_FI_DEV_XID_ERRORS",
        "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL",
        "node_infiniband_symbol_error_total",
        "container_cpu_usage_seconds_total",
        "node_pressure_io_waiting_seconds_total",
        "unheard_of",
    ]
)
series = st.builds(Series, metrics, words, times, st.just(300.0), values, words, words, words)
logs = st.builds(LogLine, words, words, times, words)
snapshots = st.builds(
    Snapshot,
    now=st.just(NOW),
    observed_since=times,
    pods=st.lists(pods, max_size=6).map(tuple),
    nodes=st.lists(nodes, max_size=3).map(tuple),
    events=st.lists(events, max_size=3).map(tuple),
    controllers=st.lists(controllers, max_size=3).map(tuple),
    gpu_windows=st.lists(windows, max_size=4).map(tuple),
    has_metrics=st.booleans(),
    series=st.lists(series, max_size=6).map(tuple),
    logs=st.lists(logs, max_size=4).map(tuple),
    history=st.builds(History, st.lists(starts, max_size=3).map(tuple), st.lists(failures, max_size=6).map(tuple)),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(snapshots)
def test_hostile_values_are_no_error(detector: Detector, seen: Any) -> None:
    for finding in detector(ClusterView(seen)):
        assert finding.gpu_hours_at_stake >= 0


def test_workloads_are_frozen() -> None:
    assert Workload.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert job().ref.kind == "Job"
