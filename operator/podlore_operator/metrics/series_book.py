"""Keeps how metrics went over the last twelve hours: new steps come in, rows of equal steps leave. Bounded.

Filled by the metrics loop, a few steps at a time; read into ClusterState.
"""

import math
from array import array
from collections.abc import Iterator

from podlore.vocabulary import Series
from podlore_operator.metrics.read_steps import STEP_SECONDS, STEPS_KEPT, RowKey, Rows

ROWS_MAX = 20_000
_NOTHING = array("d", [math.nan])


class SeriesBook:
    """Rows by series; all of them end with the step ``last``.

    >>> book = SeriesBook()
    >>> book.put(last=10, rows={RowKey("up", "gpu-1"): {9: 1.0, 10: 0.5}})
    >>> book.put(last=12, rows={RowKey("up", "gpu-1"): {12: 0.7}})
    >>> book.series()[0].values[-5:], book.series()[0].until_at
    ((None, 1.0, 0.5, None, 0.7), 3600.0)
    """

    def __init__(self, rows_max: int = ROWS_MAX) -> None:
        self.last: int | None = None
        self.left_out = 0
        self._rows: dict[RowKey, array[float]] = {}
        self._rows_max = rows_max

    def put(self, last: int, rows: Rows) -> None:
        """Take in values of some steps, of which ``last`` is the latest; what is older than twelve hours goes.

        Where there are too many series, those that come first are kept.
        """
        self._go_on_to(last)
        self.left_out = 0
        for key in rows:
            if (row := self._row(key)) is None:
                self.left_out += 1
                continue
            for number, value in rows[key].items():
                place = number - last - 1
                if -STEPS_KEPT <= place < 0:
                    row[place] = value

    def series(self) -> tuple[Series, ...]:
        """Return all rows, sorted; None where nothing was measured."""
        return tuple(self._series())

    def _series(self) -> Iterator[Series]:
        until_at = (self.last or 0) * STEP_SECONDS
        for key, row in sorted(self._rows.items(), key=lambda item: item[0]):
            values = tuple(None if math.isnan(value) else value for value in row)
            yield Series(key.metric, key.node, until_at, STEP_SECONDS, values, key.gpu, key.namespace, key.pod)

    def _row(self, key: RowKey) -> "array[float] | None":
        if key not in self._rows and len(self._rows) < self._rows_max:
            self._rows[key] = _NOTHING * STEPS_KEPT
        return self._rows.get(key)

    def _go_on_to(self, last: int) -> None:
        gone = min(last - self.last, STEPS_KEPT) if self.last is not None else 0
        if gone > 0:
            moved = ((key, row[gone:] + _NOTHING * gone) for key, row in self._rows.items())
            self._rows = {key: row for key, row in moved if not all(map(math.isnan, row))}
        self.last = last
