"""From what the API server holds back to the domain's nouns: an advice's object becomes its recommendation again.

Called where advice that was written is told in words (`podlore advice --explain`): by the same function as offline.
"""

from podlore.advice.propose import RECKONED
from podlore.vocabulary import Action, Evidence, EvidenceSource, Finding, Gain, ObjectRef, Recommendation
from podlore_operator.api.advice import Advice, AdviceStatus, EvidenceItem, ExpectedGain


def target_of(advice: Advice) -> ObjectRef:
    """Return the object that an advice is about."""
    target, namespace = advice.spec.target, advice.metadata.namespace or ""
    return ObjectRef(target.group, target.kind, namespace, target.name, target.version, target.uid)


def recommendation_of(advice: Advice, status: AdviceStatus) -> Recommendation:
    """Return what an advice says; numbers have the two digits that were written, hidden names stay hidden."""
    detail = status.recommendation
    finding = Finding(
        pattern=status.pattern,
        cause=status.cause,
        target=target_of(advice),
        severity=status.severity,
        summary=status.summary,
        evidence=tuple(_evidence(item) for item in status.evidence),
        confidence=status.confidence / 100,
        gpu_hours_at_stake=float(status.gpu_hours_at_stake),
        horizon_minutes=status.horizon_minutes,
        ranked_nodes=detail.ranked_nodes,
    )
    reckoned = (item.observed for item in status.evidence if item.reference == RECKONED)
    return Recommendation(
        because=finding,
        action=Action(status.action),
        steps=detail.steps,
        gain=_gain(detail.expected_gain) if detail.expected_gain else None,
        patch=detail.patch or "",
        alternatives=status.alternatives,
        gains=tuple(_gain(gain) for gain in detail.expected_gains),
        arithmetic=tuple(next(reckoned, "").split("; ")),
        gpu_hours_if_wrong=float(detail.gpu_hours_if_wrong or 0),
    )


def _evidence(item: EvidenceItem) -> Evidence:
    return Evidence(EvidenceSource(item.source), item.reference, item.observed, item.threshold or "")


def _gain(gain: ExpectedGain) -> Gain:
    return Gain(gain.unit, float(gain.expected), float(gain.low), float(gain.high))
