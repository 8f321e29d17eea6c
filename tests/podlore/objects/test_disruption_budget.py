"""Whom a PodDisruptionBudget covers, and how much it still allows."""

import pytest

from podlore.clock import Clock
from podlore.errors import BadInput
from podlore.objects import read_disruption_budget
from podlore.testing import pod

METADATA = {"name": "serve", "namespace": "vision", "uid": "u1", "creationTimestamp": "2026-11-23T10:00:00Z"}


def read(selector=None, **status):
    spec = {"maxUnavailable": 1} if selector is None else {"maxUnavailable": 1, "selector": selector}
    return read_disruption_budget({"metadata": METADATA, "spec": spec, "status": status}, Clock())


@pytest.mark.parametrize(
    ("selector", "covered"),
    [
        ({"matchLabels": {"app": "serve"}}, True),
        ({"matchLabels": {"app": "other"}}, False),
        ({}, True),
        (None, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["serve", "b"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["serve"]}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["batch"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, True),
        ({"matchLabels": {"app": "serve"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]}, False),
    ],
)
def test_it_covers_what_kubernetes_says_it_covers(selector, covered):
    assert read(selector).covers(pod("serve-0", labels={"app": "serve"})) is covered


def test_it_never_covers_another_namespace():
    assert not read({}).covers(pod("serve-0", namespace="nlp"))


def test_it_allows_what_its_controller_says_and_nothing_before_that():
    assert read({}, disruptionsAllowed=2).disruptions_allowed == 2
    assert read({}).disruptions_allowed == 0


def test_a_negative_allowance_is_refused_by_name():
    with pytest.raises(BadInput, match=r"DisruptionBudget: .*\$\.status\.disruptionsAllowed"):
        read({}, disruptionsAllowed=-1)
