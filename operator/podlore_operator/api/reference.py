"""The reference of the API as Markdown, made from the same schemas as the CRDs; ``docs/api.md`` is this text."""

from collections.abc import Iterator
from typing import Any

from podlore_operator.api.crd_schema import crd
from podlore_operator.api.keys import GROUP, KEYS
from podlore_operator.api.resource import VERSION, Resource
from podlore_operator.api.scalars import COUNT_MAX
from podlore_operator.api.v1alpha1 import KINDS

INTRODUCTION = f"""# The API `{GROUP}/{VERSION}`

<!-- Made by `podlore crds reference`; a test compares. -->

All kinds are of category `podlore` (`kubectl get podlore -A`). People write `spec`, the operator alone writes `status`.
Numbers with a fraction are decimals in quotes, as for Kubernetes' quantities; those of a status have two significant
digits, so that a quiet cluster causes no writes. `kubectl get sadv -A --sort-by=.status.gpuHoursAtStake` orders them by
value, `--field-selector status.severity=critical` selects. `kubectl explain sadv.status` says what stands here.

The operator gives SchedulingAdvice and ClusterSchedulingAdvice, heeds AdvisorPolicy and PatternRule, and writes an
ImpactReport of each day that it has watched.
"""


def reference() -> str:
    """Return the whole document."""
    return "\n".join((INTRODUCTION, *(_kind(kind) for kind in KINDS), *_keys()))


def _kind(kind: type[Resource]) -> str:
    definition = crd(kind)["spec"]
    version = definition["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]
    names = definition["names"]
    selectable = ", ".join(f"`{one['jsonPath'][1:]}`" for one in version.get("selectableFields", ()))
    return "\n".join(
        (
            f"## {kind.__name__}",
            "",
            schema["description"].partition("\n\n")[0],
            "",
            f"- `{names['plural']}` (`{names['shortNames'][0]}`), {definition['scope'].lower()}",
            f"- columns: {', '.join(map(_column, version['additionalPrinterColumns']))}",
            *([f"- field selectors: {selectable}"] if selectable else ()),
            *(f"- rule: {one['message']}" for one in _rules(schema)),
            "",
            "| field | type | what |",
            "|---|---|---|",
            *_rows(schema["properties"]["spec"], "spec"),
            *_rows(schema["properties"]["status"], "status"),
            "",
        )
    )


def _column(column: dict[str, Any]) -> str:
    return f"{column['name']} (wide)" if column.get("priority") else str(column["name"])


def _rules(schema: dict[str, Any]) -> Iterator[dict[str, str]]:
    if schema.get("format") != "date-time":
        yield from schema.get("x-kubernetes-validations", ())
    for part in schema.get("properties", {}).values():
        yield from _rules(part)


def _rows(schema: dict[str, Any], path: str) -> Iterator[str]:
    for name, part in schema.get("properties", {}).items():
        mark = " *(required)*" if name in schema.get("required", ()) else ""
        text = " ".join(part.get("description", "").split()).replace("|", "\\|")
        yield f"| `{path}.{name}`{mark} | {_type(part)} | {text} |"
        yield from _rows(part.get("items", part), f"{path}.{name}{'[]' if 'items' in part else ''}")


def _type(schema: dict[str, Any]) -> str:
    if schema.get("x-kubernetes-int-or-string"):
        return f"integer or decimal{_range(schema)}"
    if "enum" in schema:
        return ", ".join(f"`{choice}`" for choice in schema["enum"])
    if "items" in schema:
        return f"list of up to {schema['maxItems']}, each {_type(schema['items'])}"
    if "additionalProperties" in schema:
        return f"map of up to {schema['maxProperties']}, each {_type(schema['additionalProperties'])}"
    if schema.get("format") == "date-time":
        return "time"
    return f"{schema['type']}{_range(schema)}"


def _range(schema: dict[str, Any]) -> str:
    if schema.get("maximum") == COUNT_MAX:
        return f" from {schema['minimum']}"
    if "maximum" in schema:
        return f" {schema['minimum']:,} to {schema['maximum']:,}"
    return f" of up to {schema['maxLength']:,}" if "maxLength" in schema else ""


def _keys() -> Iterator[str]:
    yield "## Labels and annotations\n"
    yield "| key | | what |\n|---|---|---|"
    for key in KEYS:
        yield f"| `{key.name}` | {'label' if key.is_label else 'annotation'} | {key.meaning} |"
    yield ""
