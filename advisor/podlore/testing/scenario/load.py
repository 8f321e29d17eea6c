"""A scenario's folder comes in, a `Scenario` leaves. The format is told in ``tests/scenarios/FORMAT.md``."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from podlore.errors import BadInput
from podlore.testing.scenario.samples import Row
from podlore.vocabulary import LogLine


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happens: an object as it is now, an event, or the name of an object that goes."""

    at_seconds: float
    apply: Mapping[str, Any] | None = None
    event: Mapping[str, Any] | None = None
    delete: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """An advice that must or must not be; an empty part means any."""

    target: str = ""
    pattern: str = ""
    actions: tuple[str, ...] = ()
    by_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A timeline with everything that belongs to it; seconds count from ``start_at``."""

    name: str
    start_at: float
    until_seconds: float
    timeline: tuple[Entry, ...]
    rows: tuple[Row, ...]
    logs: tuple[LogLine, ...]
    policy: Mapping[str, Any] | None
    must: tuple[Expectation, ...]
    must_not: tuple[Expectation, ...]


class _TextLoader(yaml.CSafeLoader):
    """Leaves timestamps as they are written: the readers of objects take text, as the API server sends it."""


_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def load(folder: Path) -> Scenario:
    """Return the scenario in a folder.

    Raises
    ------
    BadInput
        Where a file is missing or malformed; the text names it.
    """
    expected = _yaml(folder / "expected.yaml")
    try:
        return _scenario(folder, expected)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, BadInput):
            raise
        what = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise BadInput(f"{folder / 'expected.yaml'}: {what}; it needs start, until, must and must_not") from error


def _scenario(folder: Path, expected: Mapping[str, Any]) -> Scenario:
    start = datetime.fromisoformat(str(expected["start"]))
    start_at = (start if start.tzinfo else start.replace(tzinfo=UTC)).timestamp()
    policy = folder / "policy.yaml"
    return Scenario(
        name=folder.name,
        start_at=start_at,
        until_seconds=float(expected["until"]),
        timeline=tuple(_entries(folder / "timeline.yaml")),
        rows=tuple(_rows(folder / "metrics.csv")),
        logs=tuple(_logs(folder / "logs", start_at)),
        policy=_yaml(policy) if policy.exists() else None,
        must=tuple(_expectation(one) for one in expected.get("must") or ()),
        must_not=tuple(_expectation(one) for one in expected.get("must_not") or ()),
    )


def _entries(path: Path) -> Iterator[Entry]:
    for number, entry in enumerate(_yaml(path) or (), start=1):
        if not isinstance(entry, dict) or len(entry.keys() & {"apply", "event", "delete"}) != 1 or "at" not in entry:
            raise BadInput(f"{path}: entry {number} needs `at` and one of apply, event, delete")
        yield Entry(float(entry["at"]), entry.get("apply"), entry.get("event"), entry.get("delete"))


def _rows(path: Path) -> Iterator[Row]:
    if not path.exists():
        return
    with path.open(newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                value = float(row["value"]) if row["value"] else None
                yield Row(float(row["seconds"]), row["node"], row["gpu"], row["pod"], row["metric"], value)
            except (KeyError, TypeError, ValueError) as error:
                raise BadInput(f"{path}: line {number}: {error}") from error


def _logs(folder: Path, start_at: float) -> Iterator[LogLine]:
    for path in sorted(folder.glob("*.log")):
        namespace, _, pod = path.stem.partition("_")
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1):
            seconds, tab, text = line.partition("\t")
            if not tab:
                raise BadInput(f"{path}: line {number} needs a time, a tab and a text")
            try:
                yield LogLine(namespace, pod, start_at + float(seconds), text)
            except ValueError as error:
                raise BadInput(f"{path}: line {number}: {seconds!r} is no number of seconds") from error


def _expectation(one: Mapping[str, Any]) -> Expectation:
    actions = one.get("action") or ()
    return Expectation(
        target=one.get("target") or "",
        pattern=one.get("pattern") or "",
        actions=(actions,) if isinstance(actions, str) else tuple(actions),
        by_seconds=float(one["by"]) if one.get("by") is not None else None,
    )


def _yaml(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    try:
        return yaml.load(path.read_bytes(), Loader=_TextLoader)  # noqa: S506 - a safe loader
    except (OSError, yaml.YAMLError) as error:
        raise BadInput(f"{path}: {error}") from error
