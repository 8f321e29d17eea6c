"""Holds podlore against recorded answers of preq: every difference is printed, and is either explained or a failure.

A folder has ``rule.yaml``, logs and ``expected.json``; any folder above such folders can be given. Called by
``podlore rules conformance``. A difference counts as explained only if podlore in preq's manner gives the recorded
answer and turning named switches of `Semantics`, and nothing else, gives podlore's.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from podlore.errors import BadInput
from podlore.rules.engine import RuleEngine
from podlore.rules.entity import Entity
from podlore.rules.entries import entries, sniff
from podlore.rules.load import load_rules
from podlore.rules.rule import Rule
from podlore.rules.semantics import PODLORE, PREQ, Semantics, reason, switched

Hit = tuple[int, tuple[tuple[int, int], ...]]
Answer = tuple[Hit, ...] | str
ERROR = "error"


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison; ``note`` says what differs and why, empty where nothing does."""

    name: str
    passed: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Log:
    """One file of an entity, or several; each entry keeps its index, as the recorded answers do."""

    entity: str
    data: bytes


def conformance(folder: Path, *, as_preq: bool = False) -> Iterator[Check]:
    """Yield one check a recorded answer of ``folder`` and all folders below it, in the order of their names."""
    recorded = folder / "expected.json"
    if not recorded.is_file():
        children = sorted(child for child in folder.iterdir() if child.is_dir()) if folder.is_dir() else []
        if not children:
            raise BadInput(
                f"no expected.json in {folder} or below; name a folder with rule.yaml, logs and expected.json"
            )
        for child in children:
            if next(child.rglob("expected.json"), None) is not None:
                yield from conformance(child, as_preq=as_preq)
        return
    expected = _read_json(recorded)
    kinds = {"logs": _recorded_logs, "spec": _probe, "upstream_expects": _example, "rule": _several_sources}
    kind = next((kinds[key] for key in kinds if key in expected), None)
    if kind is None:
        raise BadInput(f"{recorded} has none of {', '.join(kinds)}; it is no record of answers")
    yield from kind(folder, expected, PREQ if as_preq else PODLORE)


def answer(rules: Sequence[Rule], logs: Sequence[_Log], semantics: Semantics) -> tuple[Hit, ...]:
    """Return every match as its trigger and the (time, entry index) of its events, sorted."""
    engine = RuleEngine(rules, semantics=semantics, lateness_ns=None)
    matches = []
    for log in logs:
        layout = sniff(log.data, semantics)
        for entry in entries(log.data, layout, datetime.now(UTC).year, semantics):
            matches += engine.push(Entity(log.entity), entry.time_ns, entry.text, entry.index)
    matches += engine.finish()
    return tuple(
        sorted((each.trigger, tuple((seen.time_ns or 0, seen.position) for seen in each.steps)) for each in matches)
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(f"{path} is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise BadInput(f"{path} holds no JSON object")
    return value


def _first_alike(data: bytes) -> dict[int, int]:
    """Return for each entry the first with its time and text: the recorded answers do not tell such entries apart."""
    try:
        layout = sniff(data, PREQ)
    except BadInput:
        return {}
    first: dict[tuple[int | None, bytes], int] = {}
    year = datetime.now(UTC).year
    return {
        each.index: first.setdefault((each.time_ns, each.text), each.index)
        for each in entries(data, layout, year, PREQ)
    }


def _alike(hits: Answer, same: dict[int, int]) -> Answer:
    if isinstance(hits, str):
        return hits
    named = ((trigger, tuple((time, same.get(index, index)) for time, index in events)) for trigger, events in hits)
    return tuple(sorted(named))


def _ask(rule: Path, logs: Sequence[_Log], same: dict[int, int]) -> Callable[[Semantics], Answer]:
    """Return a function of the semantics that gives the answer, ``error`` where rule or log is refused."""

    def ask(semantics: Semantics) -> Answer:
        try:
            return _alike(answer(load_rules([rule], semantics), logs, semantics), same)
        except BadInput:
            return ERROR

    return ask


def _recorded_logs(folder: Path, expected: dict[str, Any], semantics: Semantics) -> Iterator[Check]:
    mutants = {f"mutants/{name}.log": value for name, value in expected.get("mutants", {}).items()}
    for file, recorded in {**expected["logs"], **mutants}.items():
        log = _Log(file, (folder / file).read_bytes())
        same = _first_alike(log.data)
        hits = _alike(_recorded_hits(recorded), same)
        ask = _ask(folder / "rule.yaml", [log], same)
        yield _compare(f"{folder.name}/{file}", ask, hits, semantics, ignores_year=expected.get("year_guessed", False))


def _recorded_hits(recorded: dict[str, Any]) -> Answer:
    if recorded.get("error"):
        return ERROR
    return tuple(
        sorted(
            (
                hit["trigger_entry_index"],
                tuple((entry["timestamp_ns"], entry["entry_index"]) for entry in hit["entries"]),
            )
            for hit in recorded["hits"]
        )
    )


def _compare(
    name: str, ask: Callable[[Semantics], Answer], recorded: Answer, semantics: Semantics, *, ignores_year: bool
) -> Check:
    ours = ask(semantics)
    if semantics != PREQ:
        ours, recorded = _untriggered(ours), _untriggered(recorded)
    if _same(ours, recorded, ignores_year=ignores_year):
        return Check(name, passed=True)
    difference = f"preq {_described(recorded)}, podlore {_described(ours)}"
    if semantics == PREQ:
        return Check(name, passed=False, note=difference)
    if _same(_untriggered(ask(PREQ)), recorded, ignores_year=ignores_year) and (reasons := _reasons(ask, ours)):
        return Check(name, passed=True, note=f"{difference}: {'; '.join(reasons)}")
    return Check(name, passed=False, note=f"{difference}: unexplained")


def _reasons(ask: Callable[[Semantics], Answer], ours: Answer) -> list[str]:
    """Return the differences that, and no others, turn preq's answer into podlore's."""
    as_preq = ask(PREQ)
    names = [each.name for each in fields(Semantics)]
    without = {name: ask(switched(PREQ, name, on=False)) for name in names}
    alone = [name for name in names if _untriggered(without[name]) == _untriggered(ours)]
    if alone:
        return [reason(alone[0])]
    changing = [name for name in names if without[name] != as_preq]
    together = PREQ
    for name in changing:
        together = switched(together, name, on=False)
    return [reason(name) for name in changing] if _untriggered(ask(together)) == _untriggered(ours) else []


def _untriggered(hits: Answer) -> Answer:
    """Leave out when a match was decided: podlore decides by the watermark, so at the end of a file."""
    return hits if isinstance(hits, str) else tuple(sorted((-1, events) for _, events in hits))


def _same(ours: Answer, recorded: Answer, *, ignores_year: bool) -> bool:
    """Whether each recorded match has one of ours; where all of ours wait for the end, the trigger is not compared."""
    if isinstance(ours, str) or isinstance(recorded, str) or len(ours) != len(recorded):
        return ours == recorded
    if all(trigger == -1 for trigger, _ in ours):
        recorded = tuple((-1, events) for _, events in recorded)
    left = list(ours)
    for hit in recorded:
        index = next((i for i, mine in enumerate(left) if _same_hit(mine, hit, ignores_year=ignores_year)), None)
        if index is None:
            return False
        del left[index]
    return True


def _same_hit(ours: Hit, recorded: Hit, *, ignores_year: bool) -> bool:
    """Compare two matches; an index of -1 was not recorded (one entry that is two events)."""
    if ours[0] != recorded[0] or len(ours[1]) != len(recorded[1]):
        return False
    times = [sorted(time for time, _ in events) for _, events in (ours, recorded)]
    left = Counter(index for _, index in ours[1])
    left.subtract(index for _, index in recorded[1] if index >= 0)
    return (ignores_year or times[0] == times[1]) and min(left.values()) >= 0


def _described(hits: Answer) -> str:
    if isinstance(hits, str):
        return "refuses it"
    first = f" (first: entries {[index for _, index in hits[0][1]][:6]}, decided at {hits[0][0]})" if hits else ""
    return f"matches {len(hits)} times{first}"


def _probe(folder: Path, expected: dict[str, Any], semantics: Semantics) -> Iterator[Check]:
    as_preq = semantics == PREQ
    wanted = expected["preq"]["result"] if as_preq else expected["spec"]
    yield _counted(folder, wanted, semantics, f"{expected.get('basis', '')}: {expected.get('note', '')}")


def _example(folder: Path, expected: dict[str, Any], semantics: Semantics) -> Iterator[Check]:
    wanted = {True: expected["problems"], False: 0}.get(expected["upstream_expects"], ERROR)
    yield _counted(folder, wanted, semantics, "", of_rules=True)


def _counted(folder: Path, wanted: int | str, semantics: Semantics, note: str, *, of_rules: bool = False) -> Check:
    try:
        rules = load_rules([folder / "rule.yaml"], semantics)
        log = _Log("test.log", (folder / "test.log").read_bytes())
        hits = [answer([rule], [log], semantics) for rule in rules]
        found: int | str = sum(bool(each) for each in hits) if of_rules else sum(map(len, hits))
    except BadInput:
        found = ERROR
    said = "" if found == wanted else f"expected {wanted}, podlore {found} ({note})"
    return Check(folder.name, passed=found == wanted, note=said)


def _several_sources(folder: Path, expected: dict[str, Any], semantics: Semantics) -> Iterator[Check]:
    rules = load_rules([folder / "rule.yaml"], semantics)
    for file in sorted(key for key in expected if key.endswith(".yaml")):
        wanted = expected[file]["preq" if semantics == PREQ else "spec_per_pod"]
        logs = [_Log(str(path), path.read_bytes()) for path in _source_files(folder / file, semantics)]
        found = len(answer(rules, logs, semantics))
        note = "" if found == wanted else f"expected {wanted}, podlore {found} ({expected[file]['what']})"
        yield Check(f"{folder.name}/{file}", passed=found == wanted, note=note)


def _source_files(sources: Path, semantics: Semantics) -> list[Path]:
    """Return the logs that a file of data sources names, sought below its own folder."""
    listed = yaml.safe_load(sources.read_text(encoding="utf-8"))["sources"]
    locations = [location["path"] for source in listed for location in source["locations"]]
    if semantics.reads_first_source:
        locations = [listed[0]["locations"][0]["path"]]
    folder = sources.parent
    below = [path.partition(f"/{folder.name}/")[2] or path for path in locations]
    return [file for pattern in below for file in sorted(folder.glob(pattern))]
