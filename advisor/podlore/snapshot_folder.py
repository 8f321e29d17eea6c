"""A snapshot on disk: a folder with one JSON file a kind, one object a line, to look at, to compare and to share.

``podlore snapshot`` writes it, ``podlore advise --snapshot`` reads it; what is read equals what was written. Nothing in
a folder is trusted: every value is checked against the vocabulary, and what does not fit is named with its file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from podlore.errors import BadInput, Unavailable
from podlore.policy import Policy
from podlore.snapshot import History, Snapshot
from podlore.vocabulary import (
    Controller,
    DisruptionBudget,
    Event,
    Failure,
    Given,
    GpuWindow,
    LogLine,
    Node,
    Outcome,
    Pod,
    Series,
    Start,
)

VERSION = 1
HEAD_FILE = "snapshot.json"
POLICY_FILE = "policy.json"
FILE_BYTES_MAX = 2**30
RECORDS: dict[str, type[tuple[Any, ...]]] = {
    "pods": tuple[Pod, ...],
    "nodes": tuple[Node, ...],
    "events": tuple[Event, ...],
    "controllers": tuple[Controller, ...],
    "gpu_windows": tuple[GpuWindow, ...],
    "starts": tuple[Start, ...],
    "failures": tuple[Failure, ...],
    "series": tuple[Series, ...],
    "logs": tuple[LogLine, ...],
    "budgets": tuple[DisruptionBudget, ...],
    "given": tuple[Given, ...],
    "outcomes": tuple[Outcome, ...],
}
"""What a folder holds besides its head and its policy: the file's stem, and the type of its content."""
LATER = frozenset({"budgets", "given", "outcomes"})
"""Files that folders of the first days do not have."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Head:
    """What a snapshot says of itself."""

    version: int
    now: float
    observed_since: float
    has_metrics: bool


def write(snapshot: Snapshot, folder: Path) -> None:
    """Write a snapshot; a folder that is there already is overwritten file by file.

    Raises
    ------
    Unavailable
        Where the folder cannot be made or written.
    """
    head = Head(VERSION, snapshot.now, snapshot.observed_since, snapshot.has_metrics)
    records: dict[str, Sequence[object]] = {
        "pods": snapshot.pods,
        "nodes": snapshot.nodes,
        "events": snapshot.events,
        "controllers": snapshot.controllers,
        "gpu_windows": snapshot.gpu_windows,
        "starts": snapshot.history.starts,
        "failures": snapshot.history.failures,
        "series": snapshot.series,
        "logs": snapshot.logs,
        "budgets": snapshot.budgets,
        "given": snapshot.history.given,
        "outcomes": snapshot.history.outcomes,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for stem, found in records.items():
            _write(folder / f"{stem}.json", _lines(found))
        _write(folder / POLICY_FILE, _pretty(snapshot.policy))
        _write(folder / HEAD_FILE, _pretty(head))  # last: a folder that was cut off has none
    except OSError as error:
        raise Unavailable(f"cannot write the snapshot to {folder}: {error.strerror or error}") from error


def read(folder: Path) -> Snapshot:
    """Return the snapshot that a folder holds.

    Raises
    ------
    BadInput
        Where the folder holds no snapshot, one of another version, or values that do not fit.
    """
    head = _read(folder / HEAD_FILE, Head)
    if head.version != VERSION:
        raise BadInput(f"{folder / HEAD_FILE}: version {head.version} is not {VERSION}; take the snapshot again")
    found = {
        stem: _read(folder / f"{stem}.json", shape)
        for stem, shape in RECORDS.items()
        if stem not in LATER or (folder / f"{stem}.json").exists()
    }
    history = History(**{part: found.pop(part, ()) for part in ("starts", "failures", "given", "outcomes")})
    policy = _read(folder / POLICY_FILE, Policy)
    return Snapshot(
        head.now, head.observed_since, has_metrics=head.has_metrics, history=history, policy=policy, **found
    )


def _lines(records: Sequence[object]) -> bytes:
    return b"[\n" + b",\n".join(msgspec.json.encode(record) for record in records) + b"\n]\n"


def _pretty(record: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"


def _write(path: Path, content: bytes) -> None:
    unfinished = path.with_suffix(".part")
    unfinished.write_bytes(content)
    unfinished.replace(path)


def _read(path: Path, shape: type[T]) -> T:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise BadInput(f"{path}: larger than {FILE_BYTES_MAX} bytes")
        return msgspec.json.decode(path.read_bytes(), type=shape)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror or error}; podlore snapshot DIR writes one") from error
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise BadInput(f"{path}: {error}") from error
