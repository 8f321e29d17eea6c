"""A pass: the worthiest first, by the lower bound of the GPU-hours gained, then by severity, surety and name."""

from collections.abc import Iterable, Iterator

from podlore.patterns.severity import ORDER
from podlore.view import ClusterView
from podlore.vocabulary import ObjectRef, Recommendation


def rank(recommendations: Iterable[Recommendation], _view: ClusterView) -> Iterator[Recommendation]:
    """Pass everything on, in order of worth."""
    yield from sorted(recommendations, key=_key)


def _key(one: Recommendation) -> tuple[float, int, float, ObjectRef, str, str]:
    finding = one.because
    low = one.gain.low if one.gain else 0.0
    return (-low, ORDER.index(finding.severity), -finding.confidence, finding.target, finding.pattern, finding.cause)
