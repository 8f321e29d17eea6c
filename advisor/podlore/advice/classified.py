"""Adds to each recommendation what the classifier makes of its target's events, as one more piece of evidence.

Applied last, and only where a classifier is given. The text of an event goes no further than into the classifier.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from podlore.classify.text_of import text_of
from podlore.events import record_of_event
from podlore.view import ClusterView
from podlore.vocabulary import Event, EventClass, Evidence, EvidenceSource, Recommendation
from podlore.workloads import pod_ref

PROBABILITY_MIN = 0.8
EVENTS_MAX = 50
"""Of a target's warnings, so many are classified, the latest."""


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


def classified(
    recommendations: Iterable[Recommendation], view: ClusterView, classifier: Classifies
) -> Iterator[Recommendation]:
    """Pass everything on, with the class of the target's warnings where they agree."""
    for recommendation in recommendations:
        fact = _fact(recommendation, view, classifier)
        finding = recommendation.because
        yield (
            recommendation
            if fact is None
            else replace(recommendation, because=replace(finding, evidence=(*finding.evidence, fact)))
        )


def _fact(recommendation: Recommendation, view: ClusterView, classifier: Classifies) -> Evidence | None:
    warnings = _warnings(recommendation, view)
    answers = classifier.predict([text_of(record_of_event(event)) for event in warnings])
    sure = Counter(one.event_class for one in answers if one.probability >= PROBABILITY_MIN)
    if not sure:
        return None
    likeliest, count = max(sure.items(), key=lambda item: (item[1], item[0]))
    if likeliest is EventClass.OTHER or 2 * count <= len(answers):
        return None
    return Evidence(
        source=EvidenceSource.MODEL,
        reference=f"warnings about {recommendation.target}",
        observed=f"event class {likeliest}",
        threshold=f"probability {PROBABILITY_MIN:g} for most of them",
    )


def _warnings(recommendation: Recommendation, view: ClusterView) -> list[Event]:
    workload = view.workload_by_ref.get(recommendation.target)
    refs = [recommendation.target, *(pod_ref(pod) for pod in (workload.pods if workload else ()))]
    found = [event for ref in refs for event in view.events.get(ref, ()) if event.type == "Warning"]
    return sorted(found, key=lambda event: (-event.last_seen_at, event.uid))[:EVENTS_MAX]
