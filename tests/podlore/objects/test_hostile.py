"""Whatever arrives, a reader answers with its noun or with BadInput."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlore.clock import Clock
from podlore.errors import BadInput
from podlore.objects import read_controller, read_disruption_budget, read_event, read_node, read_pod

TIME = "2026-11-23T10:00:00Z"
METADATA = {
    "name": "a",
    "namespace": "n",
    "uid": "u",
    "creationTimestamp": TIME,
    "deletionTimestamp": TIME,
    "deletionGracePeriodSeconds": 30,
    "labels": {"a": "b"},
    "annotations": {"gpu-fraction": "0.5"},
    "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "k", "controller": True}],
}
ENDED = {"exitCode": 1, "reason": "Error", "startedAt": TIME, "finishedAt": TIME}
SPEC = {
    "containers": [
        {"name": "m", "resources": {"requests": {"cpu": "1", "nvidia.com/mig-1g.5gb": 1}, "limits": {"memory": "1Gi"}}}
    ],
    "initContainers": [{"name": "i", "restartPolicy": "Always"}],
    "overhead": {"cpu": "1m"},
    "nodeName": "x",
    "priority": 1,
    "tolerations": [{"key": "k", "operator": "Exists"}],
    "schedulingGates": [{"name": "g"}],
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}]}]
            }
        }
    },
}
OBJECTS = {
    read_pod: {
        "metadata": METADATA,
        "spec": SPEC,
        "status": {
            "phase": "Running",
            "startTime": TIME,
            "conditions": [{"type": "PodScheduled", "status": "True", "lastTransitionTime": TIME, "message": "m"}],
            "containerStatuses": [
                {"name": "m", "restartCount": 1, "state": {"terminated": ENDED}, "lastState": {"terminated": ENDED}}
            ],
        },
    },
    read_node: {
        "metadata": METADATA,
        "spec": {"unschedulable": True, "taints": [{"key": "k", "effect": "NoSchedule"}]},
        "status": {
            "allocatable": {"cpu": "1", "nvidia.com/gpu": 8},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    },
    read_event: {
        "metadata": METADATA,
        "involvedObject": {"kind": "Pod", "name": "a"},
        "reason": "r",
        "message": "m",
        "count": 3,
        "series": {"count": 2, "lastObservedTime": TIME},
        "eventTime": TIME,
        "lastTimestamp": TIME,
    },
    read_disruption_budget: {
        "metadata": METADATA,
        "spec": {
            "selector": {
                "matchLabels": {"app": "x"},
                "matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}],
            }
        },
        "status": {"disruptionsAllowed": 1},
    },
    read_controller: {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": METADATA,
        "spec": {
            "parallelism": 2,
            "activeDeadlineSeconds": 9,
            "template": {"metadata": {"annotations": {}}, "spec": SPEC},
        },
        "status": {
            "completionTime": TIME,
            "conditions": [{"type": "Failed", "status": "True", "lastTransitionTime": TIME}],
        },
    },
}
HOSTILE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(["", "-1", "1e99", "9" * 400, "\x1b[2J", "\ud800", TIME]),
    st.text(st.characters(codec=None, categories=None)),
    st.binary(),
    st.lists(st.integers(), max_size=2),
    st.just({}),
    st.just({"": None}),
    st.just("0001-01-01T00:00:00Z"),
    st.just("9999-12-31T23:59:59-23:59"),
    st.just([[[[]]]]),
)


def places(node, path=()):
    yield path
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


def replaced(node, path, value):
    if not path:
        return value
    head, *rest = path
    if isinstance(node, dict):
        return {**node, head: replaced(node[head], rest, value)}
    return [replaced(item, rest, value) if index == head else item for index, item in enumerate(node)]


def complaint(reader, obj):
    try:
        reader(obj, Clock())
    except BadInput as error:
        return str(error)
    return ""


@pytest.mark.parametrize("reader", list(OBJECTS), ids=lambda reader: reader.__name__)
@given(data=st.data())
def test_one_hostile_field_is_read_or_refused(reader, data):
    healthy = OBJECTS[reader]
    path = data.draw(st.sampled_from(list(places(healthy))))
    hostile = replaced(healthy, path, data.draw(HOSTILE))
    assert "\x1b" not in complaint(reader, hostile)


@pytest.mark.parametrize("reader", list(OBJECTS), ids=lambda reader: reader.__name__)
def test_every_field_may_be_missing_or_null_without_another_error(reader):
    reader(OBJECTS[reader], Clock())
    for path in places(OBJECTS[reader]):
        with_null = replaced(OBJECTS[reader], path, None)
        complaint(reader, with_null)


@pytest.mark.parametrize("reader", list(OBJECTS), ids=lambda reader: reader.__name__)
@given(st.binary(max_size=200))
def test_noise_is_refused(reader, noise):
    with pytest.raises(BadInput):
        reader(noise, Clock())


@pytest.mark.parametrize("reader", list(OBJECTS), ids=lambda reader: reader.__name__)
@given(cut=st.floats(0, 0.999))
def test_a_truncated_object_is_refused(reader, cut):
    body = json.dumps(OBJECTS[reader]).encode()
    with pytest.raises(BadInput):
        reader(body[: int(cut * len(body))], Clock())
