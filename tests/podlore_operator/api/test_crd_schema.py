import pytest
import yaml

from podlore_operator.api.crd_schema import crd, object_schema, structural
from podlore_operator.api.keys import KEYS
from podlore_operator.api.v1alpha1 import KINDS

SHORT = {"type": "string", "maxLength": 3}
DIGIT = {"type": "integer", "minimum": 0, "maximum": 9}
NULL = {"type": "null"}
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def every_part(schema):
    yield schema
    for inner in schema.get("properties", {}).values():
        yield from every_part(inner)
    for name in ("items", "additionalProperties"):
        if name in schema:
            yield from every_part(schema[name])


@pytest.mark.parametrize(
    ("said", "structural_schema"),
    [
        ({"anyOf": [{"type": "boolean"}, {"type": "null"}], "default": None}, {"type": "boolean"}),
        ({"const": "a", "title": "A"}, {"type": "string", "enum": ["a"]}),
        ({"type": "integer", "exclusiveMinimum": 0, "maximum": 9}, {"type": "integer", "minimum": 1, "maximum": 9}),
        ({"type": "integer", "minimum": 0, "exclusiveMaximum": 9}, {"type": "integer", "minimum": 0, "maximum": 8}),
        ({"type": "object", "properties": {}, "additionalProperties": False}, {"type": "object", "properties": {}}),
        ({"$ref": "#/$defs/Word", "description": "mine"}, {"description": "mine", **SHORT}),
        ({"anyOf": [{"$ref": "#/$defs/Word"}, NULL]}, {"description": "a word", **SHORT}),
        (
            {"anyOf": [DIGIT, SHORT, NULL]},
            {"maxLength": 3, "minimum": 0, "maximum": 9, "x-kubernetes-int-or-string": True},
        ),
        ({"description": "one\n line\n\ntwo", **SHORT}, {"description": "one line\n\ntwo", **SHORT}),
    ],
)
def test_what_pydantic_says_becomes_structural(said, structural_schema):
    word = {"Word": {**SHORT, "description": "a word"}}
    assert structural(said, word, at="x") == structural_schema


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"type": "array", "maxItems": 2, "prefixItems": [{"type": "string"}]}, "x.y: no rule for prefixItems"),
        ({"anyOf": [{"type": "string"}, {"type": "boolean"}]}, "x.y: a structural schema has no union"),
        ({"type": "number", "exclusiveMinimum": 0}, "x.y: exclusive bounds are for integers"),
        ({"type": "string"}, "x.y: needs maxLength or enum"),
        ({"type": "integer", "minimum": 0}, "x.y: needs maximum and minimum or enum"),
        ({"type": "array", "items": {"type": "boolean"}}, "x.y: needs maxItems"),
        ({"type": "object", "additionalProperties": {"type": "boolean"}}, "x.y: needs maxProperties"),
        ({"type": "integer", "minimum": 0, "maximum": 2**63 - 1}, "x.y: no float is exactly 9223372036854775807"),
    ],
)
def test_what_kubernetes_refuses_or_cannot_bound_is_an_error_with_its_place(said, complaint):
    with pytest.raises(ValueError, match=complaint):
        structural({"type": "object", "properties": {"y": said}}, {}, at="x")


@kinds
def test_no_part_of_a_kind_is_open_or_undescribed(kind):
    for part in every_part(object_schema(kind)):
        assert "x-kubernetes-preserve-unknown-fields" not in part
        if "properties" in part:
            unsaid = [name for name, inner in part["properties"].items() if not inner.get("description")]
            assert unsaid in ([], ["metadata"]), f"{unsaid} of {part.get('description')}"


@kinds
def test_a_kind_is_found_by_its_category_and_its_short_name(kind):
    names = crd(kind)["spec"]["names"]
    assert names["categories"] == ["podlore"]
    assert names["shortNames"] == [
        {
            "SchedulingAdvice": "sadv",
            "ClusterSchedulingAdvice": "csadv",
            "AdvisorPolicy": "advpol",
            "PatternRule": "prule",
            "ImpactReport": "impact",
        }[kind.__name__]
    ]


def test_the_columns_of_advice_are_those_of_the_design():
    columns = crd(KINDS[0])["spec"]["versions"][0]["additionalPrinterColumns"]
    narrow = [column["name"] for column in columns if not column.get("priority")]
    wide = [column["name"] for column in columns if column.get("priority")]
    assert narrow == ["PATTERN", "ACTION", "SEVERITY", "GPUH", "STATE", "AGE", "TARGET"]
    assert wide == ["CONF", "NODE", "EXPIRES"]


def test_both_kinds_of_advice_have_the_same_schema():
    namespaced, cluster = (object_schema(kind) for kind in KINDS[:2])
    assert {**namespaced, "description": ""} == {**cluster, "description": ""}


def test_every_label_and_annotation_stands_in_a_schema():
    said = yaml.safe_dump([object_schema(kind)["description"] for kind in KINDS], width=10_000)
    assert [key.name for key in KEYS if key.name not in said] == []
