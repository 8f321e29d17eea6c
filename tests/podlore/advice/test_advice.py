"""From findings to advice: what is withheld, what gives way, and in what order the rest is said."""

import json
from dataclasses import replace

import pytest

from podlore.advice import Advised, Withholding, advice
from podlore.advice.actions import ANY, REMEDIES, remedies, steps_of
from podlore.patterns.found import found
from podlore.policy import Limits, Policy
from podlore.snapshot import Snapshot
from podlore.testing import GIB, NOW, job, node, pod, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import (
    Action,
    Container,
    Controller,
    Evidence,
    EvidenceSource,
    Finding,
    ObjectRef,
    Pattern,
    Recommendation,
    Termination,
)

FACT = Evidence(EvidenceSource.OBJECT, "Pod nlp/a", "3 failures", "3")
JOB = ObjectRef("batch", "Job", "vision", "train", uid="Job-vision-train")
NODE = ObjectRef("", "Node", "", "gpu-1")


def finding(pattern: Pattern, target: ObjectRef = JOB, cause: str = "Some", hours: float = 10) -> Finding:
    return found(pattern, cause, target, "It is so.", [FACT], gpus=1, hours=hours)


def advised(*findings: Finding, seen: Snapshot | None = None) -> Advised:
    return advice(findings, ClusterView(seen if seen is not None else there(*findings)))


def there(*findings: Finding) -> Snapshot:
    """A cluster in which every target is there."""
    targets = {found_finding.target for found_finding in findings}
    controllers = tuple(
        job(ref.name, namespace=ref.namespace, kind=ref.kind, group=ref.group) for ref in targets if ref.namespace
    )
    pods = tuple(pod(f"{one.ref.name}-0", namespace=one.ref.namespace, controller=one.ref) for one in controllers)
    return snapshot(controllers=controllers, pods=pods, nodes=(node(), node("gpu-2")))


def withheld(given: Advised) -> list[tuple[str, str]]:
    return [(one.recommendation.because.pattern, one.reason) for one in given.withheld]


def patterns(given: Advised) -> list[str]:
    return [one.because.pattern for one in given.recommendations]


def patch(one: Recommendation) -> object:
    return json.loads(one.patch)


@pytest.mark.parametrize("pattern", Pattern)
def test_each_pattern_has_a_remedy_that_names_its_target(pattern: Pattern) -> None:
    unheard = finding(pattern, cause="Unheard")
    rows = remedies(unheard)
    assert rows
    assert all("{target}" not in steps_of(one, unheard) for one in rows)
    assert any("Job/train" in steps_of(one, unheard) for one in rows)


def test_every_action_is_recommended_somewhere() -> None:
    used = {one.action for rows in REMEDIES.values() for one in rows}
    assert used == set(Action)
    assert all(cause == ANY or cause.isalpha() for _, cause in REMEDIES)


# --- veto ---


def test_who_opts_out_is_left_alone() -> None:
    labelled = job(labels={"podlore.io/ignore": "true"})
    seen = snapshot(pods=(pod(node="gpu-1", controller=JOB),), controllers=(labelled,))
    assert withheld(advised(finding(Pattern.CRASH_LOOP), seen=seen)) == [("CrashLoop", "OptOut")]
    by_pod = snapshot(pods=(pod(node="gpu-1", controller=JOB, labels={"podlore.io/ignore": "true"}),))
    assert withheld(advised(finding(Pattern.CRASH_LOOP), seen=by_pod)) == [("CrashLoop", "OptOut")]


def test_namespaces_that_the_policy_leaves_out_are_silent() -> None:
    seen = snapshot(policy=Policy(namespaces_exclude=("vision",)), nodes=(node(), node("gpu-2")))
    assert withheld(advised(finding(Pattern.CRASH_LOOP), seen=seen)) == [("CrashLoop", "OutOfScope")]
    assert patterns(advised(finding(Pattern.HARDWARE_FAULT, NODE), seen=seen)) == ["HardwareFault"]


def test_what_is_ending_needs_no_advice() -> None:
    leaving = replace(pod(node="gpu-1", controller=JOB), deleted_at=NOW)
    assert withheld(advised(finding(Pattern.CRASH_LOOP), seen=snapshot(pods=(leaving,)))) == [
        ("CrashLoop", "Terminating")
    ]
    over = snapshot(controllers=(job(finished_at=NOW),))
    assert withheld(advised(finding(Pattern.CRASH_LOOP), seen=over)) == [("CrashLoop", "Terminating")]


def test_a_cordoned_node_need_not_be_cordoned() -> None:
    seen = snapshot(nodes=(node(is_cordoned=True), node("gpu-2")))
    assert withheld(advised(finding(Pattern.HARDWARE_FAULT, NODE), seen=seen)) == [("HardwareFault", "AlreadyDone")]


# --- combine ---


def test_the_cause_beats_its_symptom() -> None:
    given = advised(finding(Pattern.CRASH_LOOP), finding(Pattern.OUT_OF_MEMORY_LOOP))
    assert patterns(given) == ["OutOfMemoryLoop"]
    assert given.withheld[0].because_of == "OutOfMemoryLoop on vision/Job/train"


def test_a_fault_of_the_node_explains_what_its_pods_suffer_from() -> None:
    seen = snapshot(pods=(pod(node="gpu-1", controller=JOB),), nodes=(node(), node("gpu-2")))
    given = advised(finding(Pattern.STRAGGLER), finding(Pattern.HARDWARE_FAULT, NODE), seen=seen)
    assert patterns(given) == ["HardwareFault"]
    assert given.recommendations[0].because.blamed == (JOB,)


def test_a_crash_is_not_explained_away_but_names_the_node() -> None:
    seen = snapshot(pods=(pod(node="gpu-1", controller=JOB),), nodes=(node(),))
    given = advised(finding(Pattern.CRASH_LOOP), finding(Pattern.BLACK_HOLE_NODE, NODE), seen=seen)
    by_pattern = {one.because.pattern: one.because.blamed for one in given.recommendations}
    assert by_pattern == {Pattern.CRASH_LOOP: (NODE,), Pattern.BLACK_HOLE_NODE: (JOB,)}


def test_a_workload_elsewhere_is_not_explained_by_the_fault() -> None:
    seen = snapshot(pods=(pod(node="gpu-2", controller=JOB),), nodes=(node(), node("gpu-2")))
    given = advised(finding(Pattern.STRAGGLER), finding(Pattern.HARDWARE_FAULT, NODE), seen=seen)
    assert patterns(given) == ["HardwareFault", "Straggler"]


def test_the_gpus_of_a_workload_are_advised_on_once() -> None:
    shape = replace(finding(Pattern.FRAGMENTATION), ranked_nodes=("gpu-1",))
    given = advised(finding(Pattern.ACCESSIBILITY_BARRIER), shape)
    assert patterns(given) == ["Fragmentation"]
    given = advised(finding(Pattern.RESOURCE_HOARDING, hours=1), finding(Pattern.OVER_REQUEST, hours=20))
    assert patterns(given) == ["ResourceHoarding"]


def test_two_causes_of_one_pattern_compete_by_worth() -> None:
    given = advised(
        finding(Pattern.OVER_REQUEST, cause="Gpus", hours=20), finding(Pattern.OVER_REQUEST, cause="Cpu", hours=1)
    )
    assert [one.because.cause for one in given.recommendations] == ["Gpus"]


# --- rank and cap ---


def test_the_worthiest_comes_first() -> None:
    targets = [ObjectRef("batch", "Job", "vision", name) for name in "abc"]
    given = advised(*(finding(Pattern.CRASH_LOOP, ref, hours=h) for ref, h in zip(targets, (2, 8, 4), strict=True)))
    assert [one.target.name for one in given.recommendations] == ["b", "c", "a"]


def test_the_least_worthy_is_withheld_above_the_caps() -> None:
    refs = [ObjectRef("batch", "Job", space, name) for space in ("x", "y") for name in "abc"]
    findings = [finding(Pattern.CRASH_LOOP, ref, hours=len(refs) - n) for n, ref in enumerate(refs)]
    seen = replace(there(*findings), policy=Policy(limits=Limits(active_per_namespace_max=2, active_max=3)))
    given = advised(*findings, seen=seen)
    assert [str(one.target) for one in given.recommendations] == ["x/Job/a", "x/Job/b", "y/Job/a"]
    assert [one.reason for one in given.withheld] == [
        Withholding.NAMESPACE_CAP,
        Withholding.CLUSTER_CAP,
        Withholding.CLUSTER_CAP,
    ]


# --- previews of patches ---


def one_of(pattern: Pattern, controller: Controller, *containers: Container, **more: object) -> Recommendation:
    member = pod(node="gpu-1", controller=controller.ref, containers=containers or None, node_selector={"pool": "b"})
    seen = snapshot(pods=(member,), controllers=(controller,), nodes=(node(),), **more)
    [given] = advised(finding(pattern, controller.ref), seen=seen).recommendations
    return given


def test_releasing_suspends_or_scales_to_zero() -> None:
    deployment = job("api", kind="Deployment", group="apps")
    assert patch(one_of(Pattern.RESOURCE_HOARDING, job())) == {"spec": {"suspend": True}}
    assert patch(one_of(Pattern.RESOURCE_HOARDING, deployment)) == {"spec": {"replicas": 0}}


def test_what_a_queue_governs_or_has_no_switch_is_not_patched() -> None:
    queued = job(labels={"kueue.x-k8s.io/queue-name": "team"})
    assert not one_of(Pattern.RESOURCE_HOARDING, queued).patch
    assert not one_of(Pattern.RESOURCE_HOARDING, job("s", kind="ReplicaSet", group="apps")).patch


def test_memory_is_raised_by_half_where_the_template_may_change() -> None:
    killed = Container("main", 2, ended_before=Termination(137, "OOMKilled"), memory_limit_bytes=2 * GIB)
    sidecar = Container("sidecar", memory_limit_bytes=GIB)
    deployment = job("api", kind="Deployment", group="apps")
    raised = patch(one_of(Pattern.OUT_OF_MEMORY_LOOP, deployment, killed, sidecar))
    containers = [{"name": "main", "resources": {"limits": {"memory": "3072Mi"}}}]
    assert raised == {"spec": {"template": {"spec": {"containers": containers}}}}
    assert not one_of(Pattern.OUT_OF_MEMORY_LOOP, job(), killed).patch
    huge = replace(killed, memory_limit_bytes=900 * GIB)
    assert not one_of(Pattern.OUT_OF_MEMORY_LOOP, deployment, huge).patch


def test_a_selector_is_dropped_by_name() -> None:
    deployment = job("api", kind="Deployment", group="apps")
    waiting = pod(controller=deployment.ref, node_selector={"pool": "b"})
    seen = snapshot(pods=(waiting,), controllers=(deployment,), nodes=(node(),))
    [given] = advised(finding(Pattern.ACCESSIBILITY_BARRIER, deployment.ref, "Constraint"), seen=seen).recommendations
    assert patch(given) == {"spec": {"template": {"spec": {"nodeSelector": {"pool": None}}}}}
