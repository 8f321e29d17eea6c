"""Kubernetes JSON checked against a shape: bytes or parsed JSON come in, a typed struct leaves, or `BadInput`.

A shape lists exactly the fields that are read, so everything else (managedFields, environments, arguments, volumes)
is dropped while parsing and never becomes a Python object. Called by the readers of each kind.
"""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, TypeVar, cast

import msgspec
from msgspec import Meta

from podlore.clock import Clock
from podlore.errors import BadInput

LIST_MAX = 1024
COUNT_MAX = 2**31 - 1

_T = TypeVar("_T")
_Shape = TypeVar("_Shape", bound="Shape")

Instant = Annotated[datetime, Meta(tz=True)] | None
Count = Annotated[int, Meta(ge=0, le=COUNT_MAX)]
Name = Annotated[str, Meta(min_length=1, max_length=253, pattern=r"\A[!-~]+\Z")]
Namespace = Annotated[str, Meta(max_length=253, pattern=r"\A[!-~]*\Z")]  # empty where cluster-scoped
Few = Annotated[list[_T], Meta(max_length=LIST_MAX)] | None
Amounts = Annotated[dict[str, str | int | float], Meta(max_length=LIST_MAX)] | None


class Shape(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """Base of all shapes; names are Kubernetes' own in snake case, and anything may be null as Go writes it."""


def parse(obj: object, shape: type[_Shape]) -> _Shape:
    """Return ``obj``, JSON bytes or what a JSON parser made of them, as a ``shape``.

    Raises
    ------
    BadInput
        With the path of the field that is wrong.
    """
    with naming(shape.__name__.removesuffix("Object")):
        if isinstance(obj, bytes | bytearray | memoryview | msgspec.Raw):
            return cast(_Shape, _decoder(shape).decode(obj))
        return msgspec.convert(obj, shape)


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Turn whatever goes wrong with foreign data into `BadInput` that names what was being read."""
    try:
        yield
    except BadInput as error:
        raise BadInput(f"{what}: {error}") from None
    except RecursionError:
        raise BadInput(f"{what}: nested too deeply") from None
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        raise BadInput(f"{what}: {error}") from None


def trace_time(instant: datetime | None, clock: Clock) -> float | None:
    """Return a timestamp in the clock's trace time; Go's zero time (year 1) is none."""
    if instant is None or instant.year == 1:
        return None
    return clock.from_wall(instant.timestamp())


@lru_cache(maxsize=64)
def _decoder(shape: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(shape)
