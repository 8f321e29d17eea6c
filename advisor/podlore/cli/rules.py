"""``podlore rules``: match rules on logs, lint them, test them, and hold them against recorded answers."""

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from podlore.errors import BadInput

if TYPE_CHECKING:
    from rich.status import Status

    from podlore.rules import Match, RuleEngine
    from podlore.rules.conformance import Check

SEVERITIES = ("critical", "high", "medium", "low", "info")
QUOTED_BYTES = 400
MOST_STEPS = 5

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
    help="""Rules over logs and events, in the public CRE format.

    [bold]podlore rules run catalogue /var/log/syslog[/]              podlore's own rules on a log

    [bold]kubectl logs train-0 --timestamps | podlore rules run catalogue -[/]

    [bold]podlore rules lint my-rule.yaml[/]                          what a rule says that is read otherwise

    [bold]podlore rules test my-rules[/]                              each rule on its own logs

    [bold]podlore rules mine train.log --out mined/[/]                rules to review, from what follows what
    """,
)


class Output(StrEnum):
    """How matches are printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


RulesArgument = Annotated[str, typer.Argument(help="A rule file, a folder of them, or: catalogue, podlore's own.")]


@app.command()
def run(
    rules: RulesArgument,
    logs: Annotated[list[str], typer.Argument(help="Log files; - is standard input.")],
    fail_on: Annotated[
        str | None, typer.Option("--fail-on", help="Exit with 1 on a match this severe or worse: critical ... info.")
    ] = None,
    source: Annotated[str, typer.Option(help="The label of the logs' source; * lets every rule read them.")] = "*",
    partial: Annotated[bool, typer.Option("--partial", help="Also show rules of which some steps were seen.")] = False,
    preq: Annotated[bool, typer.Option("--preq", help="Answer as preq does, its defects included.")] = False,
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print matches.")] = Output.TABLE,
) -> None:
    """Match rules on logs and print each match with its lines.

    Each file is an entity of its own: matches never mix two pods. Text of logs is escaped, never executed.

    [bold]podlore rules run catalogue /var/log/pods/*/*/*.log --fail-on high[/]

    [bold]dmesg | podlore rules run catalogue - -o json[/]
    """
    from podlore.rules import PODLORE, PREQ, RuleEngine, load_rules

    worst = _severity(fail_on)
    semantics = PREQ if preq else PODLORE
    engine = RuleEngine(load_rules([_rules_path(rules)], semantics), semantics=semantics, lateness_ns=_lateness(logs))
    is_live = "-" in logs and output is Output.TABLE
    found = []
    for match in _matches(engine, logs, source):
        record = _record(match, logs)
        found.append({"severity": record["severity"]} if is_live else record)
        if is_live:
            _print_record(record)
    partials = [_partial(each) for each in engine.partials()] if partial else []
    _print(partials if is_live else [*found, *partials], output)
    _print_notes(engine, len(found))
    if worst is not None and any(SEVERITIES.index(each["severity"]) <= worst for each in found):
        raise typer.Exit(1)


@app.command()
def lint(paths: Annotated[list[Path], typer.Argument(help="Rule files, or folders of them.")]) -> None:
    """Print what is wrong in rule files, and what a reader would take otherwise than it is read; exit 1 on errors.

    [bold]podlore rules lint my-rule.yaml[/]
    """
    from podlore.rules import read_rules

    loaded = read_rules(paths)
    for problem in sorted(loaded.problems, key=lambda each: (each.place.file, each.place.line)):
        typer.echo(str(problem))
    n_warnings = len(loaded.problems) - len(loaded.errors)
    typer.echo(f"{len(loaded.rules)} rules, {len(loaded.errors)} errors, {n_warnings} warnings")
    if loaded.errors:
        raise typer.Exit(1)


@app.command("test")
def check(folder: Annotated[str, typer.Argument(help="A folder of rules with their logs, or: catalogue.")]) -> None:
    """Run every rule on the logs beside it: positive*.log must match, negative*.log must not; exit 1 if one fails.

    [bold]podlore rules test catalogue[/]
    """
    from podlore.rules.check_rules import check_rules
    from podlore.rules.conformance import Check

    tested = check_rules(_rules_path(folder))
    _conclude(Check(each.name, each.passed, each.note) for each in tested)


@app.command()
def conformance(
    folder: Annotated[Path, typer.Argument(help="Folders with rule.yaml, logs and expected.json.")],
    preq: Annotated[bool, typer.Option("--preq", help="Answer as preq does: every answer must be the same.")] = False,
) -> None:
    """Compare detections and entry indices with recorded answers; print each difference with its reason.

    Without --preq a difference passes only if named defects of preq, turned off one by one, explain all of it.

    [bold]podlore rules conformance corpus/open --preq[/]
    """
    from podlore.rules.conformance import conformance as checks

    _conclude(checks(folder, as_preq=preq))


@app.command()
def mine(
    logs: Annotated[list[Path], typer.Argument(help="Log files with times; each is a stream of its own.")],
    window_seconds: Annotated[
        float, typer.Option("--window", help="The longest an episode may take, in seconds.")
    ] = 60,
    alpha: Annotated[float, typer.Option(help="How often a log without any episode may show one.")] = 0.05,
    support: Annotated[int, typer.Option(help="How often an episode must happen at least.")] = 5,
    out: Annotated[Path | None, typer.Option(help="Write each episode as a rule file into this folder.")] = None,
    seed: Annotated[int, typer.Option(help="For the shuffled logs that chance is judged by.")] = 0,
) -> None:
    """Mine logs for messages that follow each other more often than chance explains; write rules to review.

    Messages are told apart by their words, numbers and names left out. What is found holds at the level for all
    candidates together; nothing found is the usual answer for a log in which nothing happens.

    [bold]podlore rules mine train.log --window 60 --out mined/[/]

    [bold]podlore rules lint mined/ && podlore rules run mined/ other.log[/]
    """
    import numpy as np

    from podlore.patterns.episodes import Settings, as_rule
    from podlore.patterns.episodes import mine as mine_log
    from podlore.rules.log_events import log_events

    said = log_events(logs)
    settings = Settings(window_seconds=window_seconds, alpha=alpha, support_min=support)
    with _spinner(f"mining {len(said.log.kinds):,} events of {len(said.templates)} messages"):
        found = mine_log(said.log, settings, np.random.default_rng(seed))
    for number, one in enumerate(found, start=1):
        expressions = [said.templates[kind].expression for kind in one.episode.types]
        arrow = " -> " if one.episode.serial else " + "
        typer.echo(
            f"{one.support:>6} times, {one.lift:.3g} times chance, p {one.p_value:.3g}  "
            + _escaped(arrow.join(said.templates[kind].words for kind in one.episode.types))
        )
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            (out / f"mined-{number:02}.yaml").write_text(as_rule(one, expressions), encoding="utf-8")
    if said.n_untimed:
        typer.echo(f"note: {said.n_untimed:,} lines without a time were left out", err=True)
    typer.echo(f"{len(found)} episodes")


def _spinner(text: str) -> "Status":
    from rich.console import Console

    return Console(stderr=True).status(text)


def _conclude(checks: "Iterable[Check]") -> None:
    from rich.progress import track

    passed = failed = 0
    for check in track(checks, description="checking", transient=True, disable=not sys.stderr.isatty()):
        passed += check.passed
        failed += not check.passed
        if check.note:
            typer.echo(f"{'differs' if check.passed else 'FAILED'}  {check.name}: {_escaped(check.note)}")
    typer.echo(f"{passed} passed, {failed} failed")
    if failed or not passed:
        raise typer.Exit(1)


def _rules_path(name: str) -> Path:
    from podlore.rules.check_rules import CATALOGUE

    return CATALOGUE if name == "catalogue" and not Path(name).exists() else Path(name)


def _severity(name: str | None) -> int | None:
    if name is None:
        return None
    if name not in SEVERITIES:
        raise BadInput(f"no severity {name!r}; there are {', '.join(SEVERITIES)}")
    return SEVERITIES.index(name)


def _lateness(logs: list[str]) -> int | None:
    """Files are ordered whole; a stream is decided as it comes."""
    from podlore.rules.engine import STREAM_LATENESS_NS

    return STREAM_LATENESS_NS if "-" in logs else None


def _matches(engine: "RuleEngine", logs: list[str], source: str) -> "Iterator[Match]":
    from rich.progress import track

    from podlore.rules import Entity, scan_file

    for name in track(logs, description="reading", transient=True, disable=not sys.stderr.isatty()):
        if name == "-":
            yield from scan_file(engine, sys.stdin.buffer, Entity(name="-"), label=source)
            continue
        with _opened(name) as stream:
            yield from scan_file(engine, stream, Entity.of_file(Path(name)), label=source)
    yield from engine.finish()


def _opened(name: str) -> BinaryIO:
    try:
        return Path(name).open("rb")
    except OSError as error:
        raise BadInput(f"cannot read {name}: {error.strerror}; name log files, or - for standard input") from error


def _record(match: "Match", logs: list[str]) -> dict[str, Any]:
    """Return a match as it is printed: JSON-able, with the lines it stands on."""
    cre = match.rule.cre
    return {
        "rule": cre.id,
        "severity": SEVERITIES[min(max(cre.severity, 0), 4)],
        "title": _escaped(cre.title),
        "entity": _escaped(str(match.steps[0].entity)),
        **({"key": [_escaped(value) for value in match.key]} if match.key else {}),
        "steps": [
            {
                "time": _time(seen.time_ns),
                "offset": seen.position,
                **({"line": line} if (line := _line(seen.entity.name, seen.position, logs)) else {}),
            }
            for seen in match.steps
        ],
        "mitigation": _escaped(cre.mitigation.strip()),
    }


def _line(name: str, offset: int, logs: list[str]) -> str:
    if name not in logs or name == "-":
        return ""
    with Path(name).open("rb") as stream:
        stream.seek(offset)
        return _escaped(stream.readline(QUOTED_BYTES).decode("utf-8", "replace").rstrip("\r\n"))


def _partial(partial: Any) -> dict[str, Any]:  # noqa: ANN401 - the engine's Partial, imported late
    cre = partial.rule.cre
    seen = f"{partial.n_seen} of {partial.n_steps} steps"
    return {"rule": cre.id, "severity": "info", "title": f"{seen}: {cre.title}", "entity": partial.entity, "steps": []}


def _time(time_ns: int | None) -> str | None:
    if time_ns is None:
        return None
    seconds, nanoseconds = divmod(time_ns, 10**9)
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{nanoseconds:09}Z"
    except (OverflowError, ValueError, OSError):
        return str(time_ns)


def _escaped(text: str) -> str:
    """Return text without anything a terminal would obey."""
    return "".join(" " if c == "\n" else c if c.isprintable() else repr(c)[1:-1] for c in text)


def _print(records: list[dict[str, Any]], output: Output) -> None:
    if output is Output.JSON:
        typer.echo(json.dumps(records, indent=2))
    elif output is Output.YAML:
        import yaml

        typer.echo(yaml.safe_dump(records, sort_keys=False, allow_unicode=True), nl=False)
    else:
        for record in sorted(records, key=lambda each: SEVERITIES.index(each["severity"])):
            _print_record(record)


def _print_record(record: dict[str, Any]) -> None:
    typer.echo(f"{record['severity'].upper():<9}{record['rule']}  {record['title']}  ({record['entity']})")
    for step in record["steps"][:MOST_STEPS]:
        typer.echo(f"         {step['time'] or 'no time'}  {step.get('line', '')}")
    if (more := len(record["steps"]) - MOST_STEPS) > 0:
        typer.echo(f"         and {more} more")


def _print_notes(engine: "RuleEngine", n_found: int) -> None:
    """Say on standard error what was left out, and how much was found."""
    notes = {
        "events came too late to be ordered": engine.n_late,
        "events were forgotten because too many waited": engine.n_overflowed,
        "lines without a time could not be held against a window": engine.n_untimed,
        "states were dropped because there were too many": engine.n_states_dropped,
    }
    for what, count in notes.items():
        if count:
            typer.echo(f"note: {count:,} {what}", err=True)
    typer.echo(f"{n_found} matches of {len(engine.rules)} rules", err=True)
