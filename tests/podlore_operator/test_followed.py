"""Which changes of a target count as following an advice, action by action."""

import json

import pytest

from podlore.clock import Clock
from podlore.patterns.found import found
from podlore.testing.build import NOW, node, pod, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import (
    Action,
    Container,
    Evidence,
    EvidenceSource,
    ObjectRef,
    Pattern,
    Recommendation,
)
from podlore_operator.api.advice import ClusterSchedulingAdvice, SchedulingAdvice
from podlore_operator.api.convert import advice_of
from podlore_operator.api.resource import ObjectMeta
from podlore_operator.followed import followed

MIB = 2**20


def advice(target, action, patch=None):
    fact = Evidence(EvidenceSource.OBJECT, "somewhere", "something")
    finding = found(Pattern.CRASH_LOOP, "Test", target, "A test.", [fact])
    text = json.dumps(patch) if patch else ""
    spec, status = advice_of(Recommendation(finding, action, "Do it.", patch=text), Clock(read=lambda: NOW), "test")
    kind = SchedulingAdvice if target.namespace else ClusterSchedulingAdvice
    return kind(metadata=ObjectMeta(name="a", namespace=target.namespace or None), spec=spec, status=status)


TUNE = ObjectRef("apps", "Deployment", "nlp", "tune")
MEMORY = {
    "spec": {"template": {"spec": {"containers": [{"name": "main", "resources": {"limits": {"memory": "96Mi"}}}]}}}
}
SELECTOR = {"spec": {"template": {"spec": {"nodeSelector": {"pool": None}}}}}


def seen(**parts):
    return ClusterView(snapshot(**parts))


def with_limit(mebibytes):
    container = Container("main", memory_limit_bytes=mebibytes * MIB)
    return seen(pods=(pod("tune-0", namespace="nlp", node="gpu-1", controller=TUNE, containers=(container,)),))


@pytest.mark.parametrize(("mebibytes", "answer"), [(64, False), (96, True), (128, True)])
def test_memory_was_raised_if_the_killed_container_has_what_was_advised(mebibytes, answer):
    assert followed(advice(TUNE, Action.RAISE_MEMORY, MEMORY), with_limit(mebibytes)) is answer


@pytest.mark.parametrize("patch", [None, SELECTOR])
def test_without_a_figure_nobody_can_tell_whether_memory_was_raised(patch):
    assert followed(advice(TUNE, Action.RAISE_MEMORY, patch), with_limit(128)) is None


@pytest.mark.parametrize(("selector", "answer"), [({"pool": "a"}, False), ({}, True), ({"other": "b"}, True)])
def test_a_constraint_was_relaxed_if_the_pods_lack_the_selector(selector, answer):
    view = seen(pods=(pod("tune-0", namespace="nlp", controller=TUNE, node_selector=selector),))
    assert followed(advice(TUNE, Action.RELAX_CONSTRAINT, SELECTOR), view) is answer


def test_a_node_was_cordoned_if_it_is_or_is_gone():
    about = advice(ObjectRef("", "Node", "", "gpu-1"), Action.CORDON_NODE)
    assert followed(about, seen(nodes=(node("gpu-1"),))) is False
    assert followed(about, seen(nodes=(node("gpu-1", is_cordoned=True),))) is True
    assert followed(about, seen(nodes=(node("gpu-2"),))) is True


def test_of_what_a_person_does_elsewhere_nobody_can_tell():
    assert followed(advice(TUNE, Action.FIX_APPLICATION), with_limit(64)) is None
