"""Rules with the logs that must and must not match: one folder a rule. Called by ``podlore rules test``."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from podlore.errors import BadInput
from podlore.rules.engine import RuleEngine
from podlore.rules.entity import Entity
from podlore.rules.load import load_rules
from podlore.rules.scan_file import scan_file

CATALOGUE = Path(__file__).parent / "catalogue"
POSITIVE = ("positive", "test.log")
NEGATIVE = ("negative", "test-fp")


@dataclass(frozen=True, slots=True)
class Tested:
    """One log held against its rule; ``note`` says what was wrong, empty where nothing was."""

    name: str
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether the log matched as it must."""
        return not self.note


def check_rules(folder: Path) -> Iterator[Tested]:
    """Yield one result a log of ``folder`` and below: ``positive*.log`` must match, ``negative*.log`` must not.

    ``test.log`` and ``test-fp.log``, the names of the public set, mean the same.
    """
    if not folder.is_dir():
        raise BadInput(
            f"no folder {folder}; name one that holds rule.yaml, positive.log and negative.log, or such folders"
        )
    found = sorted(path for path in folder.rglob("*.y*ml") if any(_logs(path.parent, POSITIVE + NEGATIVE)))
    if not found:
        raise BadInput(f"no rule with a positive.log or negative.log in {folder}")
    for rule in found:
        yield from _test_rule(rule)


def n_matches(rule: Path, log: Path) -> int:
    """Return how often the rules of a file match a log."""
    engine = RuleEngine(load_rules([rule]), lateness_ns=None)
    with log.open("rb") as stream:
        return len(list(scan_file(engine, stream, Entity.of_file(log)))) + len(engine.finish())


def _test_rule(rule: Path) -> Iterator[Tested]:
    name = rule.parent.name
    positives, negatives = list(_logs(rule.parent, POSITIVE)), list(_logs(rule.parent, NEGATIVE))
    if not positives:
        yield Tested(name, "no log that must match; add positive.log")
    for log in positives:
        yield Tested(f"{name}/{log.name}", "" if n_matches(rule, log) else "must match and does not")
    for log in negatives:
        count = n_matches(rule, log)
        yield Tested(f"{name}/{log.name}", f"must not match and does {count} times" if count else "")


def _logs(folder: Path, prefixes: tuple[str, ...]) -> Iterator[Path]:
    for path in sorted(folder.glob("*.log")):
        if path.name.startswith(prefixes):
            yield path
