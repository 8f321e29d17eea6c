"""values.yaml, its schema and the README's table say the same, and wrong values are refused."""

import json

import pytest
import yaml


def leaves(schema, path=()):
    for name, part in schema["properties"].items():
        if "properties" in part:
            yield from leaves(part, (*path, name))
        else:
            yield (*path, name), part


@pytest.fixture(scope="module")
def values(chart):
    return yaml.safe_load((chart / "values.yaml").read_text())


@pytest.fixture(scope="module")
def schema(chart):
    return json.loads((chart / "values.schema.json").read_text())


def test_every_value_is_in_the_schema_and_every_schema_has_a_value(values, schema):
    def paths(found, part, path=()):
        for name, value in found.items():
            inner = part.get("properties", {}).get(name, {})
            yield from paths(value, inner, (*path, name)) if "properties" in inner else [(*path, name)]

    assert sorted(paths(values, schema)) == sorted(path for path, _ in leaves(schema))


def test_the_readme_lists_every_value_with_its_default(chart, values, schema):
    readme = (chart / "README.md").read_text()
    for path, part in leaves(schema):
        default = values
        for name in path:
            default = default[name]
        assert f"| `{'.'.join(path)}` | `{json.dumps(default)}` | {part['description']}" in readme


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("maxMode=Enforce", "maxMode"),
        ("replicaCount=-1", "replicaCount"),
        ("replicaCount=two", "replicaCount"),
        ("prometheus.url=prometheus:9090", "prometheus/url"),
        ("prometheus.uri=http://p", "prometheus"),
        ("annotation.enabled=true", "annotation"),
        ("image.digest=sha256:1", "image/digest"),
        ("image.pullPolicy=Sometimes", "image/pullPolicy"),
        ("runAsUser=0", "runAsUser"),
        ("logLevel=loud", "logLevel"),
        ("serviceMonitor.interval=often", "serviceMonitor/interval"),
        ("crds.keep=perhaps", "crds/keep"),
        ("networkPolicy.apiServerPorts={https}", "networkPolicy/apiServerPorts"),
        ("podLabels.a=1", "podLabels/a"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(render, value, place):
    with pytest.raises(AssertionError, match=place.replace("/", "[./]")):
        render(value)
