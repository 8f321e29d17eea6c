"""Labelled messages to measure on: read from CSV, normalized as the operator would, grouped by family."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from podlore.classify.families import Numbers, families
from podlore.classify.text_of import text_of
from podlore.errors import BadInput
from podlore.events.normalize import EVENT_FACILITY, normalize
from podlore.events.readers import lines, table
from podlore.events.record import LogRecord
from podlore.vocabulary import EventClass

CLASSES: tuple[str, ...] = tuple(sorted(str(event_class) for event_class in EventClass))
OPEN_LICENCE = "Apache-2.0"


@dataclass(frozen=True)
class Labelled:
    """Rows with their truth.

    ``truth`` is the column of `CLASSES`; ``family`` joins near-copies, also those that the file tells apart;
    ``collection`` is where a row came from, coarse enough to leave one out; a borderline label is not ``is_clear``;
    ``is_unread`` tells the half of the families that nobody read while the generator's vocabulary grew (the data card).
    """

    texts: tuple[str, ...]
    truth: Numbers
    family: Numbers
    collection: tuple[str, ...]
    licence: tuple[str, ...]
    is_event: NDArray[np.bool_]
    is_clear: NDArray[np.bool_]
    is_unread: NDArray[np.bool_]
    sha256: str = ""

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def labels(self) -> list[str]:
        """The true class of each row by name."""
        return [CLASSES[column] for column in self.truth]

    def take(self, rows: Sequence[int] | Numbers) -> "Labelled":
        """Return some of the rows, in the order asked for."""
        at = np.asarray(rows, np.intp)
        return Labelled(
            tuple(self.texts[row] for row in at),
            self.truth[at],
            self.family[at],
            tuple(self.collection[row] for row in at),
            tuple(self.licence[row] for row in at),
            self.is_event[at],
            self.is_clear[at],
            self.is_unread[at],
            self.sha256,
        )


def read_labelled(file: Path) -> Labelled:
    """Read a CSV of the schema with ``target_category``; ``source``, ``licence``, ``confidence``, ``family_id`` help.

    Raises
    ------
    BadInput
        If the file cannot be read, a row has no known class, or a class has no rows.
    """
    content = _content(file)
    rows = _rows(content)
    for number, (row, record) in enumerate(rows, 2):
        if record.target_category is None:
            found = row.get("target_category", "")
            raise BadInput(f"{file}, row {number}: target_category is {found!r}, expected one of {', '.join(CLASSES)}")
    missing = set(CLASSES) - {str(record.target_category) for _, record in rows}
    if missing:
        raise BadInput(f"{file} has no rows of {', '.join(sorted(missing))}: nothing can be measured of a class unseen")
    texts = tuple(text_of(normalize(record)) for _, record in rows)
    return Labelled(
        texts=texts,
        truth=np.array([CLASSES.index(str(record.target_category)) for _, record in rows], np.intp),
        family=join_families([row.get("family_id", "") for row, _ in rows], families(texts)),
        collection=tuple(collection_of(row.get("source", "")) for row, _ in rows),
        licence=tuple(row.get("licence", "") for row, _ in rows),
        is_event=np.array([record.facility == EVENT_FACILITY for _, record in rows]),
        is_clear=np.array([row.get("confidence", "clear") != "borderline" for row, _ in rows]),
        is_unread=np.array([was_never_read(row.get("family_id", "")) for row, _ in rows]),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def records_of(file: Path) -> list[LogRecord]:
    """Return the normalized records of a labelled file, whatever their labels."""
    return [normalize(record) for _, record in _rows(_content(file))]


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot read {file}: {error.strerror}") from None


def _rows(content: bytes) -> list[tuple[dict[str, str], LogRecord]]:
    skipped = Counter[str]()
    return list(table.rows(lines(BytesIO(content), skipped, table.LONGEST_BYTES), skipped))


def collection_of(source: str) -> str:
    """Return the collection that a source belongs to: the first two parts of its path, a set's number left out.

    >>> collection_of("loghub/BGL_2k E77"), collection_of("canonical/hotsos test data"), collection_of("")
    ('loghub/BGL', 'canonical/hotsos', 'unknown')
    """
    head = source.partition("#")[0].partition(":")[0].split(" ")[0]
    return "/".join(head.split("/")[:2]).removesuffix("_2k") or "unknown"


def was_never_read(family_id: str) -> bool:
    """Return whether a family's SHA-256 is odd: mistakes were read of the others only.

    >>> was_never_read("0"), was_never_read("3"), was_never_read("")
    (True, False, False)
    """
    return bool(family_id) and int(hashlib.sha256(family_id.encode()).hexdigest(), 16) % 2 == 1


def join_families(named: Sequence[str], found: Numbers) -> Numbers:
    """Return families that join what either of two groupings joins; an empty name joins nothing.

    >>> join_families(["a", "a", "", ""], np.array([0, 1, 1, 2])).tolist()
    [0, 0, 0, 1]
    """
    n_rows = len(named)
    column = {name: number for number, name in enumerate(sorted(set(named) - {""}), int(found.max()) + 1)}
    rows = np.concatenate([np.arange(n_rows), [row for row, name in enumerate(named) if name]]).astype(np.intp)
    groups = np.concatenate([found, [column[name] for name in named if name]]).astype(np.intp)
    size = n_rows + int(groups.max()) + 1
    graph = csr_matrix((np.ones(len(rows), bool), (rows, groups + n_rows)), shape=(size, size))
    joined = connected_components(graph, directed=False)[1][:n_rows]
    order: dict[int, int] = {}
    return np.array([order.setdefault(int(label), len(order)) for label in joined], np.intp)


def is_open(licence: str) -> bool:
    """Return whether a row may go into the shipped model: its licence is Apache-2.0 and nothing else."""
    return licence.strip().casefold() == OPEN_LICENCE.casefold()
