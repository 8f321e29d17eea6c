"""AccessibilityBarrier: kept out while others get in, for one dominant reason."""

from dataclasses import replace

import pytest

from podlore.patterns.accessibility_barrier import accessibility_barrier
from podlore.snapshot import History, Snapshot
from podlore.testing import HOUR, MINUTE, NOW, job, node, pod, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Condition, Event, Finding, Node, ObjectRef, Pod, Requirement, Resources, Start, Taint

FULL = pod("resident", namespace="nlp", node="gpu-1", gpus=8, age=48 * HOUR)
POOL = {"pool": "small"}


def found(seen: Snapshot) -> list[Finding]:
    return list(accessibility_barrier(ClusterView(seen)))


def start(name: str, *, ago: float, waited: float = MINUTE, gpus: float = 4, namespace: str = "nlp") -> Start:
    placed_at = NOW - ago
    ref = ObjectRef("batch", "Job", namespace, name)
    return Start(name, namespace, ref, placed_at - waited, placed_at, Resources(4000, 0, int(gpus * 1000)))


OTHERS = tuple(start(f"other-{n}", ago=n * 20 * MINUTE) for n in range(1, 6))


def cluster(*pods: Pod, starts: tuple[Start, ...] = OTHERS, **more: object) -> Snapshot:
    nodes = (node("gpu-1"), node("gpu-2", labels=POOL))
    return snapshot(**{"nodes": nodes, "pods": (FULL, *pods), "history": History(starts=starts)} | more)


SMALL = pod("small", gpus=1, age=2 * HOUR, node_selector={"pool": "large"})


def test_a_selector_that_keeps_a_job_off_free_nodes_is_the_reason() -> None:
    [finding] = found(cluster(SMALL))
    assert (str(finding.target), finding.cause) == ("vision/Pod/small", "Constraint")
    assert finding.ranked_nodes == ("gpu-2",)
    assert any("Selector pool=large" in fact.reference for fact in finding.evidence)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"affinity_terms": ((Requirement("pool", "In", ("large",)),),), "node_selector": {}}, "Constraint"),
        ({"scheduling_gates": ("example.com/gate",)}, "Gate"),
        ({"unschedulable_message": "0/2 nodes: 2 node(s) had volume node affinity conflict"}, "Volume"),
        ({"unschedulable_message": "0/2 nodes: 2 node(s) didn't match pod topology spread constraints"}, "Topology"),
        ({"node_selector": {}, "scheduler": "nobody"}, "Scheduler"),
    ],
)
def test_the_dominant_reason_is_named(changed: dict[str, object], reason: str) -> None:
    [finding] = found(cluster(replace(SMALL, **changed)))  # type: ignore[arg-type]
    assert finding.cause == reason


def test_a_taint_that_nobody_tolerates_is_a_constraint() -> None:
    nodes: tuple[Node, ...] = (node("gpu-1"), node("gpu-2", taints=(Taint("team", "NoSchedule", "a"),)))
    [finding] = found(cluster(replace(SMALL, node_selector={}), nodes=nodes))
    assert finding.cause == "Constraint"


def test_full_nodes_are_a_reason_of_their_own() -> None:
    filler = pod("filler", namespace="nlp", node="gpu-2", gpus=8, age=48 * HOUR)
    [finding] = found(cluster(replace(SMALL, node_selector={}), filler))
    assert finding.cause == "Capacity"


def test_work_of_higher_priority_is_the_reason_if_it_was_placed_first() -> None:
    filler = pod("filler", namespace="nlp", node="gpu-2", gpus=8, age=48 * HOUR)
    served = tuple(pod(f"vip-{n}", namespace="nlp", node="gpu-1", gpus=2, age=HOUR, priority=9) for n in range(4))
    [finding] = found(cluster(replace(SMALL, node_selector={}), filler, *served, starts=()))
    assert finding.cause == "Priority"


@pytest.mark.parametrize(
    "seen",
    [
        cluster(replace(SMALL, created_at=NOW - 59 * MINUTE)),
        cluster(SMALL, starts=OTHERS[:2]),
        cluster(SMALL, starts=()),
        cluster(SMALL, starts=tuple(start(f"slow-{n}", ago=n * 20 * MINUTE, waited=HOUR) for n in range(1, 6))),
        cluster(SMALL, *(pod(f"queue-{n}", gpus=4, age=2 * HOUR) for n in range(8))),
        cluster(replace(SMALL, requests=Resources(gpu_milli=16_000))),
        cluster(SMALL, starts=tuple(start(f"cpu-{n}", ago=n * 20 * MINUTE, gpus=0) for n in range(1, 6))),
    ],
    ids=["young", "two others", "nobody else", "others waited too", "everybody waits", "larger", "not alike"],
)
def test_what_only_looks_like_it_is_silent(seen: Snapshot) -> None:
    assert not [finding for finding in found(seen) if finding.target.name == "small"]


def test_a_job_like_all_others_meets_no_barrier() -> None:
    plain = pod("plain", namespace="nlp", gpus=4, age=2 * HOUR)
    filler = pod("filler", namespace="nlp", node="gpu-2", gpus=8, age=48 * HOUR)
    assert not found(cluster(plain, filler))


def test_a_newcomer_is_told_from_those_who_were_served_before() -> None:
    filler = pod("filler", namespace="nlp", node="gpu-2", gpus=8, age=48 * HOUR)
    [finding] = found(cluster(pod("first", namespace="newcomer", gpus=4, age=2 * HOUR), filler))
    assert finding.evidence[0].observed.startswith("new")


def test_a_full_quota_is_no_barrier() -> None:
    controller = job("held", pods_wanted=1, is_suspended=True, labels={"kueue.x-k8s.io/queue-name": "team"})
    controller = replace(controller, requests=Resources(gpu_milli=1000))
    kueue = job("held-kueue", kind="Workload", group="kueue.x-k8s.io", controller=controller.ref)
    message = "couldn't assign flavors: insufficient unused quota for nvidia.com/gpu"
    full = replace(kueue, conditions=(Condition("QuotaReserved", "False", "Pending", message),))
    assert not found(cluster(controllers=(controller, full)))
    [finding] = found(cluster(controllers=(controller, kueue)))
    assert finding.cause == "Suspended"


def test_whoever_suspends_his_own_job_waits_for_nobody() -> None:
    controller = job("mine", is_suspended=True, requests=Resources(gpu_milli=1000))
    assert not found(cluster(controllers=(controller,)))


def test_whoever_insists_on_a_product_is_compared_with_those_who_got_it() -> None:
    product = "nvidia.com/gpu.product"
    nodes = (node("gpu-1", labels={product: "B200"}), node("gpu-2", labels={product: "H100"}))
    waiter = pod("waiter", gpus=1, age=2 * HOUR, node_selector={product: "B200", "pool": "large"})
    elsewhere = tuple(replace(one, node="gpu-2") for one in OTHERS)
    assert not found(cluster(waiter, nodes=nodes, starts=elsewhere))
    beside = tuple(replace(one, node="gpu-1") for one in OTHERS)
    assert found(cluster(waiter, nodes=nodes, starts=beside))


def test_a_node_that_is_on_its_way_silences() -> None:
    event = Event("e", ObjectRef("", "Pod", "vision", "small"), "TriggeredScaleUp", "", last_seen_at=NOW - MINUTE)
    assert not found(cluster(SMALL, events=(event,)))


def test_a_minute_later_the_finding_is_the_same() -> None:
    seen = cluster(SMALL)
    assert found(seen) == found(replace(seen, now=NOW + 60))
