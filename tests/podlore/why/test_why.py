# ruff: noqa: E501 - what schedulers say is as long as it is
"""Why a workload waits: planted causes, alone and mixed, for kube-scheduler, Kueue, KAI and Volcano."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from podlore.snapshot import History, Snapshot
from podlore.testing import HOUR, MINUTE, NOW, job, node, pod, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Condition, Container, Event, ObjectRef, Pod, Requirement, Resources, Start, Taint
from podlore.why import WaitReason, find, why

W = WaitReason
WAITER = pod("waiter", gpus=4, age=2 * HOUR)
POD = ObjectRef("", "Pod", "vision", "waiter")
FULL = tuple(pod(f"full-{n}", namespace="nlp", node=f"gpu-{n}", gpus=8, age=48 * HOUR) for n in (1, 2))
CRUMBS = tuple(pod(f"crumb-{n}", namespace="nlp", node=f"gpu-{n}", gpus=6, age=48 * HOUR) for n in (1, 2))
NODES = (node("gpu-1", rack="a"), node("gpu-2", rack="b"))


def seen(*pods: Pod, **more: object) -> Snapshot:
    return snapshot(**{"nodes": NODES, "pods": pods} | more)


def says(message: str, *others: Pod, **changed: object) -> Snapshot:
    """The scheduler says something of the waiter."""
    return seen(replace(WAITER, unschedulable_message=message, **changed), *others)


def event(reason: str, message: str = "", about: ObjectRef = POD, ago: float = MINUTE) -> Event:
    return Event(
        f"{reason}-{about}", about, reason, message, "Warning", first_seen_at=NOW - HOUR, last_seen_at=NOW - ago
    )


def kueue(reason: str, message: str = "", *, kind: str = "QuotaReserved", gpus: int = 8) -> Snapshot:
    """A Job that Kueue holds back, and what its Workload says."""
    held = job("waiter", is_suspended=True, labels={"kueue.x-k8s.io/queue-name": "team"}, pods_wanted=1)
    held = replace(held, requests=Resources(gpu_milli=gpus * 1000))
    condition = Condition(kind, "False" if kind == "QuotaReserved" else "True", reason, message)
    told = job("job-waiter", kind="Workload", group="kueue.x-k8s.io", controller=held.ref, conditions=(condition,))
    return snapshot(nodes=NODES, controllers=(held, told))


def refused(message: str) -> Snapshot:
    """A Job whose pods the API server does not take."""
    owner = job("waiter", requests=Resources(gpu_milli=4000))
    return snapshot(nodes=NODES, controllers=(owner,), events=(event("FailedCreate", message, owner.ref),))


def placed(container: Container, *events: Event) -> Snapshot:
    there = pod("waiter", gpus=4, node="gpu-1", phase="Pending", containers=(container,))
    return seen(there, events=events)


def higher(*pods: Pod) -> Snapshot:
    vips = tuple(pod(f"vip-{n}", namespace="nlp", node="gpu-1", gpus=2, age=HOUR, priority=9) for n in range(4))
    full = pod("full-2", namespace="nlp", node="gpu-2", gpus=8, age=48 * HOUR)
    return seen(WAITER, *vips, full, *pods)


GATED = {"scheduling_gates": ("example.com/budget",)}
LARGE = {"node_selector": {"pool": "large"}}
TAINTED = (node("gpu-1", taints=(Taint("team", "NoSchedule", "a"),)), node("gpu-2", taints=(Taint("x", "NoExecute"),)))
LEAVING = replace(FULL[0], deleted_at=NOW)
GANG = tuple(
    pod(f"waiter-{n}", gpus=8, controller=ObjectRef("kubeflow.org", "PyTorchJob", "vision", "waiter")) for n in range(2)
)
GANG_OWNER = job("waiter", kind="PyTorchJob", group="kubeflow.org", pods_wanted=4)
UNSAID = "0/2 nodes are available: "

PLANTED: dict[str, tuple[W, Callable[[], Snapshot]]] = {
    # kube-scheduler
    "full nodes": (W.CAPACITY, lambda: seen(WAITER, *FULL)),
    "cpu is full": (W.CAPACITY, lambda: seen(replace(WAITER, requests=Resources(10**6, 0, 0)), *FULL)),
    "claims without a device": (
        W.CAPACITY,
        lambda: says(UNSAID + "2 cannot allocate all claims.", requests=Resources()),
    ),
    "crumbs": (W.FRAGMENTATION, lambda: seen(WAITER, *CRUMBS)),
    "crumbs for a gang": (
        W.FRAGMENTATION,
        lambda: seen(
            *GANG,
            *CRUMBS[:1],
            controllers=(replace(GANG_OWNER, pods_wanted=2),),
            nodes=(*NODES, node("gpu-3", gpus=7), node("gpu-4", gpus=7)),
        ),
    ),
    "a selector": (W.CONSTRAINT, lambda: seen(replace(WAITER, **LARGE))),
    "an affinity": (
        W.CONSTRAINT,
        lambda: seen(replace(WAITER, affinity_terms=((Requirement("pool", "In", ("x",)),),))),
    ),
    "a taint": (W.CONSTRAINT, lambda: seen(WAITER, nodes=TAINTED)),
    "a host port": (
        W.CONSTRAINT,
        lambda: says(UNSAID + "2 node(s) didn't have free ports for the requested pod ports."),
    ),
    "no such device": (W.CONSTRAINT, lambda: seen(replace(WAITER, gpu_resource="amd.com/gpu"))),
    "a spread": (W.TOPOLOGY, lambda: says(UNSAID + "2 node(s) didn't match pod topology spread constraints.")),
    "an anti-affinity": (W.TOPOLOGY, lambda: says(UNSAID + "2 node(s) didn't match pod anti-affinity rules.")),
    "another zone's volume": (W.VOLUME, lambda: says(UNSAID + "2 node(s) had volume node affinity conflict.")),
    "an unbound claim": (W.VOLUME, lambda: says("pod has unbound immediate PersistentVolumeClaims")),
    "a missing claim": (W.VOLUME, lambda: says('persistentvolumeclaim "data" not found')),
    "a gate": (W.GATE, lambda: seen(replace(WAITER, **GATED))),
    "higher priority": (W.PRIORITY, higher),
    "pods that leave": (W.PREEMPTION, lambda: seen(WAITER, LEAVING, FULL[1])),
    "a node on its way": (W.SCALE_UP, lambda: seen(WAITER, *FULL, events=(event("TriggeredScaleUp"),))),
    "nobody schedules": (W.SCHEDULER, lambda: seen(replace(WAITER, scheduler="nobody"))),
    "a gang's missing pods": (
        W.GANG,
        lambda: seen(*GANG, controllers=(GANG_OWNER,), nodes=(*NODES, node("gpu-3"), node("gpu-4"))),
    ),
    "resource quota": (W.QUOTA, lambda: refused('pods "x" is forbidden: exceeded quota: gpus, requested: 4')),
    "a missing account": (
        W.MISCONFIGURED,
        lambda: refused('pods "x" is forbidden: error looking up service account a/b'),
    ),
    "a webhook refuses": (
        W.MISCONFIGURED,
        lambda: refused('admission webhook "x" denied the request: no image policy'),
    ),
    "suspended": (W.SUSPENDED, lambda: snapshot(nodes=NODES, controllers=(job("waiter", is_suspended=True),))),
    # what has its place
    "image": (W.IMAGE, lambda: placed(Container("main", waiting_reason="ImagePullBackOff"))),
    "image name": (W.IMAGE, lambda: placed(Container("main", waiting_reason="InvalidImageName"))),
    "mount": (W.VOLUME, lambda: placed(Container("main", waiting_reason="ContainerCreating"), event("FailedMount"))),
    "starting": (W.STARTING, lambda: placed(Container("main", waiting_reason="ContainerCreating"))),
    # Kueue
    "unused quota": (
        W.QUOTA,
        lambda: kueue(
            "Pending",
            "couldn't assign flavors to pod set main: insufficient unused quota for nvidia.com/gpu in flavor h100, 4 more needed",
        ),
    ),
    "more than the maximum": (
        W.QUOTA,
        lambda: kueue("Pending", "insufficient quota for nvidia.com/gpu in flavor a, request > maximum capacity (8)"),
    ),
    "token ExceedsMaxQuota": (W.QUOTA, lambda: kueue("ExceedsMaxQuota")),
    "token WaitingForQuota": (W.QUOTA, lambda: kueue("WaitingForQuota")),
    "token Deactivated": (W.SUSPENDED, lambda: kueue("Deactivated", "The workload is deactivated")),
    "a stopped queue": (W.SUSPENDED, lambda: kueue("Inadmissible", "ClusterQueue gpus is stopped")),
    "no such queue": (W.MISCONFIGURED, lambda: kueue("Inadmissible", "LocalQueue team doesn't exist")),
    "token NoMatchingFlavor": (W.CONSTRAINT, lambda: kueue("NoMatchingFlavor")),
    "flavor's taint": (
        W.CONSTRAINT,
        lambda: kueue(
            "Pending",
            "couldn't assign flavors to pod set main: untolerated taint in flavor spot, flavor spot doesn't match node affinity",
        ),
    ),
    "token TopologyPlacementFailed": (W.TOPOLOGY, lambda: kueue("TopologyPlacementFailed")),
    "no domain": (W.TOPOLOGY, lambda: kueue("Pending", 'topology "racks" allows to fit only 1 out of 2 pod(s)')),
    "token AdmissionGated": (W.GATE, lambda: kueue("AdmissionGated")),
    "token WaitingForPodsReady": (W.GATE, lambda: kueue("WaitingForPodsReady")),
    "token WaitingForPreemptedWorkloads": (W.PREEMPTION, lambda: kueue("WaitingForPreemptedWorkloads")),
    "pending preemption": (W.PREEMPTION, lambda: kueue("Pending", "Pending the preemption of 2 workload(s)")),
    "a silent queue": (W.SUSPENDED, lambda: kueue("Pending")),
    # KAI and Volcano
    "KAI over limit": (
        W.QUOTA,
        lambda: says(
            "Workload requested 8 GPUs, but team quota is 4 GPUs, while 4 GPUs are already allocated for non-preemptible pods"
        ),
    ),
    "KAI queue limit": (
        W.QUOTA,
        lambda: says("OverLimit: team has reached the allowable limit of GPUs. Limit is 4 GPUs"),
    ),
    "KAI queue missing": (W.MISCONFIGURED, lambda: says("QueueDoesNotExist: the queue does not exist")),
    "KAI preemption delay": (W.PREEMPTION, lambda: says("PreemptionDelayNotElapsed")),
    "KAI full": (W.CAPACITY, lambda: says("no nodes with enough resources were found", *FULL)),
    "Volcano overused": (W.QUOTA, lambda: says("queue team is overused")),
    "Volcano queue": (W.QUOTA, lambda: says("queue resource quota insufficient: insufficient nvidia.com/gpu")),
    "Volcano gang, full": (
        W.CAPACITY,
        lambda: says("3/3 tasks in gang unschedulable: pod group is not ready, 3 Pending, 3 minAvailable", *FULL),
    ),
    "Volcano gang, room": (W.GANG, lambda: says("pod group is not ready, 1 Pending, 3 minAvailable")),
    # mixed: the earlier reason would hold it back if the later were solved
    "gate and full": (W.GATE, lambda: seen(replace(WAITER, **GATED), *FULL)),
    "volume and full": (
        W.VOLUME,
        lambda: says('persistentvolumeclaim "data" not found, 2 Insufficient nvidia.com/gpu', *FULL),
    ),
    "gate and selector": (W.GATE, lambda: seen(replace(WAITER, **GATED, **LARGE))),
    "volume and selector": (W.VOLUME, lambda: says("2 node(s) had volume node affinity conflict", **LARGE)),
    "quota and gate": (
        W.QUOTA,
        lambda: says("insufficient unused quota", scheduling_gates=("kueue.x-k8s.io/admission",)),
    ),
    "quota and full": (W.QUOTA, lambda: says("queue quota has reached the allowable limit", *FULL)),
    "selector and full": (W.CONSTRAINT, lambda: seen(replace(WAITER, **LARGE), *FULL)),
    "selector and crumbs": (W.CONSTRAINT, lambda: seen(replace(WAITER, **LARGE), *CRUMBS)),
    "scale-up and selector": (W.SCALE_UP, lambda: seen(replace(WAITER, **LARGE), events=(event("TriggeredScaleUp"),))),
    "spread and full": (
        W.TOPOLOGY,
        lambda: says("1 node(s) didn't match pod topology spread constraints, 1 Insufficient cpu", *FULL),
    ),
    "misconfigured and full": (W.MISCONFIGURED, lambda: says("QueueDoesNotExist", *FULL)),
}


def reason_of(cluster: Snapshot) -> WaitReason | None:
    view = ClusterView(cluster)
    name = "vision/PyTorchJob/waiter" if any(one.ref.kind == "PyTorchJob" for one in cluster.controllers) else "waiter"
    return why(view, find(view, name)).reason


@pytest.mark.parametrize("case", PLANTED)
def test_the_planted_cause_is_the_dominant_reason(case: str) -> None:
    reason, cluster = PLANTED[case]
    assert reason_of(cluster()) is reason


def test_every_reason_is_planted() -> None:
    assert {reason for reason, _ in PLANTED.values()} == set(WaitReason)


def test_what_runs_waits_for_nothing() -> None:
    assert reason_of(seen(pod("waiter", node="gpu-1"))) is None


def test_later_reasons_are_named_after_the_dominant_one() -> None:
    view = ClusterView(seen(replace(WAITER, **GATED), *FULL))
    answer = why(view, find(view, "waiter"))
    assert answer.also == (W.CAPACITY,)
    assert answer.start is None


def test_a_start_is_predicted_from_the_waits_of_those_who_asked_for_as_much() -> None:
    ref = ObjectRef("batch", "Job", "nlp", "other")
    waits = [HOUR * (2 + n / 10) for n in range(1, 41)]
    starts = tuple(
        Start(f"o-{n}", "nlp", ref, NOW - wait - MINUTE, NOW - MINUTE, WAITER.requests) for n, wait in enumerate(waits)
    )
    view = ClusterView(seen(WAITER, *FULL, history=History(starts=starts)))
    start = why(view, find(view, "waiter")).start
    assert start is not None
    assert start.others == 40
    assert 0 < start.low_seconds < start.expected_seconds < start.high_seconds
    alone = replace(view.snapshot, history=History())
    lone = why(ClusterView(alone), find(ClusterView(alone), "waiter")).start
    assert lone is not None
    assert lone.others == 0
    assert lone.low_seconds < 2 * HOUR / 8
    assert lone.high_seconds > 9 * 2 * HOUR
    assert start.high_seconds < lone.high_seconds, "who waited as long did not wait much longer"
