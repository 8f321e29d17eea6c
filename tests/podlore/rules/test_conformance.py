"""Recorded answers of preq: all of them in its manner, all differences explained in ours."""

import json

import pytest

from podlore.rules.check_rules import n_matches
from podlore.rules.conformance import conformance
from podlore.rules.load import load_rules


@pytest.fixture
def corpus(data):
    return data / "cre"


def failures(checks):
    checks = list(checks)
    assert checks
    return [(check.name, check.note) for check in checks if not check.passed]


@pytest.mark.parametrize("as_preq", [True, False])
@pytest.mark.parametrize("part", ["probes", "preq_examples", "multi_source"])
def test_probes_examples_and_several_sources_hold(corpus, part, as_preq):
    assert failures(conformance(corpus / part, as_preq=as_preq)) == []


def test_every_mutant_is_answered_as_preq_does(corpus):
    assert failures(conformance(corpus / "open", as_preq=True)) == []


def test_every_difference_on_windowed_rules_is_a_named_defect(corpus):
    folders = [folder for folder in sorted((corpus / "open").iterdir()) if (folder / "mutants").is_dir()][::3]
    assert [failure for folder in folders for failure in failures(conformance(folder))] == []


def test_every_public_rule_finds_its_own_log(corpus):
    folders = sorted((corpus / "open").iterdir())
    assert len(folders) == 160
    assert [each.name for each in folders if not n_matches(each / "rule.yaml", each / "test.log")] == []
    quiet = list((corpus / "open").glob("*/test-fp.log"))
    assert [log for log in quiet if n_matches(log.parent / "rule.yaml", log)] == []


def test_a_wrong_answer_fails_and_says_so(tmp_path):
    (tmp_path / "rule.yaml").write_text(
        "rules:\n- cre: {id: T-EST}\n  rule: {set: {event: {source: x}, match: [boom]}}\n"
    )
    (tmp_path / "test.log").write_text("2025-01-01T00:00:00Z boom\n")
    hit = {"trigger_entry_index": 0, "entries": [{"timestamp_ns": 1735689600000000000, "entry_index": 0}]}
    (tmp_path / "expected.json").write_text(json.dumps({"logs": {"test.log": {"hits": [hit, hit]}}}))
    (check,) = conformance(tmp_path)
    assert not check.passed
    assert "preq matches 2 times" in check.note
    assert "unexplained" in check.note
    assert load_rules([tmp_path / "rule.yaml"])
