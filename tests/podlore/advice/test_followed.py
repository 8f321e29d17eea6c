"""Which changes of a target count as following an advice, action by action."""

import json

import pytest

from podlore.advice.followed import followed
from podlore.testing import NOW, job, node, pod, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Action, Container, Followed, Given, ObjectRef, Pattern

MIB = 2**20
YES, PARTLY, NO = Followed.YES, Followed.PARTLY, Followed.NO


def given(target, action, patch=None, **more):
    return Given(target, Pattern.CRASH_LOOP, "Test", action, NOW, patch=json.dumps(patch) if patch else "", **more)


def verdict(view, target, action, patch=None, *, is_over=True, **more):
    return followed(view, given(target, action, patch, **more), is_over=is_over)


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


@pytest.mark.parametrize(("mebibytes", "answer"), [(64, NO), (96, YES), (128, YES)])
def test_memory_was_raised_if_the_killed_container_has_what_was_advised(mebibytes, answer):
    assert verdict(with_limit(mebibytes), TUNE, Action.RAISE_MEMORY, MEMORY) is answer


@pytest.mark.parametrize(("is_over", "answer"), [(True, YES), (False, NO)])
def test_without_a_figure_the_pattern_tells_whether_memory_was_raised(is_over, answer):
    assert verdict(with_limit(128), TUNE, Action.RAISE_MEMORY, SELECTOR, is_over=is_over) is answer


@pytest.mark.parametrize(("selector", "answer"), [({"pool": "a"}, NO), ({}, YES), ({"other": "b"}, YES)])
def test_a_constraint_was_relaxed_if_the_pods_lack_the_selector(selector, answer):
    view = seen(pods=(pod("tune-0", namespace="nlp", controller=TUNE, node_selector=selector),))
    assert verdict(view, TUNE, Action.RELAX_CONSTRAINT, SELECTOR) is answer


def test_a_node_was_cordoned_if_it_is_or_is_gone():
    about = ObjectRef("", "Node", "", "gpu-1"), Action.CORDON_NODE
    assert verdict(seen(nodes=(node("gpu-1"),)), *about) is NO
    assert verdict(seen(nodes=(node("gpu-1", is_cordoned=True),)), *about) is YES
    assert verdict(seen(nodes=(node("gpu-2"),)), *about) is YES


def test_a_node_was_left_by_all_pods_or_by_some():
    def running(*nodes):
        pods = (pod(f"tune-{n}", namespace="nlp", node=name, controller=TUNE) for n, name in enumerate(nodes))
        return seen(pods=tuple(pods), nodes=(node("gpu-1"), node("gpu-2")))

    for nodes, answer in ((("gpu-1", "gpu-1"), NO), (("gpu-1", "gpu-2"), PARTLY), (("gpu-2", "gpu-2"), YES)):
        assert verdict(running(*nodes), TUNE, Action.AVOID_NODE, node="gpu-1") is answer


def test_what_is_suspended_or_taken_away_was_deferred():
    owner = job("train")
    waits = pod("train-0", controller=owner.ref)
    assert verdict(seen(pods=(waits,), controllers=(owner,)), owner.ref, Action.DEFER) is NO
    assert verdict(seen(controllers=(job("train", is_suspended=True),)), owner.ref, Action.DEFER) is YES
    assert verdict(seen(), owner.ref, Action.DEFER) is YES


def test_what_ran_to_its_end_followed_nothing():
    for action in Action:
        ended = seen(controllers=(job("train", finished_at=NOW),))
        assert verdict(ended, job("train").ref, action) is NO


def test_of_any_other_action_the_pattern_tells_and_who_vanished_may_have_given_up():
    assert verdict(with_limit(64), TUNE, Action.FIX_APPLICATION) is YES
    assert verdict(with_limit(64), TUNE, Action.FIX_APPLICATION, is_over=False) is NO
    assert verdict(seen(), TUNE, Action.FIX_APPLICATION) is NO
