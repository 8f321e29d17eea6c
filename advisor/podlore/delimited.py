"""Records of CSV text that may be hostile: the one place that touches the csv module's limit of a field.

That limit is one for the whole process. `Records` sets it anew for each record, so that readers with different limits
can take turns. Used by the readers of traces and of events.
"""

import csv
from collections.abc import Iterable, Iterator


class Records:
    """What ``csv.reader`` is, with a limit of its own; after a ``csv.Error`` the next record can be read.

    >>> list(Records(["a,b", '"1,5",2'], field_characters_max=100))
    [['a', 'b'], ['1,5', '2']]
    """

    def __init__(self, lines: Iterable[str], *, field_characters_max: int, is_strict: bool = False) -> None:
        self._reader = csv.reader(lines, strict=is_strict)
        self._field_characters_max = field_characters_max

    @property
    def line_num(self) -> int:
        """The line on which the last record ended."""
        return self._reader.line_num

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        csv.field_size_limit(self._field_characters_max)
        return next(self._reader)
