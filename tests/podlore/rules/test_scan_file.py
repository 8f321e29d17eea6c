"""Whole logs through the engine: folding, runtimes' formats, hostile bytes, late events, bounded memory."""

import io
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podlore.rules import Entity, RuleEngine, scan_file
from podlore.rules.load import parse_rules

HEAD = "rules:\n- cre: {id: TEST-1}\n  rule:\n"
ONE = HEAD + "    set: {event: {source: x}, match: ['%s']}\n"
PAIR = HEAD + "    sequence: {window: 10s, event: {source: x}, order: [alpha, bravo]}\n"


def scan(rules, log, *, lateness_ns=None, use_hyperscan=True):
    loaded = parse_rules(rules)
    assert not loaded.errors
    engine = RuleEngine(loaded.rules, lateness_ns=lateness_ns, use_hyperscan=use_hyperscan)
    matches = list(scan_file(engine, io.BytesIO(log), Entity("a"))) + engine.finish()
    return engine, matches


def offsets(rules, log, **options):
    return [tuple(seen.position for seen in match.steps) for match in scan(rules, log, **options)[1]]


@pytest.mark.parametrize("use_hyperscan", [True, False])
def test_a_continuation_belongs_to_its_entry_and_makes_up_no_word(use_hyperscan):
    log = b"2025-01-01T00:00:00Z one\ntwo\n three\n2025-01-01T00:00:01Z end\n"
    assert offsets(ONE % "onetwo", log, use_hyperscan=use_hyperscan) == []
    assert offsets(ONE % "two three", log, use_hyperscan=use_hyperscan) == [(0,)]


def test_an_entry_over_the_end_of_a_block_is_one_entry():
    filler = b"2025-01-01T00:00:00Z nothing to see here, move along please\n"
    log = filler * (4 * 2**20 // len(filler)) + b"2025-01-01T00:00:01Z alpha\n bravo\n" * 3
    assert len(offsets(ONE % "alpha bravo", log)) == 3


@pytest.mark.parametrize("use_hyperscan", [True, False])
@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(
        st.sampled_from(["one", "two words", " two", "\tthree", "one two words", "", "ONE", "x"]), max_size=12
    )
)
def test_blocks_find_what_reading_every_entry_finds(use_hyperscan, lines):
    log = b"2025-01-01T00:00:00Z start\n" + b"".join(
        (b"2025-01-01T00:00:%02dZ " % i if i % 3 else b"") + line.encode() + b"\n" for i, line in enumerate(lines)
    )
    for term in ("one", "two words", "one two"):
        always = HEAD + f"    set: {{event: {{source: x}}, match: [{{regex: '(?:{term}|[^\\x00-\\x{{10ffff}}])'}}]}}\n"
        assert offsets(ONE % term, log, use_hyperscan=use_hyperscan) == offsets(always, log)


def test_partial_lines_of_a_runtime_are_joined():
    log = b"2025-01-01T00:00:00.5Z stdout P alpha\n2025-01-01T00:00:00.6Z stdout F bravo\n"
    assert len(offsets(ONE % "alphabravo", log)) == 1


def test_json_of_docker_is_unescaped():
    log = b'{"log":"he said \\"alpha\\"\\n","stream":"stdout","time":"2025-01-01T00:00:00.5Z"}\n' * 2
    assert len(offsets(ONE % 'said "alpha"', log)) == 2


def test_late_lines_are_put_in_order_and_pods_are_kept_apart():
    log = b"2025-01-01T00:00:05Z x\n2025-01-01T00:00:06Z bravo\n2025-01-01T00:00:03Z alpha\n2025-01-01T00:00:09Z x\n"
    assert len(offsets(PAIR, log)) == 1
    engine = RuleEngine(parse_rules(PAIR).rules, lateness_ns=None)
    for pod, text in (("a", b"alpha"), ("b", b"bravo")):
        assert engine.push(Entity(pod), 10**9, text, 0) == []
    assert engine.finish() == []


def test_what_comes_too_late_is_counted():
    times_and_texts = [(b"00:00", b"alpha"), (b"05:00", b"alpha"), (b"06:00", b"alpha"), (b"00:01", b"bravo")]
    log = b"".join(b"2025-01-01T00:%sZ %s\n" % each for each in times_and_texts)
    engine, matches = scan(PAIR, log, lateness_ns=10**9)
    assert (engine.n_late, matches) == (1, [])


def test_a_clock_that_jumps_does_not_deafen_a_rule():
    log = b"2099-01-01T00:00:00Z alpha\n2025-01-01T00:00:01Z alpha\n2025-01-01T00:00:02Z bravo\n"
    assert len(scan(PAIR, log, lateness_ns=0)[1]) == 1


def test_time_alone_decides_a_veto():
    rules = HEAD + "    set: {event: {source: x}, match: [alpha], negate: [{value: bravo, window: 5s}]}\n"
    engine = RuleEngine(parse_rules(rules).rules, lateness_ns=0)
    assert engine.push(Entity("a"), 100 * 10**9, b"alpha", 7) == []
    assert engine.advance(105 * 10**9) == []
    (match,) = engine.advance(106 * 10**9)
    assert (match.trigger, match.steps[0].position) == (-1, 7)


def test_correlated_rules_span_pods():
    rules = HEAD + (
        "    sequence:\n      window: 10s\n      event: {source: x}\n      correlations: [job]\n      order:\n"
        "      - {value: alpha, extract: [{name: job, regex: 'job=(\\w+)'}]}\n"
        "      - {value: bravo, extract: [{name: job, regex: 'job=(\\w+)'}]}\n"
    )
    engine = RuleEngine(parse_rules(rules).rules, lateness_ns=None)
    for second, (pod, text) in enumerate([("a", b"alpha job=1"), ("b", b"bravo job=2"), ("c", b"bravo job=1")]):
        engine.push(Entity(pod), second * 10**9, text, second)
    (match,) = engine.finish()
    assert [seen.entity.name for seen in match.steps] == ["a", "c"]
    assert match.key == ("1",)


def test_steps_seen_so_far_are_told():
    engine, _matches = scan(PAIR, b"2025-01-01T00:00:00Z alpha\n")
    (partial,) = engine.partials()
    assert (partial.n_seen, partial.n_steps) == (1, 2)


@pytest.mark.parametrize(
    "log",
    [b"", b"\n" * 100, b"\x00" * 5000, b"\xff\xfe\n" * 50, b"2025-13-45T99:99:99Z alpha\n", b"9" * 5000, b"[" * 9000],
)
def test_hostile_bytes_are_read_without_a_match(log):
    assert offsets(ONE % "bravo", log) == []


def test_a_line_of_ten_megabytes_is_read_in_bounded_time():
    log = b"2025-01-01T00:00:00Z " + b"x" * 10**7 + b"\n2025-01-01T00:00:01Z alpha\x00\n"
    started = time.process_time()
    assert len(offsets(ONE % "alpha", log)) == 1
    assert time.process_time() - started < 5


def test_a_regex_that_hangs_others_is_linear_here():
    rules = HEAD + "    set: {event: {source: x}, match: [{regex: '(a+)+bb'}]}\n"
    log = b"2025-01-01T00:00:00Z " + b"a" * 50_000 + b"b\n"
    started = time.process_time()
    assert offsets(rules, log) == []
    assert time.process_time() - started < 5


def test_a_log_without_times_matches_lines_but_no_windows():
    assert len(offsets(ONE % "alpha", b"alpha\nbravo\n")) == 1
    engine, matches = scan(PAIR, b"alpha\nbravo\n")
    assert (matches, engine.n_untimed) == ([], 2)


@pytest.mark.parametrize(
    ("stamp", "ns"),
    [
        (b"2025-01-01 02:00:00.123456+02:00", 1735689600123456000),
        (b"2025-01-01T00:00:00.123456789Z", 1735689600123456789),
        (b"[2025-01-01 00:00:00,250]", 1735689600250000000),
        (b'{"ts":"2025-01-01T00:00:00Z"}', 1735689600000000000),
        (b"1735689600.5", 1735689600500000000),
        (b"10.0.0.1 - - [01/Jan/2025:01:00:00 +0100]", 1735689600000000000),
        (b"[   12.500000]", 12500000000),
    ],
)
def test_zones_and_digits_are_kept(stamp, ns):
    _, (match,) = scan(ONE % "alpha", stamp + b" alpha\n")
    assert match.steps[0].time_ns == ns
