"""podlore's own rules: each complete, each right on its logs, none louder than it must be."""

from podlore.rules import Entity, RuleEngine, load_rules, read_rules, scan_file
from podlore.rules.check_rules import CATALOGUE, check_rules


def test_every_rule_matches_its_positive_log_and_no_negative_one():
    tested = list(check_rules(CATALOGUE))
    assert [(each.name, each.note) for each in tested if not each.passed] == []
    assert len(tested) == 2 * len(list(CATALOGUE.iterdir()))


def test_there_are_forty_rules_and_each_says_why_what_and_where_from():
    loaded = read_rules([CATALOGUE])
    assert loaded.problems == ()
    assert len(loaded.rules) >= 40
    for rule in loaded.rules:
        assert all((rule.cre.title, rule.cre.cause, rule.cre.impact, rule.cre.mitigation, rule.cre.references)), (
            rule.cre.id
        )


def test_a_fault_of_a_job_is_told_from_a_fault_of_a_node():
    for rule in load_rules([CATALOGUE]):
        if rule.cre.category in {"gpu-job-fault", "gpu-hardware-fault"}:
            assert len({"job-fault", "node-fault"} & set(rule.cre.tags)) == 1, rule.cre.id


def test_a_storm_of_xid_45_after_a_crash_blames_no_node():
    log = CATALOGUE / "job-crash-cascade-xid-45" / "positive.log"
    engine = RuleEngine(load_rules([CATALOGUE]), lateness_ns=None)
    with log.open("rb") as stream:
        matches = list(scan_file(engine, stream, Entity("gpu-07"))) + engine.finish()
    assert {match.rule.cre.category for match in matches} == {"gpu-job-fault"}
