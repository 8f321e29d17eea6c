"""What pydantic takes, the API server takes, and the other way round: random objects, right and slightly wrong."""

import http.client
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from podlore_lab.api import Api, Refused
from podlore_lab.certificates import KeyPair
from podlore_lab.cluster import Lab
from podlore_operator.api.crd_schema import Schema, object_schema
from podlore_operator.api.v1alpha1 import API_VERSION, KINDS, AdvisorPolicy, Resource

STRICT_DRY_RUN = "dryRun=All&fieldValidation=Strict"
NEVER, NOW_AND_THEN = 0, 60
"""Of how many parts of a value one is wrong; a large kind would hardly ever be right if any part could be wrong."""

FEW = 5
ODD: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, 1.5, 2.0, 1e20, "", "x", "1", "1\n", "٣", [], [None], ["a"], {}, {"a": 1}),
    *("2026-02-30T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23", "2026-11-23T12:00:00+19:59"),
)
CHARACTERS = st.characters(exclude_categories=["Cs"])
EXAMPLES = settings(
    max_examples=100,
    phases=[
        Phase.explicit,
        Phase.generate,
    ],  # to shrink by requests takes minutes; the server's message names the field
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Server(Api):
    """The lab's API server, asked in dry run, so that nothing has to be cleaned up."""

    def refusal(self, method: str, path: str, body: dict[str, Any]) -> str:
        """Return why the object is wrong, empty if it is right."""
        try:
            self._request(method, f"{path}?{STRICT_DRY_RUN}", body)
        except Refused as refused:
            if refused.code not in (http.client.BAD_REQUEST, http.client.UNPROCESSABLE_ENTITY):
                raise
            return str(refused)
        return ""


@dataclass(frozen=True, slots=True)
class Stored:
    """A kind with one object of it in the API server."""

    kind: type[Resource]
    server: Server
    collection: str
    found: dict[str, Any]

    def request(self, name: str, value: Any) -> tuple[str, str, dict[str, Any]]:
        """Return method, path and body of the request that sets a status, or creates an object with this spec."""
        path, body = f"{self.collection}/{self.found['metadata']['name']}", {**self.found, name: value}
        if name == "status":
            return "PUT", f"{path}/status", body
        if self.kind is AdvisorPolicy:
            return "PUT", path, body
        return "POST", self.collection, {**body, "metadata": {"name": "another"}}


def refusal(kind: type[Resource], body: dict[str, Any]) -> str:
    """Return why pydantic refuses the object, empty if it takes it."""
    try:
        kind.model_validate(body)
    except ValidationError as error:
        return str(error)
    return ""


RIGHT_SPECS: dict[str, dict[str, Any]] = {
    "SchedulingAdvice": {"target": {"kind": "Job", "name": "train"}},
    "ClusterSchedulingAdvice": {"target": {"kind": "Node", "name": "gpu-7"}},
    "AdvisorPolicy": {},
    "PatternRule": {"pattern": "CrashLoop", "rule": "rules: []"},
    "ImpactReport": {"period": {"start": "2026-11-01T00:00:00Z", "end": "2026-11-08T00:00:00Z"}},
}


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.__name__)
def stored(request: pytest.FixtureRequest, kinds_installed: Lab) -> Iterator[Stored]:
    """One object of each kind in turn."""
    lab, kind = kinds_installed, request.param
    pair = KeyPair(lab.folder.certificates / "admin.crt", lab.folder.certificates / "admin.key")
    server = Server(lab.api_url, lab.folder.certificates / "ca.crt", pair)
    within = "/namespaces/default" if kind.presentation.namespaced else ""
    collection = f"/apis/{API_VERSION}{within}/{kind.presentation.plural}"
    name = "default" if kind is AdvisorPolicy else f"equivalence-{uuid.uuid4().hex[:8]}"
    body = {"apiVersion": API_VERSION, "kind": kind.__name__, "metadata": {"name": name}}
    found = server.create(collection, {**body, "spec": RIGHT_SPECS[kind.__name__]})
    yield Stored(kind, server, collection, found)
    server.delete(f"{collection}/{name}")


@st.composite
def values(draw: st.DrawFn, schema: Schema, wrong_one_in: int) -> Any:
    """Draw a JSON value that fits a structural schema but for one part in so many."""
    is_odd = draw(_wrong(wrong_one_in))
    return draw(st.sampled_from((*ODD, *_just_outside(schema))) if is_odd else _fitting(schema, wrong_one_in))


def _wrong(one_in: int) -> st.SearchStrategy[bool]:
    return st.integers(1, one_in).map(lambda drawn: drawn == 1) if one_in else st.just(False)


def _just_outside(schema: Schema) -> Iterator[Any]:
    if "maximum" in schema:
        yield from (schema["minimum"] - 1, schema["maximum"] + 1)
    if "maxLength" in schema:
        yield "x" * (schema["maxLength"] + 1)
    if schema.get("maxItems", 100) <= 16:
        yield ["x"] * (schema["maxItems"] + 1)


def _fitting(schema: Schema, wrong_one_in: int) -> st.SearchStrategy[Any]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("x-kubernetes-int-or-string"):
        return _integers(schema) | _strings(schema)
    by_type: dict[str, Callable[[Schema], st.SearchStrategy[Any]]] = {
        "boolean": lambda _: st.booleans(),
        "integer": _integers,
        "string": _strings,
        "array": lambda part: st.lists(
            values(part["items"], wrong_one_in), min_size=part.get("minItems", 0), max_size=3
        ),
        "object": lambda part: _objects(part, wrong_one_in),
    }
    return by_type[schema["type"]](schema)


def _integers(schema: Schema) -> st.SearchStrategy[int]:
    low, high = schema["minimum"], schema["maximum"]
    return st.integers(low, high) | st.sampled_from([low, high])


def _strings(schema: Schema) -> st.SearchStrategy[str]:
    if schema.get("format") == "date-time":
        return st.datetimes(datetime(1000, 1, 1), datetime(2999, 1, 1)).map(lambda at: f"{at:%Y-%m-%dT%H:%M:%SZ}")  # noqa: DTZ001
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True, alphabet=st.characters(max_codepoint=127))
    longest = schema["maxLength"]
    return st.text(CHARACTERS, min_size=schema.get("minLength", 0), max_size=30) | st.sampled_from(
        ["é" * longest, "x" * longest]
    )


@st.composite
def _objects(draw: st.DrawFn, schema: Schema, wrong_one_in: int) -> dict[str, Any]:
    if "additionalProperties" in schema:
        others = values(schema["additionalProperties"], wrong_one_in)
        return draw(st.dictionaries(st.text(CHARACTERS, max_size=8), others, max_size=3))
    required = set(schema.get("required", ()))
    members = {name: values(part, wrong_one_in) for name, part in schema["properties"].items()}
    drawn = draw(
        st.fixed_dictionaries(
            {name: members[name] for name in members if name in required},
            optional={name: members[name] for name in members if name not in required},
        )
    )
    if draw(_wrong(wrong_one_in)):
        drawn["surprise"] = 1
    if drawn and draw(_wrong(wrong_one_in)):
        del drawn[draw(st.sampled_from(sorted(drawn)))]
    return drawn


def part(kind: type[Resource], name: str) -> Schema:
    """Return the schema of an object's spec or status."""
    found: Schema = object_schema(kind)["properties"][name]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", ["spec", "status"])
def test_both_take_or_refuse_the_same(stored: Stored, name: str) -> None:
    verdicts: list[bool] = []

    @EXAMPLES
    @given(st.sampled_from((NEVER, NOW_AND_THEN)).flatmap(partial(values, part(stored.kind, name))))
    def compare(value: Any) -> None:
        method, path, body = stored.request(name, value)
        by_pydantic, by_server = refusal(stored.kind, body), stored.server.refusal(method, path, body)
        assert bool(by_pydantic) == bool(by_server), f"pydantic: {by_pydantic or 'fine'}; server: {by_server or 'fine'}"
        verdicts.append(not by_server)

    compare()
    assert FEW <= sum(verdicts) <= len(verdicts) - FEW, f"{sum(verdicts)} right of {len(verdicts)} show too little"
