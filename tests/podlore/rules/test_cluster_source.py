"""Events, conditions and GPU samples are read by rules as logs are."""

from podlore.rules import RuleEngine, load_rules
from podlore.rules.check_rules import CATALOGUE
from podlore.rules.cluster_source import condition_entries, event_entry, gpu_entry, push
from podlore.rules.load import parse_rules
from podlore.vocabulary import Condition, Event, Node, ObjectRef


def event(name, reason, message, at):
    return Event(f"uid-{name}", ObjectRef("", "Pod", "ml", name), reason, message, "Warning", last_seen_at=at)


def test_events_of_many_pods_show_a_black_hole_node():
    engine = RuleEngine(load_rules([CATALOGUE / "black-hole-node"]), lateness_ns=0)
    said = "Allocate failed due to no healthy devices present"
    events = [event(f"train-{i}", "UnexpectedAdmissionError", said, 10.0 * i) for i in range(3)]
    fired = [match for i, each in enumerate(events) for match in push(engine, event_entry(each), i)]
    assert [match.rule.cre.title for match in fired] == ["A node rejects pod after pod"]


def test_a_rule_reads_only_the_source_it_names():
    text = "rules:\n- cre: {id: A-1}\n  rule: {set: {event: {source: %s}, match: ['Xid']}}\n"
    entry = event_entry(event("a", "Xid", "", 1.0))
    fired = {}
    for source in ("cre.kubernetes", "cre.log.other"):
        fired[source] = len(push(RuleEngine(parse_rules(text % source).rules), entry, 0))
    assert fired == {"cre.kubernetes": 1, "cre.log.other": 0}


def test_conditions_and_samples_carry_their_node_and_time():
    condition = Condition("Ready", "False", "KubeletNotReady", "PLEG", changed_at=3.5)
    (entry,) = condition_entries(Node("gpu-07", "u", 0.0, conditions=(condition, Condition("Other", "True"))))
    sample = gpu_entry("gpu-07", 3, "DCGM_FI_DEV_XID_ERRORS", 79, 3.5)
    assert {each.entity.node for each in (entry, sample)} == {"gpu-07"}
    assert {each.time_ns for each in (entry, sample)} == {3_500_000_000}
    assert b'"reason":"KubeletNotReady"' in entry.text
