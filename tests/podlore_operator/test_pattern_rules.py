"""The cluster's own rules: what becomes of a PatternRule object, and of what its rule hears."""

from typing import Any

from podlore.advisor import advise
from podlore.clock import Clock
from podlore.cluster_state import ClusterState
from podlore.rules.watch import RuleWatch
from podlore.testing import NOW, pod
from podlore.vocabulary import Event, LogLine, ObjectRef
from podlore_operator.pattern_rules import PatternRules

RULE = """
rules:
- cre: {id: OWN-LICENCE, severity: 1, title: The licence server refuses}
  rule:
    set: {event: {source: cre.log.solver}, match: [licence denied]}
"""


def pattern_rule(name: str = "licence", text: str = RULE, generation: int = 1, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "uid": name, "generation": generation},
        "spec": {"pattern": "CrashLoop", "rule": text, **spec},
    }


def started() -> tuple[RuleWatch, ClusterState, PatternRules]:
    clock = Clock(read=lambda: NOW)
    watch = RuleWatch()
    return watch, ClusterState(clock, watch), PatternRules(watch, clock)


def accepted(rules: PatternRules, name: str = "licence") -> tuple[str, str, str]:
    (one,) = rules.statuses_wanted()[name].conditions
    return one.status, one.reason, one.message


def test_a_rule_that_loads_is_in_use_and_its_match_becomes_advice() -> None:
    watch, state, rules = started()
    state.apply(pod("solver", node="gpu-1", gpus=2))
    rules.put(pattern_rule(cause="Licence", action="Investigate", severity="critical"))
    assert accepted(rules)[:2] == ("True", "Valid")
    watch.see_log(LogLine("vision", "solver", NOW - 60, "E 12:00 licence denied for feature x"))
    (one,) = advise(state.snapshot()).recommendations
    assert (str(one.target), one.because.pattern, one.because.cause) == ("vision/Pod/solver", "CrashLoop", "Licence")
    assert (one.action, one.because.severity) == ("Investigate", "critical")
    assert one.because.evidence[0].source == "Rule"
    assert rules.statuses_wanted()["licence"].matches == 1


def test_a_rule_that_does_not_load_says_where_it_is_wrong_and_stops_nothing() -> None:
    _, _, rules = started()
    rules.put(pattern_rule())
    rules.put(pattern_rule("broken", RULE.replace("[licence denied]", "[{regex: '(?=look) ahead'}]")))
    status, reason, message = accepted(rules, "broken")
    assert (status, reason) == ("False", "Invalid")
    assert "broken:5" in message
    assert accepted(rules)[0] == "True"


def test_a_pattern_that_podlore_does_not_know_is_said() -> None:
    _, _, rules = started()
    rules.put(pattern_rule() | {"spec": {"pattern": "Gremlins", "rule": RULE}})
    assert accepted(rules)[1] == "Invalid"


def test_a_rule_that_is_switched_off_or_deleted_hears_nothing() -> None:
    watch, state, rules = started()
    state.apply(pod("solver", node="gpu-1", gpus=2))
    rules.put(pattern_rule(enabled=False))
    assert accepted(rules)[1] == "Disabled"
    rules.put(pattern_rule("other"))
    rules.forget("other")
    watch.see_log(LogLine("vision", "solver", NOW - 60, "licence denied"))
    assert not advise(state.snapshot()).recommendations
    assert "other" not in rules.statuses_wanted()


def test_a_change_of_one_rule_keeps_what_others_heard() -> None:
    watch, state, rules = started()
    state.apply(pod("solver", node="gpu-1", gpus=2))
    rules.put(pattern_rule())
    watch.see_log(LogLine("vision", "solver", NOW - 60, "licence denied"))
    state.snapshot()
    rules.put(pattern_rule("second", RULE.replace("denied", "expired").replace("OWN-LICENCE", "OWN-SECOND")))
    assert [match.rule for match in state.snapshot().rule_matches] == ["licence"]


def test_an_event_that_repeats_is_counted_once_for_each_time() -> None:
    counted = RULE.replace("match: [licence denied]", "window: 10m, match: [{value: licence denied, count: 3}]")
    watch, state, rules = started()
    rules.put(pattern_rule(text=counted.replace("cre.log.solver", "cre.kubernetes")))
    for count in (1, 1, 2, 2):
        event = Event("e1", ObjectRef("", "Pod", "vision", "solver"), "Failed", "licence denied", count=count)
        state.apply(event)
    assert not [match for match in state.snapshot().rule_matches if match.is_whole]
    state.apply(Event("e1", ObjectRef("", "Pod", "vision", "solver"), "Failed", "licence denied", count=3))
    watch.matches(NOW)
    assert watch.hits["licence"] == 1
