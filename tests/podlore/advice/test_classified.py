"""The classifier's word as one more piece of evidence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from podlore.advice import Classifies, advice
from podlore.classify import load
from podlore.patterns.found import found
from podlore.testing import NOW, pod, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Event, EventClass, Evidence, EvidenceSource, LogLine, ObjectRef, Pattern

TARGET = ObjectRef("", "Pod", "vision", "train-0")
FINDING = found(
    Pattern.STORAGE_STALL,
    "Mount",
    TARGET,
    "It stalls.",
    [Evidence(EvidenceSource.EVENT, "Pod", "mounts fail", "15 min")],
)


@dataclass(frozen=True)
class Said:
    event_class: EventClass
    probability: float


class Keyword:
    """Classifies by a word, as surely as it is told to."""

    def __init__(self, probability: float) -> None:
        self._probability = probability

    def predict(self, texts: Sequence[str]) -> list[Said]:
        kinds = (EventClass.STORAGE if "mount" in text.lower() else EventClass.OTHER for text in texts)
        return [Said(kind, self._probability) for kind in kinds]

    def causes(self, message: str) -> tuple[str, ...]:
        return ("timed out",) if "timed out" in message else ()


def evidence(
    *messages: str,
    classifier: Classifies | None = None,
    reason: str = "FailedMount",
    kind: str = "Warning",
    logs: tuple[str, ...] = (),
) -> list[str]:
    events = tuple(Event(f"e{n}", TARGET, reason, text, kind, last_seen_at=NOW - n) for n, text in enumerate(messages))
    lines = tuple(LogLine("vision", "train-0", NOW - n, text) for n, text in enumerate(logs))
    view = ClusterView(replace(snapshot(pods=(pod(node="gpu-1"),), events=events), logs=lines))
    [given] = advice([FINDING], view, classifier or Keyword(0.93)).recommendations
    return [fact.observed for fact in given.because.evidence if fact.source is EvidenceSource.MODEL]


def test_warnings_that_agree_are_told_by_class_probability_and_cause() -> None:
    assert evidence("cannot mount volume", "mount timed out") == [
        "event class Storage, probability 0.93, cause: timed out"
    ]


def test_doubt_and_disagreement_are_not_told() -> None:
    assert not evidence("cannot mount volume", classifier=Keyword(0.6))
    assert not evidence()
    assert not evidence("cannot mount volume", "a link is down", reason="Noticed")
    assert not evidence("cannot mount volume", kind="Normal")


def test_log_lines_are_told_by_those_that_report_a_problem() -> None:
    assert evidence(logs=("step 1", "step 2", "step 3", "mount timed out")) == [
        "event class Storage, probability 0.93, cause: timed out"
    ]
    assert not evidence(logs=("step 1", "step 2"))


SAID = {
    EventClass.SECURITY: ("Failed", 'Failed to pull image "registry.example.com/a": 401 Unauthorized'),
    EventClass.NETWORK: ("FailedCreatePodSandBox", "dial tcp 10.0.0.1:6443: connect: connection refused"),
    EventClass.MEMORY: ("OOMKilling", "Memory cgroup out of memory: Killed process 4242 (python)"),
    EventClass.STORAGE: ("FailedMount", 'MountVolume.SetUp failed for volume "data": no space left on device'),
    EventClass.APPLICATION: ("BackOff", "Back-off restarting failed container trainer in pod train-0"),
    EventClass.OTHER: ("FailedScheduling", "0/4 nodes are available: 4 Insufficient nvidia.com/gpu."),
}


@pytest.mark.parametrize("event_class", EventClass)
def test_the_shipped_model_tells_events_of_each_class(event_class: EventClass) -> None:
    reason, message = SAID[event_class]
    [told] = evidence(message, reason=reason, classifier=load())
    assert told.startswith(f"event class {event_class}, probability 0.")
    assert ("cause: " in told) == (event_class is not EventClass.OTHER)


def test_whom_a_message_names_is_masked_before_its_cause_is_told() -> None:
    class TellsAll(Keyword):
        def causes(self, message: str) -> tuple[str, ...]:
            return (message,)

    secret = "mount for alice@example.org from 10.1.2.3 failed, token=abcdef0123456789"
    for told in (evidence(secret, classifier=TellsAll(0.9)), evidence(logs=(secret,), classifier=TellsAll(0.9))):
        assert "cause: mount" in told[0]
        assert not any(name in told[0] for name in ("alice", "10.1.2.3", "abcdef"))


def test_without_a_classifier_nothing_is_added() -> None:
    view = ClusterView(snapshot(pods=(pod(node="gpu-1"),)))
    [given] = advice([FINDING], view).recommendations
    assert given.because == FINDING
