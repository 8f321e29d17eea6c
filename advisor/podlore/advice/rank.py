"""A pass: the worthiest first, by what is surely gained less what it costs if it is wrong.

Worth is counted in GPU-hours: the confidence times the lower end of the gain's interval, less the chance of being wrong
times what following it costs then. Severity, surety and the name break ties.
"""

from collections.abc import Iterable, Iterator

from podlore.advice.gain import GPU_HOURS
from podlore.patterns.severity import ORDER
from podlore.view import ClusterView
from podlore.vocabulary import ObjectRef, Recommendation


def rank(recommendations: Iterable[Recommendation], _view: ClusterView) -> Iterator[Recommendation]:
    """Pass everything on, in order of worth."""
    yield from sorted(recommendations, key=_key)


def worth(one: Recommendation) -> float:
    """Return what an advice is worth at the lower end of its gain, in GPU-hours; it may be below nothing.

    >>> from podlore.patterns.found import found
    >>> from podlore.vocabulary import Action, Evidence, EvidenceSource, Gain, Pattern
    >>> fact = Evidence(EvidenceSource.OBJECT, "Pod nlp/a", "3 failures")
    >>> made = found(Pattern.RESOURCE_HOARDING, "IdleGpus", ObjectRef("", "Pod", "nlp", "a"), "Idle.", [fact])
    >>> round(worth(Recommendation(made, Action.RELEASE_IDLE, "", Gain("GPUHours", 9, 2, 20), gpu_hours_if_wrong=1)), 2)
    1.7
    """
    sure = one.because.confidence
    low = one.gain.low if one.gain is not None and one.gain.unit == GPU_HOURS else 0.0
    return sure * low - (1 - sure) * one.gpu_hours_if_wrong


def _key(one: Recommendation) -> tuple[float, int, float, ObjectRef, str, str]:
    finding = one.because
    severity = ORDER.index(finding.severity)
    return (-worth(one), severity, -finding.confidence, finding.target, finding.pattern, finding.cause)
