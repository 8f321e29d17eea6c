"""What the loader takes, refuses and warns of; each with line, column and the way out."""

import pytest

from podlore.errors import BadInput
from podlore.rules import load_rules
from podlore.rules.duration import parse_duration
from podlore.rules.load import parse_rules
from podlore.rules.semantics import PREQ


def rule(body, terms=""):
    indented = "\n".join("    " + line for line in body.strip("\n").splitlines())
    return f"rules:\n- cre: {{id: TEST-1}}\n  rule:\n{indented}\n{terms}"


def only_error(text):
    loaded = parse_rules(text, "r.yaml")
    assert len(loaded.errors) == 1, loaded.problems
    return str(loaded.errors[0])


SET = "set:\n  event: {source: x}\n  match: [%s]\n"


def test_numbers_stay_text():
    (loaded,) = parse_rules(rule(SET % "502")).rules
    assert loaded.patterns[0].steps[0].what.expression == "502"


def test_bad_yaml_says_line_and_column():
    assert only_error("rules:\n- cre: {id: A\n  rule: [").startswith("r.yaml:3:")


def test_a_repeated_key_is_refused_at_its_place():
    assert only_error("rules:\n- cre: {id: A}\n  cre: {id: B}\n").startswith(
        "r.yaml:3:3: error: the key 'cre' is given twice"
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (SET % "{regex: '(a)\\1'}", "RE2 refuses"),
        (SET % "{regex: '(?=a)b'}", "RE2 refuses"),
        (SET % "{regex: '(x{1000}){1000}'}", "RE2 refuses"),
        (SET % "{value: a, regex: b}", "one of value, regex and jq"),
        (SET % "{jq: '.a |'}", "jq refuses"),
        (SET % "{jq: 'last(repeat(.))'}", "may never end"),
        (SET % "''", "would match every line"),
        (SET % "a, b", "need a `window`"),
        ("set:\n  window: 5s\n  event: {source: x}\n  match: [a]", "takes no `window`"),
        ("set:\n  window: 0s\n  event: {source: x}\n  match: [a, b]", "need a `window` above zero"),
        ("set:\n  window: 1d\n  event: {source: x}\n  match: [a, b]", "is no duration"),
        ("set:\n  match: [a]", "no `event: {source: ...}`"),
        ("set:\n  event: {source: x}\n  order: [a]", "has no `match`"),
        ("sequence:\n  window: 5s\n  event: {source: x}\n  order: [a]", "two or more"),
        (SET % "a" + "  negate: [{value: b, count: 2}]", "cannot count"),
        (SET % "a" + "  negate: [{value: b, anchor: 1}]", "anchor 1 names no positive"),
        (SET % "{value: a, count: many}", "'many' is no whole number"),
        (SET % "{promql: {expr: up}}", "Prometheus"),
    ],
)
def test_what_cannot_be_matched_is_refused_with_the_way_out(body, said):
    problem = only_error(rule(body))
    assert said in problem
    assert problem.startswith("r.yaml:")


def test_terms_in_a_circle_are_refused():
    terms = "terms:\n  one: {value: two}\n  two: {value: one}\n"
    assert "one -> two -> one" in only_error(rule(SET % "one", terms))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (SET % "{value: a, feild: b}", "unknown key 'feild'"),
        (SET % "{value: a, field: reason}", "preq ignores it"),
        (SET % "{regex: '[0-9]+'}", "every line is tried"),
        (SET % "a" + "  negate: [{value: b, slide: 5s}]", "positive slide"),
        ("set:\n  window: 9000h\n  event: {source: x}\n  match: [a, b]", "more than a day"),
        (SET % "a" + "sequence:\n  window: 5s\n  event: {source: x}\n  order: [a, b]", "preq drops the set"),
    ],
)
def test_what_would_be_swallowed_silently_is_said(body, said):
    loaded = parse_rules(rule(body), "r.yaml")
    assert not loaded.errors
    assert any(said in str(problem) for problem in loaded.problems), loaded.problems


def test_a_count_beside_a_reference_counts_here_and_not_in_preq():
    text = rule(
        "sequence:\n  window: 5s\n  event: {source: x}\n  order: [{value: t, count: 2}, b]", "terms:\n  t: {value: a}\n"
    )
    assert [parse_rules(text, semantics=each).rules[0].patterns[0].steps[0].count for each in (PREQ,)] == [1]
    assert parse_rules(text).rules[0].patterns[0].steps[0].count == 2


def test_the_same_id_twice_is_refused(tmp_path):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(rule(SET % "a"))
    with pytest.raises(BadInput, match=r"CRE id TEST-1 stands already at .*a\.yaml:2:3"):
        load_rules([tmp_path])


@pytest.mark.parametrize(("text", "ns"), [("1h30m", 5400 * 10**9), ("-5s", -5 * 10**9), ("0", 0), ("100us", 10**5)])
def test_durations_are_those_of_go(text, ns):
    assert parse_duration(text) == ns


@pytest.mark.parametrize("text", ["", "5", "1d", "s", "5 s", "1e3s", "99999999h"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(BadInput):
        parse_duration(text)


def test_an_empty_folder_and_a_missing_file_are_refused(tmp_path):
    for path in (tmp_path, tmp_path / "no.yaml"):
        with pytest.raises(BadInput, match="name a rule file"):
            load_rules([path])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "rules: 5",
        "rules: [5]",
        "rules: [{? [a] : b}]",
        "terms: {? {a: b} : c}\nrules: []",
        "\x00",
        "{" * 3000,
    ],
)
def test_what_is_no_rule_file_is_refused_at_its_place(text):
    assert only_error(text).startswith("r.yaml:")


def test_deep_nesting_and_aliases_without_end_are_refused():
    assert "nested more than" in only_error("rules: " + "[" * 200_000)
    circle = "set: &s\n  window: 5s\n  event: {source: x}\n  match: [a, {set: *s}]\n"
    assert "patterns in one rule" in only_error(rule(circle))
