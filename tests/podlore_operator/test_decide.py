"""One round of thought on small clusters: what is written, whom it belongs to, and what a broken detector does."""

from dataclasses import replace

import pytest

from podlore.advisor import advise
from podlore.clock import Clock
from podlore.policy import Limits, Policy
from podlore.snapshot import History, Snapshot
from podlore.testing.build import HOUR, MINUTE, NOW, gpu_window, job, node, pod, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Followed, Outcome
from podlore_operator import decide as module
from podlore_operator.advice_book import AdviceBook
from podlore_operator.api.advice import OutcomeDetail
from podlore_operator.api.keys import POD_ADVICE
from podlore_operator.decide import Decision, decide
from podlore_operator.dry_run import DryRun
from podlore_operator.silence import Silence
from podlore_operator.writes import AnnotatePod, ApplyObject, ApplyStatus, Delete, EmitEvent, Why

CLOCK = Clock()
PRODUCT = {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}


def idle_cluster(**policy: object) -> Snapshot:
    """A Job that has held an idle GPU for three hours."""
    owner = job()
    holder = pod(node="gpu-1", controller=owner.ref)
    return snapshot(
        nodes=(node(labels=PRODUCT),),
        pods=(holder,),
        controllers=(owner,),
        gpu_windows=(gpu_window(holder, activity=0.0, power_max_watts=70.0, power_idle_watts=70.0),),
        has_metrics=True,
        policy=replace(Policy(), **policy),  # type: ignore[arg-type]
    )


def think(seen: Snapshot, book: AdviceBook, silence: Silence | None = None) -> Decision:
    return decide(seen, book.held, silence or Silence(), CLOCK, "test")


async def test_an_idle_job_gets_advice_that_it_owns_and_that_has_a_price() -> None:
    decision = think(idle_cluster(), AdviceBook())
    made, said = decision.writes
    assert isinstance(made, ApplyObject)
    assert isinstance(said, ApplyStatus)
    assert made.owner is not None
    assert made.owner.uid == "Job-vision-train"
    assert said.status.pattern == "ResourceHoarding"
    assert said.status.cost is not None
    assert decision.problems == ()


async def test_the_same_picture_again_writes_nothing() -> None:
    book = AdviceBook()
    first = think(idle_cluster(), book)
    await DryRun(book).perform(first.writes)
    assert think(idle_cluster(), book, first.silence).writes == ()


async def test_a_gap_in_the_metrics_of_the_target_resolves_nothing() -> None:
    book, seen = AdviceBook(), idle_cluster()
    first = think(seen, book)
    await DryRun(book).perform(first.writes)
    (window,) = seen.gpu_windows
    silence = first.silence
    for minutes in range(10, 100, 10):
        later = replace(seen, now=NOW + minutes * MINUTE, gpu_windows=(replace(window, coverage=0.5),))
        decision = think(later, book, silence)
        assert decision.writes == ()
        silence = decision.silence


async def test_work_that_uses_its_gpu_again_resolves_the_advice() -> None:
    book, seen = AdviceBook(), idle_cluster()
    first = think(seen, book)
    await DryRun(book).perform(first.writes)
    busy = replace(seen, gpu_windows=(gpu_window(seen.pods[0], activity=0.9),))
    second = think(replace(busy, now=NOW + MINUTE), book, first.silence)
    assert second.writes == ()
    (write,) = think(replace(busy, now=NOW + 16 * MINUTE), book, second.silence).writes
    assert isinstance(write, ApplyStatus)
    assert write.why is Why.RESOLVED


async def test_a_namespace_that_is_excluded_loses_its_advice_at_once() -> None:
    book = AdviceBook()
    first = think(idle_cluster(), book)
    await DryRun(book).perform(first.writes)
    (write,) = think(idle_cluster(namespaces_exclude=("vision",)), book, first.silence).writes
    assert isinstance(write, Delete)
    assert write.why is Why.DISPLACED


async def test_events_and_annotations_come_only_where_the_policy_switches_them_on() -> None:
    book = AdviceBook()
    plain = think(idle_cluster(), book)
    assert not any(isinstance(write, EmitEvent | AnnotatePod) for write in plain.writes)
    told = think(idle_cluster(events_enabled=True, annotations_enabled=True), book)
    (event,) = [write for write in told.writes if isinstance(write, EmitEvent)]
    assert (event.reason, event.regarding.name) == ("ResourceHoarding", "train")
    await DryRun(book).perform(told.writes)
    (annotation,) = think(idle_cluster(annotations_enabled=True), book, told.silence).writes
    assert isinstance(annotation, AnnotatePod)
    assert annotation.uid == "pod-vision-train-0"
    carried = replace(idle_cluster(annotations_enabled=True).pods[0], annotations={POD_ADVICE: annotation.value})
    assert think(replace(idle_cluster(annotations_enabled=True), pods=(carried,)), book, told.silence).writes == ()


async def test_a_detector_that_fails_silences_neither_the_others_nor_what_was_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    book = AdviceBook()
    first = think(idle_cluster(), book)
    await DryRun(book).perform(first.writes)

    def broken(view: ClusterView) -> None:
        raise KeyError("some object's fault")

    monkeypatch.setattr("podlore.again.detect", broken)
    monkeypatch.setattr(module, "DETECTORS", (broken, *module.DETECTORS))
    again = think(idle_cluster(), book, first.silence)
    assert again.writes == ()
    assert any("broken" in problem for problem in again.problems)
    monkeypatch.setattr(module, "DETECTORS", (broken,))
    silence = again.silence
    for hours in range(1, 6):
        blind = think(replace(idle_cluster(), now=NOW + hours * HOUR / 4), book, silence)
        assert blind.writes == ()
        silence = blind.silence


async def test_live_advice_is_that_of_the_offline_advisor() -> None:
    assert think(idle_cluster(), AdviceBook()).advised == advise(idle_cluster())


async def test_two_runs_on_the_same_picture_decide_the_same() -> None:
    assert think(idle_cluster(), AdviceBook()) == think(idle_cluster(), AdviceBook())


async def outcome_after(before: Snapshot, after: Snapshot) -> OutcomeDetail:
    """Return the outcome of the one advice about ``before`` once its pattern has been gone for long enough."""
    book = AdviceBook()
    decision = think(before, book)
    await DryRun(book).perform(decision.writes)
    for minutes in (1, 16):
        decision = think(later(after, decision, minutes), book, decision.silence)
        await DryRun(book).perform(decision.writes)
    (advice,) = book.held.values()
    assert advice.status is not None
    assert advice.status.outcome is not None
    return advice.status.outcome


def later(seen: Snapshot, decision: Decision, minutes: float) -> Snapshot:
    """Return what the next round sees, with what the one before remembers."""
    return replace(seen, now=NOW + minutes * MINUTE, history=decision.history)


async def test_a_job_that_was_suspended_as_advised_was_followed() -> None:
    seen = idle_cluster()
    (owner,) = seen.controllers
    suspended = replace(seen, pods=(), gpu_windows=(), controllers=(replace(owner, is_suspended=True),))
    assert (await outcome_after(seen, suspended)).followed == "Followed"


async def test_a_job_that_works_again_without_having_let_go_was_not_followed() -> None:
    seen = idle_cluster()
    busy = replace(seen, gpu_windows=(gpu_window(seen.pods[0], activity=0.9),))
    assert (await outcome_after(seen, busy)).followed == "NotFollowed"


async def test_a_job_that_finished_by_itself_did_not_follow() -> None:
    seen = idle_cluster()
    (owner,) = seen.controllers
    finished = replace(seen, pods=(), gpu_windows=(), controllers=(replace(owner, finished_at=NOW),))
    assert (await outcome_after(seen, finished)).followed == "NotFollowed"


async def test_what_became_of_advice_is_known_though_its_object_went_with_its_job() -> None:
    first = think(idle_cluster(), AdviceBook())
    gone = replace(idle_cluster(), pods=(), gpu_windows=(), controllers=())
    quiet = think(later(gone, first, 1), AdviceBook(), first.silence)
    assert quiet.history.given
    assert not quiet.history.outcomes
    [outcome] = think(later(gone, quiet, 17), AdviceBook(), quiet.silence).history.outcomes
    assert (outcome.given.target.name, outcome.followed) == ("train", "Followed")


async def test_where_memory_was_lost_the_objects_tell_what_was_given() -> None:
    book = AdviceBook()
    first = think(idle_cluster(), book)
    await DryRun(book).perform(first.writes)
    again = think(idle_cluster(), book, first.silence)
    assert again.writes == ()
    [told], [given] = again.history.given, first.history.given
    assert (told.target, told.at, told.action, told.gpus) == (given.target, given.at, given.action, given.gpus)
    assert (told.expected, told.low, told.high) == (given.expected, given.low, given.high)


async def test_what_was_not_written_was_not_given() -> None:
    decision = think(idle_cluster(limits=Limits(active_max=0)), AdviceBook())
    assert decision.history.given == ()
    assert decision.withheld == {"ClusterCap": 1}


@pytest.mark.parametrize(
    ("limits", "reason"),
    [(Limits(per_team_day_max=1), "TeamDayCap"), (Limits(per_namespace_day_max=1), "NamespaceDayCap")],
)
async def test_a_team_and_a_namespace_hear_no_more_that_is_new_a_day_than_the_policy_says(
    limits: Limits, reason: str
) -> None:
    owners = [job(name, labels={"team": "perception"}) for name in ("train", "tune")]
    holders = tuple(pod(f"{one.ref.name}-0", node="gpu-1", controller=one.ref) for one in owners)
    windows = (gpu_window(one, gpu=n, activity=0.0, power_max_watts=70.0) for n, one in enumerate(holders))
    seen = replace(idle_cluster(limits=limits), pods=holders, controllers=tuple(owners), gpu_windows=tuple(windows))
    book = AdviceBook()
    decision = think(seen, book)
    for minutes in (0, 1, 2):
        await DryRun(book).perform(decision.writes)
        assert decision.withheld == {reason: 1}
        assert len(book.held) == 1
        decision = think(later(seen, decision, minutes), book, decision.silence)
    decision = think(later(seen, decision, 24 * 60 + 1), book, decision.silence)
    assert not decision.withheld, "a day later the other one may be told"


async def test_enough_outcomes_make_the_confidence_theirs_and_say_so() -> None:
    [given] = think(idle_cluster(), AdviceBook()).history.given
    past = [replace(given, target=replace(given.target, name=f"j-{n}"), at=NOW - 48 * HOUR) for n in range(40)]
    outcomes = tuple(Outcome(one, Followed.YES, 1.0, NOW - HOUR, was_right=n < 20) for n, one in enumerate(past))
    taught = replace(idle_cluster(), history=History(outcomes=outcomes))
    for seen, holds in ((idle_cluster(), "False"), (taught, "True")):
        _, said = think(seen, AdviceBook()).writes
        assert isinstance(said, ApplyStatus)
        assert {one.type: one.status for one in said.status.conditions}["Calibrated"] == holds
    assert said.status.confidence == 58, "the prior .9 counts ten times beside 20 of 40"
