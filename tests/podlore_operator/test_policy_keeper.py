"""Which policy is in force after good ones, bad ones, and none."""

from datetime import UTC, datetime

import pytest

from podlore.policy import Mode, Policy
from podlore_operator.policy_keeper import Grants, PolicyKeeper

AT = datetime(2026, 11, 23, tzinfo=UTC)
LATER = datetime(2026, 11, 24, tzinfo=UTC)


def policy(generation: int = 1, **spec: object) -> dict[str, object]:
    return {"metadata": {"name": "default", "generation": generation}, "spec": spec}


@pytest.fixture
def keeper() -> PolicyKeeper:
    return PolicyKeeper(Grants())


def accepted(keeper: PolicyKeeper) -> tuple[str, str]:
    status = keeper.status_wanted(True, AT)
    assert status
    (found,) = [one for one in status.conditions if one.type == "Accepted"]
    return found.status, found.reason


def test_without_a_policy_the_defaults_hold(keeper: PolicyKeeper) -> None:
    assert keeper.in_force == Policy()
    assert keeper.status_wanted(True, AT) is None


def test_a_good_policy_is_in_force(keeper: PolicyKeeper) -> None:
    keeper.offer(policy(mode="DryRun", namespaces={"exclude": ["x"]}))
    assert (keeper.in_force.mode, keeper.in_force.namespaces_exclude) == (Mode.DRY_RUN, ("x",))
    assert accepted(keeper) == ("True", "Valid")


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"mode": "Everything"}, "Invalid"),
        ({"thresholds": {"crashLoop": {"failuresMin": -1}}}, "Invalid"),
        ({"mode": "Assist"}, "NotGranted"),
        ({"annotations": {"enabled": True}}, "NotGranted"),
        ({"events": {"enabled": True}}, "NotGranted"),
        ({"surprise": [1] * 1000}, "Valid"),
    ],
)
def test_a_bad_policy_keeps_the_last_good_one_and_says_why(
    keeper: PolicyKeeper, spec: dict[str, object], reason: str
) -> None:
    keeper.offer(policy(namespaces={"exclude": ["x"]}))
    keeper.offer(policy(2, **spec))
    assert accepted(keeper)[1] == reason
    assert (keeper.in_force.namespaces_exclude == ("x",)) == (reason != "Valid")
    assert keeper.verdict
    assert len(keeper.verdict.message) < 300


def test_grants_open_what_they_name() -> None:
    keeper = PolicyKeeper(Grants(Mode.ASSIST, annotations=True, events=True, logs=True))
    switched_on = {name: {"enabled": True} for name in ("annotations", "events", "logs")}
    keeper.offer(policy(mode="Assist", **switched_on))
    assert keeper.in_force.mode is Mode.ASSIST
    assert keeper.in_force.annotations_enabled
    assert keeper.in_force.logs_enabled


@pytest.mark.parametrize("wish", ["annotations", "events", "logs"])
def test_what_was_not_granted_cannot_be_switched_on(keeper: PolicyKeeper, wish: str) -> None:
    keeper.offer(policy(**{wish: {"enabled": True}}))
    assert keeper.verdict is not None
    assert (keeper.verdict.reason, wish in keeper.verdict.message) == ("NotGranted", True)


def test_an_earlier_processs_last_good_policy_holds_where_the_present_one_is_no_good(keeper: PolicyKeeper) -> None:
    earlier = PolicyKeeper(Grants())
    earlier.offer(policy(maxPerNamespaceDay=7))
    keeper.offer(policy(mode="Assist"))
    assert earlier.last_good is not None
    keeper.recall(earlier.last_good)
    assert keeper.in_force.limits.per_namespace_day_max == 7
    assert keeper.last_good == earlier.last_good


@pytest.mark.parametrize("now", [None, {}, {"maxPerNamespaceDay": 9}])
def test_it_does_not_come_back_where_the_present_one_is_good_or_gone(
    keeper: PolicyKeeper, now: dict[str, object] | None
) -> None:
    if now is not None:
        keeper.offer(policy(**now))
    before = keeper.in_force
    keeper.recall(Policy(namespaces_exclude=("vision",)))
    assert keeper.in_force == before


def test_it_does_not_come_back_beyond_what_is_granted_now(keeper: PolicyKeeper) -> None:
    keeper.offer(policy(mode="Assist"))
    keeper.recall(Policy(events_enabled=True))
    assert keeper.last_good is None


def test_dry_run_overrules_every_policy() -> None:
    keeper = PolicyKeeper(Grants(), dry_run=True)
    keeper.offer(policy(mode="Advise"))
    assert keeper.in_force.mode is Mode.DRY_RUN


def test_without_a_grant_to_write_the_default_is_dry_run() -> None:
    assert PolicyKeeper(Grants(Mode.DRY_RUN)).in_force.mode is Mode.DRY_RUN


def test_withdrawn_it_is_forgotten(keeper: PolicyKeeper) -> None:
    keeper.offer(policy(namespaces={"exclude": ["x"]}))
    keeper.withdraw()
    assert keeper.in_force == Policy()


def test_a_status_keeps_its_transition_times_while_nothing_changes(keeper: PolicyKeeper) -> None:
    keeper.offer(policy())
    keeper.status = keeper.status_wanted(True, AT)
    assert keeper.status_wanted(True, LATER) == keeper.status
    changed = keeper.status_wanted(False, LATER)
    assert changed
    times = {one.type: one.last_transition_time for one in changed.conditions}
    assert times == {"Accepted": AT, "EventsKnown": AT, "MetricsAvailable": LATER, "WithinBudget": AT}


@pytest.mark.parametrize("obj", [{}, {"metadata": None}, {"metadata": {"name": "default"}, "spec": "x"}])
def test_no_object_breaks_it(keeper: PolicyKeeper, obj: dict[str, object]) -> None:
    keeper.offer(obj)
    assert keeper.verdict
    assert not keeper.verdict.accepted
    assert keeper.in_force == Policy()


def test_what_there_was_no_room_for_is_told_by_the_limit_reached() -> None:
    keeper = PolicyKeeper(Grants())
    keeper.offer({"metadata": {"name": "default", "generation": 1}, "spec": {}})
    found = {}
    for withheld in ({"Symptom": 4}, {"TeamDayCap": 123, "NamespaceDayCap": 2, "Symptom": 4}):
        keeper.status = keeper.status_wanted(True, AT, withheld)
        assert keeper.status is not None
        found = {one.type: one for one in keeper.status.conditions}
        assert found["WithinBudget"].status == str("TeamDayCap" not in withheld)
    assert found["WithinBudget"].message == "withheld by limit: NamespaceDayCap 2, TeamDayCap 120"
    assert keeper.status_wanted(True, LATER, {"TeamDayCap": 124, "NamespaceDayCap": 2}) == keeper.status


@pytest.mark.parametrize(
    ("knows", "status", "reason"),
    [(True, "True", "Known"), (False, "False", "Drifted"), (None, "Unknown", "TooFewTexts")],
)
def test_a_classifier_that_drifted_is_told(keeper: PolicyKeeper, knows: bool | None, status: str, reason: str) -> None:
    keeper.offer(policy())
    wanted = keeper.status_wanted(True, AT, knows_events=knows)
    assert wanted
    [found] = [one for one in wanted.conditions if one.type == "EventsKnown"]
    assert (found.status, found.reason) == (status, reason)
    assert ("--model" in found.message) == (knows is False)
