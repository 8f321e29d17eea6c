"""Alerts and dashboard ask for metrics that the operator has, in PromQL that Prometheus understands."""

import json
import re
import urllib.parse
import urllib.request

import pytest

from podlore_operator.serve.telemetry import Telemetry

ALL = ("prometheusRule.enabled=true", "dashboard.enabled=true", "prometheus.url=http://p:9090")


def alerts(manifests):
    rule = next(one for one in manifests if one["kind"] == "PrometheusRule")
    return {one["alert"]: one for group in rule["spec"]["groups"] for one in group["rules"]}


def panels(manifests):
    found = next(one for one in manifests if one["metadata"]["name"] == "podlore-dashboard")
    return json.loads(found["data"]["podlore.json"])["panels"]


def expressions(manifests):
    yield from (alert["expr"] for alert in alerts(manifests).values())
    yield from (target["expr"] for panel in panels(manifests) for target in panel["targets"])


def test_every_metric_that_is_asked_for_exists(render):
    names = set(re.findall(r"# HELP (\S+)", Telemetry().render().decode()))
    asked = {name for text in expressions(render(*ALL)) for name in re.findall(r"\b(?:podlore|process)_\w+", text)}
    asked = {name.removesuffix("_bucket") for name in asked}
    assert asked - names == set()
    assert len(asked) > 15


def test_every_label_that_is_asked_for_is_the_metrics_own(render):
    own = {label for metric in vars(Telemetry()).values() for label in getattr(metric, "_labelnames", ())}
    by = {
        name.strip()
        for text in expressions(render(*ALL))
        for group in re.findall(r"by \(([^)]*)\)", text)
        for name in group.split(",")
    }
    assert by - {"le"} <= own


@pytest.mark.parametrize(
    ("without", "gone"),
    [
        ("prometheus.url=", {"PodloreWithoutGpuMetrics"}),
        ("maxMode=DryRun", {"PodloreWithoutLeader", "PodloreWritesRefused"}),
    ],
)
def test_no_alert_about_what_was_not_asked_for(render, without, gone):
    assert set(alerts(render(*ALL))) - set(alerts(render(*ALL, without))) == gone


def test_alerts_ask_for_this_release_alone(render):
    for alert in alerts(render(*ALL)).values():
        assert '{namespace="podlore",service="podlore"}' in alert["expr"]


def test_panels_do_not_overlap(render):
    cells = [
        (x, y)
        for panel in panels(render(*ALL))
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


@pytest.mark.lab
@pytest.mark.xdist_group("charts")
def test_prometheus_understands_every_expression(chart_lab, render):
    for text in expressions(render(*ALL)):
        query = urllib.parse.urlencode({"query": text})
        with urllib.request.urlopen(f"{chart_lab.prometheus_url}/api/v1/query?{query}") as answer:
            assert json.load(answer)["status"] == "success", text
