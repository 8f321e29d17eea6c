"""CustomResourceDefinitions from the pydantic models: JSON schema in, Kubernetes' structural schema out.

Pydantic writes what Kubernetes refuses: references, unions with null, ``const``, exclusive bounds, titles, closed
objects. Each has one rule here; a keyword without a rule is an error, and so is a string, number, list or map without a
bound, since the API server counts what a CEL rule may cost by them. Defaults stay out: `podlore.policy` has them, and a
default in a CRD would be stored in objects and outlive a better one.
"""

from collections.abc import Iterator
from typing import Any

from podlore_operator.api.keys import GROUP
from podlore_operator.api.resource import VERSION, Column, Resource

Schema = dict[str, Any]

CATEGORY = GROUP.partition(".")[0]
DROPPED = frozenset({"title", "default", "$defs"})
KEPT = (
    *("description", "type", "format", "enum", "pattern", "nullable"),
    *("minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "minProperties", "maxProperties"),
    *("required", "properties", "items", "additionalProperties"),
    *("x-kubernetes-int-or-string", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-validations"),
)
BOUNDED_BY: dict[str, tuple[set[str], ...]] = {
    "string": ({"maxLength"}, {"enum"}),
    "integer": ({"minimum", "maximum"}, {"enum"}),
    "array": ({"maxItems"},),
}


def crd(kind: type[Resource]) -> Schema:
    """Return the CustomResourceDefinition of a kind."""
    look = kind.presentation
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{look.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": kind.__name__,
                "listKind": f"{kind.__name__}List",
                "plural": look.plural,
                "singular": kind.__name__.lower(),
                "shortNames": [look.short_name],
                "categories": [CATEGORY],
            },
            "scope": "Namespaced" if look.namespaced else "Cluster",
            "versions": [_version(kind)],
        },
    }


def _version(kind: type[Resource]) -> Schema:
    look = kind.presentation
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [_column(column) for column in look.columns],
        "selectableFields": [{"jsonPath": path} for path in look.selectable],
        "schema": {"openAPIV3Schema": object_schema(kind)},
    }
    return {key: value for key, value in version.items() if value != []}


def _column(column: Column) -> Schema:
    stated = {"name": column.name, "type": column.type, "jsonPath": column.path, "description": column.description}
    return {**{key: value for key, value in stated.items() if value}, **({"priority": 1} if column.wide else {})}


def object_schema(kind: type[Resource]) -> Schema:
    """Return the structural schema of a whole object: Kubernetes itself describes its metadata."""
    whole = kind.model_json_schema(by_alias=True)
    parts = {name: whole["properties"][name] for name in ("spec", "status")}
    trimmed = {**whole, "properties": parts, "required": ["spec"]}
    trimmed["description"] = "\n\n".join((whole["description"], *(f"{key}" for key in kind.presentation.keys)))
    schema = structural(trimmed, whole["$defs"], at=kind.__name__)
    schema["properties"] = {
        "apiVersion": {"description": "Version of the schema of this object.", "type": "string"},
        "kind": {"description": "Kind of this object.", "type": "string"},
        "metadata": {"type": "object"},
        **schema["properties"],
    }
    return schema


def structural(schema: Schema, definitions: dict[str, Schema], at: str) -> Schema:
    """Return a JSON schema of pydantic's as a structural one; ``at`` is its place, for errors.

    >>> structural({"anyOf": [{"const": "a"}, {"type": "null"}], "title": "A"}, {}, at="x")
    {'type': 'string', 'enum': ['a']}
    """
    plain = _without_const(_without_exclusive_bounds(_flat(schema, definitions, at), at))
    plain = {key: value for key, value in plain.items() if key not in DROPPED}
    if plain.get("additionalProperties") is False:
        del plain["additionalProperties"]
    if unknown := plain.keys() - set(KEPT):
        raise ValueError(f"{at}: no rule for {', '.join(sorted(unknown))}")
    _require_bounds(plain, at)
    return {key: _inside(key, plain[key], definitions, at) for key in KEPT if key in plain}


def _inside(key: str, value: Any, definitions: dict[str, Schema], at: str) -> Any:  # noqa: ANN401 - a JSON value
    match key:
        case "properties":
            return {name: structural(part, definitions, f"{at}.{name}") for name, part in value.items()}
        case "items" | "additionalProperties":
            return structural(value, definitions, f"{at}[]")
        case "description":
            return "\n\n".join(" ".join(paragraph.split()) for paragraph in value.split("\n\n"))
    return value


def _flat(schema: Schema, definitions: dict[str, Schema], at: str) -> Schema:
    """Put references and unions in place; what stands beside them wins."""
    while "$ref" in schema or "anyOf" in schema:
        beside = {key: value for key, value in schema.items() if key not in ("$ref", "anyOf")}
        within = definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else _union(schema["anyOf"], at)
        schema = {**within, **beside}
    return schema


def _union(members: list[Schema], at: str) -> Schema:
    real = [member for member in members if member.get("type") != "null"]
    if len(real) == 1:
        return real[0]
    if sorted(member.get("type", "") for member in real) == ["integer", "string"]:
        keywords = {key: value for member in real for key, value in member.items() if key != "type"}
        return {"x-kubernetes-int-or-string": True, **keywords}
    raise ValueError(f"{at}: a structural schema has no union of {real}")


def _without_const(schema: Schema) -> Schema:
    if "const" not in schema:
        return schema
    rest = {key: value for key, value in schema.items() if key != "const"}
    return {"type": "string", **rest, "enum": [schema["const"]]}


def _without_exclusive_bounds(schema: Schema, at: str) -> Schema:
    bounds = {"exclusiveMinimum": ("minimum", 1), "exclusiveMaximum": ("maximum", -1)}
    if not bounds.keys() & schema.keys():
        return schema
    if schema.get("type") != "integer":
        raise ValueError(f"{at}: exclusive bounds are for integers")
    moved = {name: schema[old] + step for old, (name, step) in bounds.items() if old in schema}
    return {**{key: value for key, value in schema.items() if key not in bounds}, **moved}


def _require_bounds(schema: Schema, at: str) -> None:
    choices = list(_ways_to_bound(schema))
    if choices and not any(way <= schema.keys() for way in choices):
        raise ValueError(f"{at}: needs {' or '.join(' and '.join(sorted(way)) for way in choices)}")
    for bound in (schema.get("minimum", 0), schema.get("maximum", 0)):
        if int(float(bound)) != bound:  # the API server keeps bounds as floats, and then refuses every number
            raise ValueError(f"{at}: no float is exactly {bound}")


def _ways_to_bound(schema: Schema) -> Iterator[set[str]]:
    if schema.get("x-kubernetes-int-or-string"):
        yield {"minimum", "maximum", "maxLength"}
    elif "additionalProperties" in schema:
        yield {"maxProperties"}
    else:
        yield from BOUNDED_BY.get(schema.get("type", ""), ())
