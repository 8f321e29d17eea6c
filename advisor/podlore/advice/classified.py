"""Adds to each recommendation what the classifier makes of its target's events and log lines, as evidence.

Applied last, and only where a classifier is given. Of a text no more goes on than the masked words that name a cause.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Protocol

from podlore.classify.text_of import text_of
from podlore.events import LogRecord, normalize, record_of_event
from podlore.view import ClusterView
from podlore.vocabulary import Event, EventClass, Evidence, EvidenceSource, LogLine, ObjectRef, Recommendation
from podlore.workloads import pod_ref

PROBABILITY_MIN = 0.8
SURE = 0.99
"""No model is surer than that of what it reads."""
RECORDS_MAX = 50
"""Of a target's warnings, and of its lines, so many are classified, the latest."""
CAUSES_MAX, CAUSE_CHARS = 2, 80
"""How many causes are told, of so many characters at most."""


class Answer(Protocol):
    """What a classifier says of a text."""

    @property
    def event_class(self) -> EventClass:
        """The likeliest class."""

    @property
    def probability(self) -> float:
        """How likely it is."""


class Classifies(Protocol):
    """What classifies texts; `podlore.classify.Classifier` does."""

    def predict(self, texts: Sequence[str]) -> Sequence[Answer]:
        """Return an answer for each text."""

    def causes(self, message: str) -> tuple[str, ...]:
        """Return the words of a masked message that name a cause."""


@dataclass(frozen=True, slots=True)
class _Answered:
    record: LogRecord
    event_class: EventClass
    probability: float


def classified(
    recommendations: Iterable[Recommendation], view: ClusterView, classifier: Classifies
) -> Iterator[Recommendation]:
    """Pass everything on, with the class of the target's warnings and of its log lines where most of them agree."""
    lines = view.once("log lines by pod", lambda: _lines_by_pod(view.snapshot.logs))
    for one in recommendations:
        refs = _refs(one, view)
        told = (
            _told(f"warnings about {one.target}", _answers(_warnings(refs, view), classifier), classifier),
            _told(f"log lines of {one.target}", _problems(_answers(_lines(refs, lines), classifier)), classifier),
        )
        evidence = (*one.because.evidence, *(fact for fact in told if fact is not None))
        yield replace(one, because=replace(one.because, evidence=evidence))


def _told(reference: str, answers: Sequence[_Answered], classifier: Classifies) -> Evidence | None:
    """Return the class that more than half of them surely are of, how sure the model is of it, and the causes."""
    sure = [one for one in answers if one.probability >= PROBABILITY_MIN]
    counts = Counter(one.event_class for one in sure)
    likeliest = max(counts, key=lambda name: (counts[name], name), default=None)
    if likeliest is None or 2 * counts[likeliest] <= len(answers):
        return None
    agreed = [one for one in sure if one.event_class is likeliest]
    causes = "; ".join(_causes(agreed, classifier)) if likeliest is not EventClass.OTHER else ""
    chance = min(SURE, median(one.probability for one in agreed))
    return Evidence(
        source=EvidenceSource.MODEL,
        reference=reference,
        observed=f"event class {likeliest}, probability {chance:.2f}" + (f", cause: {causes}" if causes else ""),
        threshold=f"probability {PROBABILITY_MIN:g} for most of them",
    )


def _causes(answers: Sequence[_Answered], classifier: Classifies) -> list[str]:
    """Return the causes that most messages name, each told once."""
    found = Counter(cause for one in answers for cause in classifier.causes(one.record.message))
    return [cause[:CAUSE_CHARS] for cause in sorted(found, key=lambda cause: (-found[cause], cause))[:CAUSES_MAX]]


def _answers(records: Sequence[LogRecord], classifier: Classifies) -> list[_Answered]:
    answers = classifier.predict([text_of(record) for record in records])
    pairs = zip(records, answers, strict=False)  # an operator without a model answers nothing
    return [_Answered(record, answer.event_class, answer.probability) for record, answer in pairs]


def _problems(answers: Sequence[_Answered]) -> list[_Answered]:
    """Leave out lines that report no problem: most of a log does not."""
    return [one for one in answers if one.event_class is not EventClass.OTHER]


def _refs(recommendation: Recommendation, view: ClusterView) -> list[ObjectRef]:
    """Return the target and its pods."""
    workload = view.workload_by_ref.get(recommendation.target)
    return [recommendation.target, *(pod_ref(pod) for pod in (workload.pods if workload else ()))]


def _warnings(refs: Iterable[ObjectRef], view: ClusterView) -> list[LogRecord]:
    found = [event for ref in dict.fromkeys(refs) for event in view.events.get(ref, ()) if event.type == "Warning"]
    return [record_of_event(event) for event in sorted(found, key=_latest)[:RECORDS_MAX]]


def _lines(refs: Iterable[ObjectRef], by_pod: Mapping[tuple[str, str], Sequence[LogLine]]) -> list[LogRecord]:
    pods = dict.fromkeys((ref.namespace, ref.name) for ref in refs if ref.kind == "Pod")
    found = sorted((line for pod in pods for line in by_pod.get(pod, ())), key=lambda line: (-line.at, line.text))
    return [normalize(LogRecord(line.text)) for line in found[:RECORDS_MAX]]


def _lines_by_pod(logs: Iterable[LogLine]) -> Mapping[tuple[str, str], list[LogLine]]:
    found: dict[tuple[str, str], list[LogLine]] = {}
    for line in logs:
        found.setdefault((line.namespace, line.pod), []).append(line)
    return found


def _latest(event: Event) -> tuple[float, str]:
    return -event.last_seen_at, event.uid
