"""The scalars of the API: each is bounded, and pydantic accepts exactly what the API server accepts.

Numbers that are not whole are never floats. Kubernetes' API conventions forbid them for good reason: clients print them
differently, and one digit that moves rewrites an object. So a status holds decimal strings (`Decimal`,
``gpuHoursAtStake: "12"``) with two significant digits, which ``kubectl get`` shows as they are and ``--sort-by`` orders
by value; in a spec people write an integer or a quoted decimal (`Measure`, `Percent`), as for Kubernetes' quantities.
Regular expressions stay within what Go's and Rust's engines both understand.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema

COUNT_MAX = 2**53 - 1
"""The API server keeps bounds as floats: a larger one would refuse every number."""
_DECIMAL = r"(0|[1-9][0-9]{0,11})(\.[0-9]{1,8})?"
_TIME = (
    r"^[12][0-9]{3}-[01][0-9]-[0-3][0-9]T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?"
    r"(Z|[+-][01][0-9]:[0-5][0-9])$"
)


def _whole(value: object) -> object:
    """Take 5.0 for 5, since in JSON they are the same number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
Flag: TypeAlias = Annotated[bool, Field(strict=True)]
Count: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=COUNT_MAX), WHOLE]
Score: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=100), WHOLE]
Minutes: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=525_600), WHOLE]
Threshold: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=1_000_000), WHOLE]
Seconds: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=31_536_000), WHOLE]

Decimal: TypeAlias = Annotated[str, StringConstraints(max_length=24, pattern=f"^{_DECIMAL}$")]
SignedDecimal: TypeAlias = Annotated[str, StringConstraints(max_length=24, pattern=f"^-?{_DECIMAL}$")]
Probability: TypeAlias = Annotated[
    str, StringConstraints(max_length=24, pattern=r"^[0-9](\.[0-9]{1,9})?(e-[0-9]{2,3})?$")
]
Measure: TypeAlias = (
    Annotated[int, Field(strict=True, ge=0, le=1_000_000_000), WHOLE]
    | Annotated[str, StringConstraints(max_length=24, pattern=f"^{_DECIMAL}$")]
)
Percent: TypeAlias = (
    Annotated[int, Field(strict=True, ge=0, le=100), WHOLE]
    | Annotated[str, StringConstraints(max_length=8, pattern=r"^(100|[1-9]?[0-9](\.[0-9]{1,4})?)$")]
)

Word: TypeAlias = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Z][A-Za-z0-9]*$")]
"""A CamelCase token, such as a cause or a condition's reason."""
Line: TypeAlias = Annotated[str, StringConstraints(max_length=512)]
Text: TypeAlias = Annotated[str, StringConstraints(max_length=2048)]
Version: TypeAlias = Annotated[str, StringConstraints(max_length=128)]
GroupName: TypeAlias = Annotated[str, StringConstraints(max_length=253)]
KindName: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=r"^[A-Z][A-Za-z0-9]*$")]
ObjectName: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=253)]
Namespace: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
]
Uid: TypeAlias = Annotated[str, StringConstraints(max_length=64)]
LabelKey: TypeAlias = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=317,
        pattern=r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
    ),
]
MetricName: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=128, pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$")
]


def _read_time(value: object) -> datetime:
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC)
    if not (isinstance(value, str) and re.fullmatch(_TIME, value)):
        raise ValueError("must be a time such as 2026-11-23T12:00:00Z")
    return datetime.fromisoformat(value).astimezone(UTC)


def _write_time(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Time: TypeAlias = Annotated[
    datetime,
    BeforeValidator(_read_time),
    PlainSerializer(_write_time),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "maxLength": 40,
            "pattern": _TIME,
            "x-kubernetes-validations": [{"rule": "self.getFullYear() > 0", "message": "must be a time"}],
        }
    ),
]
"""A moment in wall time, written in UTC and whole seconds, as Kubernetes does.

The rule makes the API server look at the type: a list passes as a string where there is a format.
"""
