"""Rule files in, `Rule`s and `Problem`s out: public CRE files load unchanged; what would be swallowed silently is said.

Called by ``podlore rules`` and by tests. Every problem has its line, its column and the way out.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from podlore.errors import BadInput
from podlore.rules.parse_rule import RuleParser
from podlore.rules.rule import Place, Rule
from podlore.rules.semantics import PODLORE, Semantics
from podlore.rules.yaml_tree import YamlError, compose, entries, find, items, place

LARGEST_FILE_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a rule file says that does not mean what its author may think; an error keeps it from loading."""

    place: Place
    text: str
    is_error: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {'error' if self.is_error else 'warning'}: {self.text}"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The rules that loaded, and all that was noticed."""

    rules: tuple[Rule, ...]
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that kept a rule from loading."""
        return tuple(problem for problem in self.problems if problem.is_error)


def load_rules(paths: Iterable[Path], semantics: Semantics = PODLORE) -> tuple[Rule, ...]:
    """Return the rules of files and folders (``*.yaml``, ``*.yml``), or raise BadInput with every error in them."""
    loaded = read_rules(paths, semantics)
    if loaded.errors:
        raise BadInput("\n".join(str(problem) for problem in loaded.errors))
    return loaded.rules


def read_rules(paths: Iterable[Path], semantics: Semantics = PODLORE) -> Loaded:
    """Return rules and problems of files and folders; BadInput only where there is nothing to read."""
    rules: list[Rule] = []
    problems: list[Problem] = []
    for path in paths:
        for file in _files(path):
            loaded = _read_file(file, semantics)
            rules += loaded.rules
            problems += loaded.problems
    unique, repeated = _without_repeats(rules)
    return Loaded(unique, (*problems, *repeated))


def parse_rules(text: str, name: str = "<rules>", semantics: Semantics = PODLORE) -> Loaded:
    """Return the rules and problems of one file's text."""
    problems: list[Problem] = []
    rules: list[Rule] = []
    try:
        documents = compose(text, name)
    except YamlError as error:
        return Loaded((), (Problem(error.place, error.text, is_error=True),))
    if not documents:
        return Loaded((), (Problem(Place(name, 1, 1), "an empty file; list rules under `rules:`", is_error=True),))
    for document in documents:
        _read_document(document, name, semantics, rules, problems)
    return Loaded(tuple(rules), tuple(problems))


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(each for each in path.rglob("*.y*ml") if each.suffix in {".yaml", ".yml"})
        if not found:
            raise BadInput(f"no *.yaml in {path}; name a rule file or a folder that holds some")
        return found
    if not path.is_file():
        raise BadInput(f"no rules at {path}; name a rule file or a folder that holds some")
    return [path]


def _read_file(path: Path, semantics: Semantics) -> Loaded:
    if path.stat().st_size > LARGEST_FILE_BYTES:
        raise BadInput(f"{path} is larger than {LARGEST_FILE_BYTES >> 20} MiB; split it")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: byte {error.start} is no UTF-8; rule files are UTF-8 text") from error
    return parse_rules(text, str(path), semantics)


def _read_document(
    document: yaml.Node, name: str, semantics: Semantics, rules: list[Rule], problems: list[Problem]
) -> None:
    if (section := find(document, "section")) is not None and section.value == "version":
        return
    listed = find(document, "rules")
    if listed is None:
        problems.append(
            Problem(place(document, name), "no `rules:` in this document; list the rules under it", is_error=True)
        )
        return

    def warn(at: Place, text: str) -> None:
        problems.append(Problem(at, text))

    try:
        terms = {key.value: value for key, value in entries(find(document, "terms"), name)}
        nodes = items(listed, name)
    except YamlError as error:
        problems.append(Problem(error.place, error.text, is_error=True))
        return
    for node in nodes:
        try:
            rules.append(RuleParser(name, terms, semantics, warn).rule(node))
        except YamlError as error:
            problems.append(Problem(error.place, error.text, is_error=True))
        except RecursionError:
            problems.append(Problem(place(node, name), "an alias that contains itself; write it out", is_error=True))


def _without_repeats(rules: Iterable[Rule]) -> tuple[tuple[Rule, ...], list[Problem]]:
    seen: dict[str, Place] = {}
    unique: list[Rule] = []
    problems: list[Problem] = []
    for rule in rules:
        names = {f"CRE id {rule.cre.id}", f"rule id {rule.id}"}
        repeated = sorted(names & seen.keys())
        if repeated:
            text = f"{repeated[0]} stands already at {seen[repeated[0]]}; give this rule an id of its own"
            problems.append(Problem(rule.place, text, is_error=True))
            continue
        seen |= dict.fromkeys(names, rule.place)
        unique.append(rule)
    return tuple(unique), problems


def generated_id(cre_id: str) -> str:
    """Return the rule id of a rule that brings none, the same one each time."""
    return hashlib.sha256(cre_id.encode()).hexdigest()[:22]
