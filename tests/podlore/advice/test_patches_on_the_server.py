"""Every kind of patch that podlore previews, on real objects: the API server's own dry run must take it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from podlore.advice import advice
from podlore.clock import Clock
from podlore.objects import read_controller
from podlore.patterns.found import found
from podlore.testing import GIB, HOUR, activity, gpu_window, node, pod, series, snapshot
from podlore.testing.patch_paths import patch_paths
from podlore.view import ClusterView
from podlore.vocabulary import (
    Action,
    Container,
    Evidence,
    EvidenceSource,
    ObjectRef,
    Pattern,
    Pod,
    Recommendation,
    Termination,
)
from podlore_lab.cluster import Lab

P, A = Pattern, Action
FACT = Evidence(EvidenceSource.OBJECT, "seen in the case", "so")
STRICT = "dryRun=All&fieldValidation=Strict"
STRATEGIC = "application/strategic-merge-patch+json"
PATHS = {
    "Job": "apis/batch/v1",
    "CronJob": "apis/batch/v1",
    "Deployment": "apis/apps/v1",
    "StatefulSet": "apis/apps/v1",
    "DaemonSet": "apis/apps/v1",
}
GPUS = {"nvidia.com/gpu": "4", "cpu": "32", "memory": "64Gi"}
CONTAINER = {"name": "main", "image": "example.invalid/x", "resources": {"requests": GPUS, "limits": GPUS}}
TEMPLATE = {
    "metadata": {"labels": {"app": "x"}},
    "spec": {"containers": [CONTAINER], "nodeSelector": {"pool": "large", "disk": "ssd"}},
}
TRIED_FILE = Path(__file__).with_name("patches_tried.txt")
TRIED = frozenset(TRIED_FILE.read_text().splitlines())
"""The fields that the server was seen to take; the scenarios' previews may touch no others of these kinds."""
RUN_ONCE = {**TEMPLATE, "spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}  # type: ignore[dict-item]
SERVICE = {"replicas": 2, "selector": {"matchLabels": {"app": "x"}}, "template": TEMPLATE}
SPECS: dict[str, dict[str, Any]] = {
    "Job": {"template": RUN_ONCE},
    "CronJob": {"schedule": "*/5 * * * *", "jobTemplate": {"spec": {"template": RUN_ONCE}}},
    "Deployment": SERVICE,
    "StatefulSet": {**SERVICE, "serviceName": "x"},
    "DaemonSet": {"selector": {"matchLabels": {"app": "x"}}, "template": TEMPLATE},
}


@dataclass(frozen=True)
class Case:
    """A kind of object, what was found on it, and the action whose patch is tried."""

    kind: str
    pattern: Pattern
    action: Action
    cause: str = "Some"


CASES = [
    *(Case(kind, P.RESOURCE_HOARDING, A.RELEASE_IDLE) for kind in ("Job", "Deployment", "StatefulSet")),
    *(
        Case(kind, P.OVER_REQUEST, A.RIGHT_SIZE, cause)
        for kind in ("Deployment", "StatefulSet", "DaemonSet")
        for cause in ("Gpus", "Cpu", "Memory")
    ),
    *(Case(kind, P.OUT_OF_MEMORY_LOOP, A.RAISE_MEMORY) for kind in ("Deployment", "StatefulSet", "DaemonSet")),
    *(
        Case(kind, P.ACCESSIBILITY_BARRIER, A.RELAX_CONSTRAINT, "Constraint")
        for kind in ("Deployment", "StatefulSet", "DaemonSet")
    ),
    Case("Job", P.QUEUE_SPIRAL, A.BREAK_REQUEUE_LOOP),
    Case("CronJob", P.QUEUE_SPIRAL, A.BREAK_REQUEUE_LOOP, "Backlog"),
    Case("Node", P.HARDWARE_FAULT, A.CORDON_NODE, "Device"),
]
WITHOUT = [
    Case("Job", P.OVER_REQUEST, A.RIGHT_SIZE, "Gpus"),  # a Job's template cannot be changed
    Case("Job", P.OUT_OF_MEMORY_LOOP, A.RAISE_MEMORY),
    Case("Deployment", P.CRASH_LOOP, A.FIX_APPLICATION, "Application"),
]


def body(case: Case) -> dict[str, Any]:
    return {
        "apiVersion": PATHS[case.kind].removeprefix("apis/"),
        "kind": case.kind,
        "metadata": {"name": f"x-{case.kind.lower()}"},
        "spec": SPECS[case.kind],
    }


def recommended(case: Case, seen: dict[str, Any] | None) -> Recommendation:
    """Return what the engine says of the object as the API server holds it."""
    nodes = (node("gpu-1", labels={"disk": "ssd"}), node("gpu-2", labels={"disk": "ssd"}))
    if seen is None:
        target, controllers, pods = ObjectRef("", "Node", "", "gpu-1"), (), ()
    else:
        owner = read_controller(seen, Clock())
        target, controllers = owner.ref, (owner,)
        pods = (member(case, target),)
    cluster = snapshot(nodes=nodes, controllers=controllers, pods=pods, has_metrics=True, **metrics(pods))
    finding = found(case.pattern, case.cause, target, "It is so.", [FACT], gpus=4, hours=4)
    [given] = advice([finding], ClusterView(cluster)).recommendations
    return given


def member(case: Case, owner: ObjectRef) -> Pod:
    place = "" if case.pattern in {P.ACCESSIBILITY_BARRIER, P.QUEUE_SPIRAL} else "gpu-1"
    made = pod(
        "x-0",
        namespace=owner.namespace,
        gpus=4,
        cpus=32,
        memory_gib=64,
        node=place,
        controller=owner,
        node_selector={"pool": "large", "disk": "ssd"},
        age=12 * HOUR,
    )
    if case.pattern in {P.OUT_OF_MEMORY_LOOP, P.CRASH_LOOP}:
        reason = "OOMKilled" if case.pattern is P.OUT_OF_MEMORY_LOOP else "Error"
        killed = Container("main", 3, ended_before=Termination(137, reason), memory_limit_bytes=64 * GIB)
        return replace(made, containers=(killed,))
    return made


def metrics(pods: tuple[Pod, ...]) -> dict[str, Any]:
    if not pods or not pods[0].node:
        return {}
    [one] = pods
    return {
        "gpu_windows": tuple(gpu_window(one, gpu=n, activity=0.0 if n > 1 else 0.9) for n in range(4)),
        "series": (
            activity(one, [0.9] * 48),
            series("container_cpu_usage_seconds_total", [600.0 * n for n in range(48)], pod=one),
            series("container_memory_working_set_bytes", [3.0 * GIB + n for n in range(48)], pod=one),
        ),
    }


@pytest.fixture(scope="module")
def space(lab: Lab) -> Iterator[str]:
    lab.create_namespace("patches")
    for kind in SPECS:
        made = body(Case(kind, P.CRASH_LOOP, A.INVESTIGATE))
        lab.api.create(f"/{PATHS[kind]}/namespaces/patches/{kind.lower()}s", made)
    node_body = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "patched-gpu-1"}, "spec": {}}
    lab.api.create("/api/v1/nodes", node_body)
    yield "patches"
    lab.api.delete("/api/v1/nodes/patched-gpu-1")
    lab.api.delete("/api/v1/namespaces/patches")


def path_of(case: Case, space: str) -> str:
    if case.kind == "Node":
        return "/api/v1/nodes/patched-gpu-1"
    return f"/{PATHS[case.kind]}/namespaces/{space}/{case.kind.lower()}s/x-{case.kind.lower()}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.action} {case.cause} on a {case.kind}")
def test_the_server_takes_the_patch_and_it_changes_something(lab: Lab, space: str, case: Case) -> None:
    path = path_of(case, space)
    before = lab.api.get(path)
    given = recommended(case, None if case.kind == "Node" else before)
    assert given.action is case.action
    assert given.patch
    assert patch_paths(given) <= TRIED, f"list in {TRIED_FILE.name}: {sorted(patch_paths(given) - TRIED)}"
    after = lab.api._request("PATCH", f"{path}?{STRICT}", json.loads(given.patch), STRATEGIC)
    assert after["spec"] != before["spec"]


def test_no_field_is_listed_as_tried_that_is_not() -> None:
    tried = [recommended(case, None if case.kind == "Node" else made(case)) for case in CASES]
    assert frozenset().union(*map(patch_paths, tried)) == TRIED


def made(case: Case) -> dict[str, Any]:
    """Return the object as a server would have made it."""
    told = {"namespace": "patches", "uid": "u1", "creationTimestamp": "2026-11-23T10:00:00Z"}
    return body(case) | {"metadata": body(case)["metadata"] | told}


@pytest.mark.parametrize("case", WITHOUT, ids=lambda case: f"{case.action} on a {case.kind}")
def test_what_the_server_would_refuse_is_not_previewed(lab: Lab, space: str, case: Case) -> None:
    given = recommended(case, lab.api.get(path_of(case, space)))
    assert given.action is case.action
    assert not given.patch
