from datetime import UTC, datetime

from podlore_operator.api.conditions import ConditionStatus, ConditionType, condition, with_condition

EARLY, LATE = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)


def accepted(holds, at, reason="Valid"):
    return condition(ConditionType.ACCEPTED, holds, reason, at=at)


def test_the_transition_time_moves_only_when_the_status_flips():
    same = with_condition([accepted(True, EARLY)], accepted(True, LATE, "StillValid"))
    flipped = with_condition(same, accepted(False, LATE, "Invalid"))
    assert (same[0].last_transition_time, same[0].reason) == (EARLY, "StillValid")
    assert flipped[0].last_transition_time == LATE


def test_other_conditions_stay_and_the_order_is_always_the_same():
    metrics = condition(ConditionType.METRICS_AVAILABLE, False, "NoPrometheus", at=EARLY)
    one = with_condition([metrics], accepted(True, EARLY))
    other = with_condition([accepted(True, EARLY)], metrics)
    assert one == other
    assert [each.type for each in one] == ["Accepted", "MetricsAvailable"]


def test_what_nobody_knows_is_unknown():
    assert accepted(None, EARLY).status is ConditionStatus.UNKNOWN
