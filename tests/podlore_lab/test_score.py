from podlore.traces import NearMiss, Planted
from podlore_lab.score import score

PLANTED = [Planted("ml/Job/a", "CrashLoop", 0, "Error", ""), Planted("ml/Job/b", "ResourceHoarding", 0, "Idle", "")]


def test_the_right_target_with_another_pattern_is_a_miss_and_a_false_alarm():
    result = score(PLANTED, [], [("ml/Job/a", "OutOfMemoryLoop")])
    assert result.found == ()
    assert ("ml/Job/a", "CrashLoop") in result.missed
    assert result.false_alarms == (("ml/Job/a", "OutOfMemoryLoop"),)


def test_advice_that_the_trace_does_not_mention_counts_as_false():
    result = score(PLANTED, [], [("ml/Job/a", "CrashLoop"), ("other/Job/x", "Fragmentation")])
    assert (result.precision, result.recall) == (0.5, 0.5)


def test_a_near_miss_that_was_advised_is_named():
    trap = NearMiss("ml/Job/c", "CrashLoop", "one retry")
    assert score(PLANTED, [trap], [("ml/Job/c", "CrashLoop")]).fooled == (("ml/Job/c", "CrashLoop"),)


def test_nothing_said_about_nothing_is_perfect():
    result = score([], [], [])
    assert (result.precision, result.recall) == (1.0, 1.0)


def test_saying_it_twice_counts_once():
    assert score(PLANTED, [], [("ml/Job/a", "CrashLoop")] * 2).precision == 1.0
