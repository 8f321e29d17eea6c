"""What all kinds share: how fields are named and checked, metadata, and how a kind presents itself to kubectl.

`ApiModel` treats null as the API server does: a field set to null is a field not set. Models are frozen; `document`
gives the JSON that is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from operator import not_
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from podlore_operator.api.keys import GROUP, Key

VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
ApiVersion = Literal["podlore.io/v1alpha1"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A CEL rule with what it tells the person whose object breaks it."""

    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column of ``kubectl get``; ``wide`` ones need ``-o wide``."""

    name: str
    path: str
    type: str = "string"
    wide: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class Presentation:
    """How the API server and kubectl present a kind; ``keys`` are the labels and annotations its description tells."""

    plural: str
    short_name: str
    namespaced: bool
    columns: tuple[Column, ...]
    selectable: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()


def rules(*checks: Rule) -> ConfigDict:
    """Return the model configuration that puts CEL rules on a model's schema."""
    stated: list[JsonValue] = [{"rule": check.rule, "message": check.message} for check in checks]
    return ConfigDict(json_schema_extra={"x-kubernetes-validations": stated})


def at_most(count: int, **keywords: JsonValue) -> FieldInfo:
    """Return the field of a list of up to ``count`` items, left out of the document while it is empty."""
    field: FieldInfo = Field(max_length=count, exclude_if=not_, json_schema_extra=keywords or None)
    return field


def list_map(key: str) -> dict[str, JsonValue]:
    """Return the schema keywords of a list whose items are told apart by ``key``."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


def without_null(data: object) -> object:
    """Return a mapping without what is null in it, as the API server reads it; anything else as it is."""
    if isinstance(data, Mapping):
        return {key: value for key, value in data.items() if value is not None}
    return data


class ApiModel(BaseModel):
    """A part of an object: camelCase outside, snake_case inside, nothing unknown, immutable."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_unset(cls, data: object) -> object:
        return without_null(data)

    def document(self) -> dict[str, Any]:
        """Return the JSON document, with what is unset left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class OwnerReference(ApiModel):
    """An owner; when the last one goes, Kubernetes collects the object."""

    api_version: str
    kind: str
    name: str
    uid: str
    controller: bool | None = None
    block_owner_deletion: bool | None = None


class ObjectMeta(ApiModel):
    """The part of an object's metadata that podlore reads or writes; the rest is ignored."""

    model_config = ConfigDict(extra="ignore")

    name: str
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    generation: int | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    owner_references: tuple[OwnerReference, ...] = ()
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None


class Resource(ApiModel):
    """An object of the group ``podlore.io``."""

    presentation: ClassVar[Presentation]

    api_version: ApiVersion = "podlore.io/v1alpha1"
    kind: str
    metadata: ObjectMeta

    @classmethod
    def read(cls, obj: Mapping[str, Any]) -> Self:
        """Read what an API server returned: fields of a newer podlore are ignored, wrong ones a ``ValidationError``."""
        return cls.model_validate(obj, extra="ignore")
