"""One rule's YAML nodes in, one `Rule` out; lints on the way. Called by `podlore.rules.load`."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256

import yaml

from podlore.errors import BadInput
from podlore.rules.duration import parse_duration
from podlore.rules.expression import check_jq, check_regex
from podlore.rules.required_literal import required_literals
from podlore.rules.rule import Cre, Extract, Kind, Negate, Pattern, Place, Rule, Step, Term
from podlore.rules.semantics import Semantics
from podlore.rules.yaml_tree import YamlError, entries, find, is_null, items, place, text, texts

PATTERN_KEYS = {
    "sequence": {"order", "window", "negate", "correlations", "event", "origin"},
    "set": {"match", "window", "negate", "correlations", "event", "origin"},
}
STEPS_KEY = {"sequence": "order", "set": "match"}
TERM_KEYS = {"value", "regex", "jq", "count", "field", "extract", "set", "sequence", "promql"}
NEGATE_KEYS = {"window", "slide", "anchor", "absolute"}
CRE_KEYS = {
    *("id", "title", "severity", "category", "tags", "author", "description", "cause", "impact", "impactScore"),
    *("mitigation", "mitigationScore", "references", "reports", "applications", "version"),
}
METADATA_KEYS = {"id", "hash", "kind", "version", "name", "generation", "gen"}
LONG_WINDOW_NS = 24 * 3600 * 10**9
MOST_COUNT = 100_000
MOST_PATTERNS = 64
BUILT_IN = {"hostname", "host", "machineId", "node", "namespace", "pod", "container", "stream"}

Warn = Callable[[Place, str], None]


class RuleParser:
    """Reads the rules of one document; ``terms`` are its named terms."""

    def __init__(self, name: str, terms: Mapping[str, yaml.Node], semantics: Semantics, warn: Warn) -> None:
        self._name = name
        self._terms = terms
        self._semantics = semantics
        self._warn = warn
        self._n_patterns = 0

    def rule(self, node: yaml.Node) -> Rule:
        """Return the rule at ``node``, or raise YamlError at what is wrong with it."""
        entries(node, self._name)
        self._unknown(node, {"cre", "metadata", "rule"}, "a rule")
        cre = self._cre(node)
        metadata = find(node, "metadata")
        self._unknown(metadata, METADATA_KEYS, "metadata")
        written = {key: text(find(metadata, key), self._name) for key in ("id", "hash", "kind")}
        generated = sha256(cre.id.encode()).hexdigest()[:22]
        return Rule(
            cre=cre,
            id=written["id"] or generated,
            hash=written["hash"] or generated,
            kind=written["kind"],
            patterns=self._patterns(node),
            place=place(node, self._name),
        )

    def _cre(self, node: yaml.Node) -> Cre:
        found = find(node, "cre")
        if found is None or not text(find(found, "id"), self._name):
            raise self._error(found or node, "a rule needs `cre: {id: ...}`")
        self._unknown(found, CRE_KEYS, "cre")

        def written(key: str) -> str:
            return text(find(found, key), self._name)

        def number(key: str) -> int:
            return self._integer(find(found, key), 0)

        return Cre(
            id=written("id"),
            title=written("title"),
            severity=number("severity"),
            category=written("category"),
            tags=tuple(texts(find(found, "tags"), self._name)),
            author=written("author"),
            description=written("description"),
            cause=written("cause"),
            impact=written("impact"),
            impact_score=number("impactScore"),
            mitigation=written("mitigation"),
            mitigation_score=number("mitigationScore"),
            references=tuple(texts(find(found, "references"), self._name)),
        )

    def _patterns(self, node: yaml.Node) -> tuple[Pattern, ...]:
        body = find(node, "rule")
        given = [key for key in ("sequence", "set") if find(body, key) is not None]
        if not given:
            raise self._error(body or node, "a rule needs `rule: {sequence: ...}` or `rule: {set: ...}`")
        self._unknown(body, set(PATTERN_KEYS), "rule")
        if len(given) > 1:
            self._warn(
                place(body or node, self._name), "both `set` and `sequence`: each is matched; preq drops the set"
            )
        if self._semantics.drops_set_beside_sequence:
            given = given[:1]
        if self._semantics.loads_promql and _mentions_promql(body):
            return ()
        patterns = tuple(self._pattern(key, find(body, key), "") for key in given)
        if not self._semantics.keeps_last_leaf:
            return patterns
        return tuple(list(pattern.leaves())[-1] if pattern.is_nested else pattern for pattern in patterns)

    def _pattern(self, key: str, node: yaml.Node | None, source: str) -> Pattern:
        if node is None or not isinstance(node, yaml.MappingNode):
            raise self._error(node, f"`{key}` needs a mapping with `{STEPS_KEY[key]}`")
        self._n_patterns += 1
        if self._n_patterns > MOST_PATTERNS:
            raise self._error(node, f"more than {MOST_PATTERNS} patterns in one rule; divide it")
        entries(node, self._name)
        self._unknown(node, PATTERN_KEYS[key], key)
        steps_node = find(node, STEPS_KEY[key])
        if steps_node is None or not items(steps_node, self._name):
            raise self._error(node, f"`{key}` has no `{STEPS_KEY[key]}`; list its positive conditions under it")
        event = find(node, "event")
        source = text(find(event, "source"), self._name) or source
        steps = tuple(self._step(item, source) for item in items(steps_node, self._name))
        pattern = Pattern(
            ordered=key == "sequence",
            steps=_folded(steps, ordered=key == "sequence"),
            window_ns=self._duration(find(node, "window"), 0),
            correlations=tuple(texts(find(node, "correlations"), self._name)),
            source=source,
            origin=text(find(event, "origin"), self._name) == "true",
        )
        self._check_window(pattern, node, find(node, "window"))
        self._check_source(pattern, node)
        self._check_correlations(pattern, node)
        negates = tuple(self._negate(item, pattern) for item in items(find(node, "negate"), self._name))
        if self._semantics.ignores_correlations:
            pattern = replace(pattern, correlations=())
        return replace(pattern, negates=negates)

    def _check_window(self, pattern: Pattern, node: yaml.Node, window: yaml.Node | None) -> None:
        n_positives = sum(step.count for step in pattern.steps)
        if pattern.ordered and n_positives < 2:
            raise self._error(node, "a sequence needs two or more positive conditions; for one, write a set")
        if n_positives > 1 and pattern.window_ns <= 0:
            raise self._error(window or node, "several conditions need a `window` above zero, for example 30s")
        if n_positives == 1 and window is not None:
            raise self._error(window, "one condition matches by itself and takes no `window`; remove it")
        if pattern.window_ns > LONG_WINDOW_NS and window is not None:
            self._warn(place(window, self._name), "a window of more than a day keeps every step that long in memory")

    def _check_source(self, pattern: Pattern, node: yaml.Node) -> None:
        reads = any(isinstance(step.what, Term) for step in pattern.steps)
        if reads and not pattern.source:
            raise self._error(node, "no `event: {source: ...}`; name what this pattern reads, for example cre.log.nccl")

    def _check_correlations(self, pattern: Pattern, node: yaml.Node) -> None:
        for name in pattern.correlations:
            terms = [step.what for step in pattern.steps if isinstance(step.what, Term)]
            if name in BUILT_IN or all(name in {each.name for each in term.extracts} for term in terms):
                continue
            self._warn(place(node, self._name), f"correlation {name!r} is not extracted by every step; add `extract`")

    def _step(self, node: yaml.Node, source: str) -> Step:
        nested = [key for key in ("sequence", "set") if find(node, key) is not None]
        if find(node, "promql") is not None:
            raise self._error(node, "promql terms are not matched on logs; take the rule to Prometheus as an alert")
        if nested:
            return Step(self._pattern(nested[0], find(node, nested[0]), source), self._count(node))
        if isinstance(node, yaml.MappingNode):
            for key in NEGATE_KEYS:
                if (option := find(node, key)) is not None:
                    self._warn(place(option, self._name), f"`{key}` works on negates only and is ignored here")
        return self._term(node, seen=())

    def _term(self, node: yaml.Node, seen: tuple[str, ...]) -> Step:
        """Return a term with its count, with the names of terms replaced by what they stand for."""
        kind, expression, at = self._expression(node)
        if kind is Kind.VALUE and expression in self._terms:
            return self._reference(node, expression, seen)
        self._check_expression(kind, expression, at)
        self._unknown(node, TERM_KEYS | NEGATE_KEYS, "a term")
        field = text(find(node, "field"), self._name)
        if field:
            self._warn(at, f"`field: {field}` narrows the search to that field of a JSON entry; preq ignores it")
        extracts = tuple(self._extract(item) for item in items(find(node, "extract"), self._name))
        field = "" if self._semantics.ignores_field else field
        return Step(Term(kind, expression, field, extracts), self._count(node))

    def _reference(self, node: yaml.Node, name: str, seen: tuple[str, ...]) -> Step:
        if name in seen:
            raise self._error(node, f"terms in a circle: {' -> '.join((*seen, name))}; break it")
        step = self._term(self._terms[name], (*seen, name))
        if find(node, "count") is None:
            return step
        at = place(find(node, "count") or node, self._name)
        self._warn(at, f"`count` beside the name of the term {name!r}: it counts here; preq drops it")
        return step if self._semantics.drops_reference_count else replace(step, count=self._count(node))

    def _expression(self, node: yaml.Node) -> tuple[Kind, str, Place]:
        if isinstance(node, yaml.ScalarNode) and not is_null(node):
            return Kind.VALUE, str(node.value), place(node, self._name)
        entries(node, self._name)
        given = [kind for kind in Kind if (found := find(node, kind.value)) is not None and not is_null(found)]
        if len(given) > 1:
            raise self._error(node, f"a term has one of value, regex and jq, not {' and '.join(given)}")
        if not given:
            raise self._error(node, "a term needs `value`, `regex` or `jq`")
        found = find(node, given[0].value)
        return given[0], text(found, self._name), place(found or node, self._name)

    def _check_expression(self, kind: Kind, expression: str, at: Place) -> None:
        if not expression:
            raise YamlError(at, f"an empty {kind} would match every line; write what to find")
        problem = {Kind.REGEX: check_regex, Kind.JQ: check_jq}.get(kind, lambda _: "")(expression)
        if problem:
            raise YamlError(at, problem)
        if kind is Kind.REGEX and not required_literals(expression):
            self._warn(
                at, "no word of two letters or more is certain in this regex: every line is tried, which is slow"
            )

    def _extract(self, node: yaml.Node) -> Extract:
        kind, expression, at = self._expression(node)
        self._unknown(node, {"name", "value", "regex", "jq"}, "extract")
        name = text(find(node, "name"), self._name)
        if not name:
            raise self._error(node, "an extract needs a `name`, which `correlations` then uses")
        problem = {Kind.REGEX: check_regex, Kind.JQ: check_jq}.get(kind, lambda _: "an extract needs regex or jq")
        if said := problem(expression):
            raise YamlError(at, said)
        return Extract(name, kind, expression)

    def _negate(self, node: yaml.Node, pattern: Pattern) -> Negate:
        step = self._term(node, seen=())
        if step.count > 1:
            raise self._error(find(node, "count") or node, "a negate cannot count: one line vetoes")
        absolute = text(find(node, "absolute"), self._name) == "true"
        slide_ns = self._duration(find(node, "slide"), 0)
        if slide_ns > 0:
            at = place(find(node, "slide") or node, self._name)
            self._warn(at, "a positive slide moves the range to later times; to look back write a negative one")
        anchor = self._integer(find(node, "anchor"), 0)
        self._check_anchor(anchor, pattern, find(node, "anchor") or node)
        return Negate(step.what, self._duration(find(node, "window"), 0), slide_ns, anchor, absolute)  # type: ignore[arg-type]  # a term without nesting

    def _check_anchor(self, anchor: int, pattern: Pattern, node: yaml.Node) -> None:
        n_positives = sum(step.count for step in pattern.steps)
        highest = n_positives - 1
        if self._semantics.limits_anchor:
            highest = min(highest, 1)
        if not 0 <= anchor <= highest:
            raise self._error(node, f"anchor {anchor} names no positive condition; there are 0 to {highest}")

    def _count(self, node: yaml.Node) -> int:
        count = max(1, self._integer(find(node, "count"), 1))
        if count > MOST_COUNT:
            raise self._error(
                find(node, "count"), f"a count of {count} is above {MOST_COUNT}; count less in a shorter window"
            )
        return count

    def _integer(self, node: yaml.Node | None, default: int) -> int:
        written = text(node, self._name)
        if not written:
            return default
        try:
            return int(written)
        except ValueError:
            raise self._error(node, f"{written!r} is no whole number") from None

    def _duration(self, node: yaml.Node | None, default: int) -> int:
        if node is None:
            return default
        try:
            return parse_duration(text(node, self._name))
        except BadInput as error:
            raise self._error(node, str(error)) from error

    def _unknown(self, node: yaml.Node | None, known: set[str], what: str) -> None:
        if not isinstance(node, yaml.MappingNode):
            return
        for key, _ in node.value:
            if key.value not in known:
                self._warn(
                    place(key, self._name),
                    f"unknown key {key.value!r} in {what}: nothing reads it; known: {', '.join(sorted(known))}",
                )

    def _error(self, node: yaml.Node | None, said: str) -> YamlError:
        return YamlError(place(node, self._name) if node is not None else Place(self._name, 1, 1), said)


def _folded(steps: tuple[Step, ...], *, ordered: bool) -> tuple[Step, ...]:
    """Add up equal terms: neighbours in a sequence, any in a set."""
    folded: list[Step] = []
    for step in steps:
        same = range(len(folded) - 1, len(folded)) if ordered and folded else range(len(folded))
        index = next((index for index in same if folded[index].what == step.what), None)
        if index is None:
            folded.append(step)
        else:
            folded[index] = replace(folded[index], count=folded[index].count + step.count)
    return tuple(folded)


def _mentions_promql(node: yaml.Node | None) -> bool:
    if isinstance(node, yaml.MappingNode):
        return any(key.value == "promql" or _mentions_promql(value) for key, value in node.value)
    return isinstance(node, yaml.SequenceNode) and any(_mentions_promql(item) for item in node.value)
