"""The policy's models mirror `podlore.policy`, field by field, and every default they tell is the one in force."""

import dataclasses
import json

import pytest
from pydantic import ValidationError

from podlore import policy
from podlore.policy import METRIC_NAMES, Mode, Policy
from podlore_operator.api import thresholds
from podlore_operator.api.advisor_policy import MetricNames, PriceList
from podlore_operator.api.convert import policy_of
from podlore_operator.api.crd_schema import object_schema
from podlore_operator.api.v1alpha1 import AdvisorPolicy, AdvisorPolicySpec

PATTERNS = [field.name for field in dataclasses.fields(policy.Thresholds)]


def test_nothing_said_is_every_default():
    assert policy_of(AdvisorPolicySpec()) == Policy()


def test_parts_that_are_there_but_empty_are_every_default():
    empty = {name: {} for name in AdvisorPolicySpec.model_json_schema()["properties"] if name not in SCALARS}
    assert policy_of(AdvisorPolicySpec.model_validate(empty)) == Policy()


SCALARS = {"mode", "maxPerNamespaceDay"}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_has_the_thresholds_of_the_policy(pattern):
    settings = getattr(policy.Thresholds(), pattern)
    model = getattr(thresholds, type(settings).__name__)
    assert list(model.model_fields) == [field.name for field in dataclasses.fields(settings)]


def test_every_pattern_has_thresholds():
    assert list(thresholds.Thresholds.model_fields) == PATTERNS


def test_prices_and_metric_names_are_those_of_the_policy():
    assert list(PriceList.model_fields) == [field.name for field in dataclasses.fields(policy.Prices)]
    assert {field.alias for field in MetricNames.model_fields.values()} == set(METRIC_NAMES)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_threshold_that_is_said_is_in_force_in_the_same_unit(pattern):
    settings = getattr(policy.Thresholds(), pattern)
    changed = {field.name: _another(getattr(settings, field.name)) for field in dataclasses.fields(settings)}
    spec = AdvisorPolicySpec(thresholds=thresholds.Thresholds.model_validate({pattern: changed}))
    expected = dataclasses.replace(
        settings, **{name: type(getattr(settings, name))(value) for name, value in changed.items()}
    )
    read = policy_of(spec)
    assert getattr(read.thresholds, pattern) == expected
    assert dataclasses.replace(read, thresholds=policy.Thresholds()) == Policy()


def _another(value):
    return not value if isinstance(value, bool) else int(value) // 2 + 1


def test_every_setting_outside_thresholds_arrives():
    said = {
        "mode": "DryRun",
        "maxPerNamespaceDay": 7,
        "namespaces": {"include": ["a", "b"], "exclude": []},
        "topology": {"levels": ["zone", "example.org/rack"]},
        "prices": {
            "usdPerGpuHour": {"default": "1.5", "NVIDIA-H100": 4},
            "usdPerKwh": "0.3",
            "pue": 2,
            "gramsCo2PerKwh": 50,
        },
        "metrics": {"names": {"smActive": "my_sm"}, "clusterMatcher": 'cluster="a"'},
        "logs": {"enabled": True},
        "annotations": {"enabled": True},
        "events": {"enabled": True},
        "limits": {"activePerNamespaceMax": 5, "activeMax": 50},
    }
    assert policy_of(AdvisorPolicySpec.model_validate(said)) == Policy(
        mode=Mode.DRY_RUN,
        namespaces_include=("a", "b"),
        namespaces_exclude=(),
        topology_levels=("zone", "example.org/rack"),
        prices=policy.Prices({"default": 1.5, "NVIDIA-H100": 4.0}, 0.3, 2.0, 50.0),
        metric_names={**METRIC_NAMES, "smActive": "my_sm"},
        cluster_matcher='cluster="a"',
        logs_enabled=True,
        annotations_enabled=True,
        events_enabled=True,
        limits=policy.Limits(active_per_namespace_max=5, active_max=50, per_namespace_day_max=7),
    )


def test_every_setting_tells_its_default():
    for path, part in _leaves(object_schema(AdvisorPolicy)["properties"]["spec"], ()):
        assert "Default: " in part["description"], ".".join(path)


def test_a_told_default_is_the_one_in_force():
    spec = object_schema(AdvisorPolicy)["properties"]["spec"]
    for pattern in PATTERNS:
        settings = getattr(policy.Thresholds(), pattern)
        told = spec["properties"]["thresholds"]["properties"][thresholds.to_camel(pattern)]["properties"]
        for field in dataclasses.fields(settings):
            default = json.loads(told[thresholds.to_camel(field.name)]["description"].rpartition("Default: ")[2][:-1])
            assert default == getattr(settings, field.name)


def _leaves(schema, path):
    for name, part in schema.get("properties", {}).items():
        if "properties" in part:
            yield from _leaves(part, (*path, name))
        else:
            yield (*path, name), part


@pytest.mark.parametrize(
    "matcher", ['cluster="a"}', 'x="1"} or vector(1', "cluster=a", 'cluster="a" , b="c"', 'cluster="\\"', "}"]
)
def test_a_cluster_matcher_cannot_break_out_of_its_query(matcher):
    with pytest.raises(ValidationError):
        AdvisorPolicySpec.model_validate({"metrics": {"clusterMatcher": matcher}})


def test_a_misspelt_setting_is_refused_not_ignored():
    with pytest.raises(ValidationError, match=r"thresholds\.crashLoop\.failureMin"):
        AdvisorPolicySpec.model_validate({"thresholds": {"crashLoop": {"failureMin": 4}}})
