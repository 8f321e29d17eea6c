"""The schema of labelled records as a table, checked by pandera: timestamp, host, facility, severity, message, labels.

In: normalized records. Out: a frame, and what in it breaks the schema. Needs the extra ``train``.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from podlore.errors import Unavailable
from podlore.events.clean import FIELD_CHARS, MESSAGE_CHARS
from podlore.events.readers.table import COLUMNS
from podlore.events.record import SEVERITIES, LogRecord
from podlore.vocabulary import EventClass

if TYPE_CHECKING:
    import pandas as pd

_UTC = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"


def frame_of(records: Iterable[LogRecord]) -> "pd.DataFrame":
    """Return records as a frame with the schema's columns; what is unknown is empty."""
    import pandas as pd  # noqa: PLC0415 - heavy

    rows = [[str(getattr(record, name) or "") for name in COLUMNS] for record in records]
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype="str")


def schema() -> Any:  # noqa: ANN401 - pandera is an extra
    """Return the schema: all columns present, bounded, times in UTC, severities of RFC 5424, known classes.

    Raises
    ------
    Unavailable
        If pandera is not installed.
    """
    try:
        import pandera.pandas as pa  # noqa: PLC0415 - of an extra
    except ModuleNotFoundError:
        raise Unavailable("the schema needs pandera: pip install 'podlore[train]'") from None

    def bounded(limit: int, *checks: pa.Check) -> pa.Column:
        return pa.Column(str, [pa.Check.str_length(0, limit), *checks])

    empty_or_utc = pa.Check(lambda column: (column == "") | column.str.match(_UTC), name="UTC to the millisecond")
    return pa.DataFrameSchema(
        {
            "timestamp": bounded(24, empty_or_utc),
            "host": bounded(FIELD_CHARS),
            "facility": bounded(FIELD_CHARS),
            "severity": bounded(16, pa.Check.isin(["", *SEVERITIES])),
            "message": bounded(MESSAGE_CHARS),
            "service": bounded(FIELD_CHARS),
            "component": bounded(FIELD_CHARS),
            "target_category": bounded(16, pa.Check.isin(["", *(str(name) for name in EventClass)])),
        },
        strict=True,
    )


def violations(records: Iterable[LogRecord]) -> dict[str, int]:
    """Return how many values break the schema, by column and check; nothing where all is well."""
    from pandera.errors import SchemaErrors  # noqa: PLC0415 - of an extra

    frame = frame_of(records)
    try:
        schema().validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
        counts = (cases["column"].astype(str) + ": " + cases["check"].astype(str)).value_counts()
        return {str(name): int(count) for name, count in sorted(counts.items())}
    return {}
