"""The player itself: what it must notice, it notices."""

from dataclasses import replace
from pathlib import Path

import pytest

from podlore.errors import BadInput
from podlore.testing.scenario import Expectation, Scenario, load, play
from podlore.testing.scenario.score import score

CORE = Path(__file__).parents[3] / "scenarios" / "core"


@pytest.fixture(scope="module")
def crashing() -> Scenario:
    return load(CORE / "crash-loop-of-a-trainer")


def test_what_is_said_in_time_passes(crashing: Scenario) -> None:
    played = play(crashing)
    assert played.passed
    assert [(one.target, one.pattern) for one in played.said] == [("nlp/Job/tune", "CrashLoop")]


@pytest.mark.parametrize(
    "wanted",
    [
        Expectation("nlp/Job/tune", "CrashLoop", by_seconds=200),
        Expectation("nlp/Job/tune", "CrashLoop", actions=("RaiseMemory",)),
        Expectation("nlp/Job/other", "CrashLoop"),
        Expectation("nlp/Job/tune", "Straggler"),
    ],
    ids=["too late", "another action", "another target", "another pattern"],
)
def test_what_is_not_said_so_is_missed(crashing: Scenario, wanted: Expectation) -> None:
    assert play(replace(crashing, must=(wanted,))).missed == (wanted,)


@pytest.mark.parametrize("unwanted", [Expectation(), Expectation("nlp/Job/tune"), Expectation(pattern="CrashLoop")])
def test_what_must_not_be_said_is_a_false_alarm(crashing: Scenario, unwanted: Expectation) -> None:
    played = play(replace(crashing, must=(), must_not=(unwanted,)))
    assert [one.pattern for one in played.false_alarms] == ["CrashLoop"]


def test_scores_count_by_pattern(crashing: Scenario) -> None:
    games = [(one, play(one)) for one in (crashing, replace(crashing, must_not=(Expectation(),)))]
    [crash] = [one for one in score(games) if one.pattern == "CrashLoop"]
    assert (crash.expected, crash.found, crash.false_alarms) == (2, 2, 1)


def test_a_policy_needs_its_reader(crashing: Scenario) -> None:
    with pytest.raises(BadInput, match="needs a reader"):
        play(replace(crashing, policy={"spec": {}}))
