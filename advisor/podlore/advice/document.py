"""A recommendation as a plain document, with the field names of the live advice's status.

``podlore advise`` prints it as JSON and YAML. A document holds nothing that depends on when it was made.
"""

from collections.abc import Mapping
from typing import Any

from podlore.advice.advised import Withheld
from podlore.patterns.stake import two_digits
from podlore.vocabulary import Evidence, Gain, ObjectRef, Recommendation

Document = dict[str, Any]


def document(recommendation: Recommendation) -> Document:
    """Return the recommendation's fields; absent are those that say nothing.

    >>> from podlore.patterns.found import found
    >>> from podlore.vocabulary import Action, EvidenceSource, Pattern
    >>> fact = Evidence(EvidenceSource.OBJECT, "Pod nlp/a", "3 failures", "3 failures in 1 h")
    >>> ref = ObjectRef("batch", "Job", "nlp", "tune")
    >>> finding = found(Pattern.CRASH_LOOP, "Application", ref, "It fails.", [fact], gpus=8, hours=2)
    >>> made = document(Recommendation(finding, Action.FIX_APPLICATION, "Read the log."))
    >>> made["namespace"], made["target"], made["gpuHoursAtStake"], made["confidence"]
    ('nlp', 'Job/tune', '16', 95)
    """
    finding = recommendation.because
    return _said(
        namespace=finding.target.namespace,
        target=f"{finding.target.kind}/{finding.target.name}",
        pattern=finding.pattern.value,
        cause=str(finding.cause),
        action=recommendation.action.value,
        severity=finding.severity.value,
        summary=finding.summary,
        confidence=round(100 * finding.confidence),
        gpuHoursAtStake=number(finding.gpu_hours_at_stake),
        evidence=[_evidence(fact) for fact in finding.evidence],
        recommendation=_said(
            steps=recommendation.steps,
            patch=recommendation.patch,
            rankedNodes=list(finding.ranked_nodes),
            expectedGain=_gain(recommendation.gain),
            expectedGains=[_gain(gain) for gain in recommendation.gains],
            arithmetic=list(recommendation.arithmetic),
            gpuHoursIfWrong=number(recommendation.gpu_hours_if_wrong) if recommendation.gpu_hours_if_wrong else None,
        ),
        alternatives=[action.value for action in recommendation.alternatives],
        blamed=[_reference(ref) for ref in finding.blamed],
        horizonMinutes=finding.horizon_minutes or None,
    )


def withheld_document(withheld: Withheld) -> Document:
    """Return what was withheld, and why."""
    return document(withheld.recommendation) | _said(withheld=withheld.reason.value, becauseOf=withheld.because_of)


def number(value: float) -> str:
    """Return a number as a decimal of two significant digits.

    >>> number(16.0), number(1234.0), number(0.5)
    ('16', '1200', '0.5')
    """
    return f"{two_digits(value):f}".rstrip("0").rstrip(".")


def _said(**fields: object) -> Document:
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def _evidence(fact: Evidence) -> Mapping[str, Any]:
    return _said(
        source=fact.source.value,
        reference=fact.reference,
        observed=fact.observed,
        threshold=fact.threshold,
        windowSeconds=None if fact.window_seconds is None else round(fact.window_seconds),
        samples=fact.samples,
        pValue=None if fact.p_value is None else f"{fact.p_value:.2g}",
    )


def _gain(gain: Gain | None) -> Mapping[str, Any] | None:
    if gain is None:
        return None
    return _said(unit=gain.unit, expected=number(gain.expected), low=number(gain.low), high=number(gain.high))


def _reference(ref: ObjectRef) -> Mapping[str, Any]:
    return _said(group=ref.group, kind=ref.kind, namespace=ref.namespace, name=ref.name)
