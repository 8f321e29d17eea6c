import json

import msgspec
import pytest

from podlore.clock import Clock
from podlore.errors import BadInput
from podlore.objects import read_pod
from podlore.vocabulary import Container, ObjectRef, Requirement, Termination, Toleration

TEN = 1795428000.0  # 2026-11-23T10:00:00Z
SECRET = "hunter2"


def at(minutes, seconds=0):
    return f"2026-11-23T10:{minutes:02d}:{seconds:02d}Z"


def pod(metadata=None, spec=None, status=None):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "train-0",
            "namespace": "vision",
            "uid": "u1",
            "creationTimestamp": at(0),
            **(metadata or {}),
        },
        "spec": {"containers": [{"name": "main"}], **(spec or {})},
        "status": {"phase": "Pending", **(status or {})},
    }


def read(*args, clock=None, **kwargs):
    return read_pod(pod(*args, **kwargs), clock or Clock())


def test_bytes_and_parsed_json_read_alike():
    assert read_pod(json.dumps(pod()).encode(), Clock()) == read_pod(pod(), Clock()) == read()


def test_nothing_secret_survives():
    hidden = {"env": [{"name": "TOKEN", "value": SECRET}], "args": [SECRET], "command": [SECRET]}
    found = read(
        metadata={"managedFields": [{"manager": SECRET}], "annotations": {"copy": f'{{"a":"{SECRET}"}}'}},
        spec={"containers": [{"name": "main", **hidden}], "volumes": [{"name": "v", "csi": {"driver": SECRET}}]},
    )
    assert SECRET.encode() not in msgspec.json.encode(found)


def test_the_controller_is_the_owner_that_controls():
    owners = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "other", "uid": "u2"},
        {"apiVersion": "batch/v1", "kind": "Job", "name": "train", "uid": "u3", "controller": True},
    ]
    assert read(metadata={"ownerReferences": owners}).controller == ObjectRef("batch", "Job", "vision", "train")
    assert read(metadata={"ownerReferences": owners[:1]}).controller is None
    assert read(metadata={"ownerReferences": None}).controller is None


def test_a_placed_pod_tells_when():
    placed = {"type": "PodScheduled", "status": "True", "lastTransitionTime": at(5)}
    found = read(spec={"nodeName": "gpu-1"}, status={"conditions": [placed], "startTime": at(6)})
    assert (found.node, found.scheduled_at, found.started_at) == ("gpu-1", TEN + 300, TEN + 360)


def test_a_pod_that_no_scheduler_placed_was_placed_when_its_kubelet_took_it():
    assert read(spec={"nodeName": "gpu-1"}, status={"startTime": at(6)}).scheduled_at == TEN + 360


def test_a_waiting_pod_tells_why():
    why = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available"}
    found = read(status={"conditions": [why]})
    assert (found.scheduled_at, found.unschedulable_message) == (None, "0/3 nodes are available")


def test_a_gated_pod_is_not_unschedulable():
    gated = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated", "message": "gated"}
    found = read(spec={"schedulingGates": [{"name": "kueue.x-k8s.io/admission"}]}, status={"conditions": [gated]})
    assert (found.unschedulable_message, found.scheduling_gates) == ("", ("kueue.x-k8s.io/admission",))


def test_restarts_and_terminations_are_facts():
    limited = {"name": "main", "resources": {"limits": {"memory": "4Gi"}}}
    status = {
        "name": "main",
        "restartCount": 3,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
        "lastState": {
            "terminated": {"exitCode": 137, "reason": "OOMKilled", "startedAt": at(1), "finishedAt": at(2, 30)}
        },
    }
    found = read(spec={"containers": [limited]}, status={"containerStatuses": [status]})
    assert found.containers == (
        Container(
            "main",
            restart_count=3,
            waiting_reason="CrashLoopBackOff",
            waiting_message="back-off 40s",
            ended_before=Termination(137, "OOMKilled", TEN + 60, TEN + 150),
            memory_limit_bytes=4 * 2**30,
        ),
    )


def test_init_containers_come_first_and_say_so():
    found = read(spec={"initContainers": [{"name": "setup"}]})
    assert [(container.name, container.is_init) for container in found.containers] == [("setup", True), ("main", False)]


def test_the_deletion_time_is_when_it_was_asked_for():
    asked = {"deletionTimestamp": at(10), "deletionGracePeriodSeconds": 120}
    assert read(metadata=asked).deleted_at == TEN + 480


def test_times_run_in_the_clocks_time():
    lab = Clock(scale=60, anchor=TEN)
    placed = {"type": "PodScheduled", "status": "True", "lastTransitionTime": at(0, 30)}
    assert read(status={"conditions": [placed]}, clock=lab).scheduled_at == TEN + 1800


@pytest.mark.parametrize("text", ["2026-11-23T10:00:00Z", "2026-11-23T10:00:00.000000Z", "2026-11-23T11:00:00+01:00"])
def test_timestamps_of_every_form_are_one_moment(text):
    assert read(metadata={"creationTimestamp": text}).created_at == TEN


def affinity(*terms):
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}
    return read(spec={"affinity": {"nodeAffinity": required}}).affinity_terms


def test_required_affinity_is_an_or_of_ands():
    a100 = {"key": "nvidia.com/gpu.product", "operator": "In", "values": ["A100", "H100"]}
    named = {"key": "metadata.name", "operator": "In", "values": ["gpu-1"]}
    assert affinity({"matchExpressions": [a100]}, {"matchFields": [named]}) == (
        (Requirement("nvidia.com/gpu.product", "In", ("A100", "H100")),),
        (Requirement("metadata.name", "In", ("gpu-1",)),),
    )


def test_an_empty_alternative_matches_no_node_rather_than_every():
    exists = {"key": "gpu", "operator": "Exists"}
    assert affinity({}, {"matchExpressions": [exists]}) == ((Requirement("gpu", "Exists"),),)
    assert affinity({}) == ((Requirement("metadata.name", "In", ()),),)


def test_tolerations_keep_their_defaults():
    spec = {"tolerations": [{"operator": "Exists"}, {"key": "gpu", "value": "yes", "effect": "NoSchedule"}]}
    assert read(spec=spec).tolerations == (
        Toleration(operator="Exists"),
        Toleration("gpu", "Equal", "yes", "NoSchedule"),
    )


def test_claims_are_named_as_they_were_made():
    claims = [
        {"name": "a", "resourceClaimName": "mine"},
        {"name": "b", "resourceClaimTemplateName": "made"},
        {"name": "c", "resourceClaimTemplateName": "later"},
    ]
    made = [{"name": "b", "resourceClaimName": "train-0-b-x7x"}]
    found = read(spec={"resourceClaims": claims}, status={"resourceClaimStatuses": made})
    assert found.claims == ("mine", "train-0-b-x7x", "later")


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"metadata": {"name": 5}}, "$.metadata.name"),
        ({"metadata": {"uid": ""}}, "$.metadata.uid"),
        ({"metadata": {"name": "a\x1b[2J"}}, "$.metadata.name"),
        ({"metadata": {"name": "a\n"}}, "$.metadata.name"),
        ({"metadata": {"labels": {"a": 1}}}, "$.metadata.labels[...]"),
        ({"metadata": {"creationTimestamp": None}}, "$.metadata.creationTimestamp"),
        ({"metadata": {"creationTimestamp": "yesterday"}}, "$.metadata.creationTimestamp"),
        ({"metadata": {"creationTimestamp": "2026-11-23T10:00:00"}}, "$.metadata.creationTimestamp"),
        ({"spec": {"containers": "main"}}, "$.spec.containers"),
        ({"spec": {"containers": [{}] * 2000}}, "$.spec.containers"),
        ({"spec": {"priority": "high"}}, "$.spec.priority"),
        ({"status": {"phase": "Dancing"}}, "$.status.phase"),
        (
            {"status": {"containerStatuses": [{"name": "a", "restartCount": -1}]}},
            "$.status.containerStatuses[0].restartCount",
        ),
        (
            {"status": {"containerStatuses": [{"name": "a", "restartCount": 2**40}]}},
            "$.status.containerStatuses[0].restartCount",
        ),
    ],
)
def test_what_is_wrong_is_named_by_its_path(wrong, place):
    with pytest.raises(BadInput) as error:
        read(**wrong)
    assert place in str(error.value)


def test_nothing_is_a_pod_that_nests_forever():
    deep = b'{"metadata": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    with pytest.raises(BadInput):
        read_pod(deep, Clock())
