"""The classifier's word as one more piece of evidence."""

from collections.abc import Sequence
from dataclasses import dataclass

from podlore.advice import advice
from podlore.patterns.found import found
from podlore.testing import NOW, pod, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Event, EventClass, Evidence, EvidenceSource, ObjectRef, Pattern

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


def evidence(*messages: str, probability: float = 0.93, kind: str = "Warning") -> list[str]:
    events = tuple(
        Event(f"e{n}", TARGET, "FailedMount", text, kind, last_seen_at=NOW - n) for n, text in enumerate(messages)
    )
    view = ClusterView(snapshot(pods=(pod(node="gpu-1"),), events=events))
    [given] = advice([FINDING], view, Keyword(probability)).recommendations
    return [fact.observed for fact in given.because.evidence if fact.source is EvidenceSource.MODEL]


def test_warnings_that_agree_are_told_by_their_class() -> None:
    assert evidence("cannot mount volume", "mount timed out") == ["event class Storage"]


def test_doubt_and_disagreement_are_not_told() -> None:
    assert not evidence("cannot mount volume", probability=0.6)
    assert not evidence()
    assert not evidence("cannot mount volume", kind="Normal")


def test_without_a_classifier_nothing_is_added() -> None:
    view = ClusterView(snapshot(pods=(pod(node="gpu-1"),)))
    [given] = advice([FINDING], view).recommendations
    assert given.because == FINDING
