"""One round of thought on small clusters: what is written, whom it belongs to, and what a broken detector does."""

from dataclasses import replace

import pytest

from podlore.advisor import advise
from podlore.clock import Clock
from podlore.policy import Policy
from podlore.snapshot import Snapshot
from podlore.testing.build import HOUR, MINUTE, NOW, gpu_window, job, node, pod, snapshot
from podlore.view import ClusterView
from podlore_operator import decide as module
from podlore_operator.advice_book import AdviceBook
from podlore_operator.api.advice import Outcome
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

    monkeypatch.setattr(module, "detect", broken)
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


async def outcome_after(before: Snapshot, after: Snapshot) -> Outcome:
    """Return the outcome of the one advice about ``before`` once its pattern has been gone for long enough."""
    book = AdviceBook()
    first = think(before, book)
    await DryRun(book).perform(first.writes)
    quiet = think(replace(after, now=NOW + MINUTE), book, first.silence)
    await DryRun(book).perform(think(replace(after, now=NOW + 16 * MINUTE), book, quiet.silence).writes)
    (advice,) = book.held.values()
    assert advice.status is not None
    assert advice.status.outcome is not None
    return advice.status.outcome


async def test_a_job_that_was_suspended_as_advised_was_followed() -> None:
    seen = idle_cluster()
    (owner,) = seen.controllers
    suspended = replace(seen, pods=(), gpu_windows=(), controllers=(replace(owner, is_suspended=True),))
    assert (await outcome_after(seen, suspended)).followed is True


async def test_a_job_that_works_again_without_having_let_go_was_not_followed() -> None:
    seen = idle_cluster()
    busy = replace(seen, gpu_windows=(gpu_window(seen.pods[0], activity=0.9),))
    assert (await outcome_after(seen, busy)).followed is False


async def test_nobody_can_tell_of_a_job_that_finished() -> None:
    seen = idle_cluster()
    (owner,) = seen.controllers
    finished = replace(seen, pods=(), gpu_windows=(), controllers=(replace(owner, finished_at=NOW),))
    assert (await outcome_after(seen, finished)).followed is None
