"""Puts a finding together, so that all detectors count stakes, severity and confidence alike."""

from collections.abc import Sequence

from podlore.patterns.confidence import confidence_of
from podlore.patterns.severity import severity_of
from podlore.patterns.stake import two_digits
from podlore.vocabulary import Evidence, Finding, ObjectRef, Pattern

CONFIDENCE_MAX = 0.99
"""Nothing is certain."""


def found(
    pattern: Pattern,
    cause: str,
    target: ObjectRef,
    summary: str,
    evidence: Sequence[Evidence],
    *,
    gpus: float = 0.0,
    hours: float = 0.0,
    share: float = 1.0,
    surer: float = 1.0,
    since: float | None = None,
    blamed: Sequence[ObjectRef] = (),
    ranked_nodes: Sequence[str] = (),
) -> Finding:
    """Return a finding.

    Parameters
    ----------
    gpus, hours
        How many GPUs the target holds or wants, and for how long the advice matters (`podlore.patterns.stake`).
    share
        Of those GPU-hours, the share that following the advice frees or saves.
    surer
        A factor on the prior confidence, where the evidence is better, or thinner, than usual.
    """
    gpus = max(gpus, 0.0)  # what hostile requests add up to may be below nothing
    gpu_hours = two_digits(gpus * hours * share)
    return Finding(
        pattern=pattern,
        cause=cause,
        target=target,
        severity=severity_of(pattern, gpu_hours),
        summary=summary,
        evidence=tuple(evidence),
        confidence=two_digits(min(confidence_of(pattern, cause) * surer, CONFIDENCE_MAX)),
        gpus=gpus,
        gpu_hours_at_stake=gpu_hours,
        since=since,
        blamed=tuple(blamed),
        ranked_nodes=tuple(ranked_nodes),
        share=share,
    )
