"""The first pass: a finding becomes a recommendation, by the first row of the table that fits."""

from dataclasses import replace

from podlore.advice.actions import remedies, steps_of
from podlore.advice.advised import Withheld, Withholding
from podlore.advice.gain import predicted
from podlore.advice.outcome import learned
from podlore.advice.patch import preview
from podlore.patterns.found import CONFIDENCE_MAX
from podlore.patterns.stake import two_digits
from podlore.view import ClusterView
from podlore.vocabulary import Evidence, EvidenceSource, Finding, Gain, Recommendation

RECKONED = "expected gain of following this"
"""How the arithmetic of a gain is found among the evidence."""


def propose(view: ClusterView, finding: Finding) -> Recommendation | Withheld:
    """Return the recommendation that a finding earns; withheld where no action is open, or its gain covers zero."""
    finding = _as_learned(view, finding)
    rows = remedies(finding)
    fitting = [one for one in rows if one.fits(view, finding)]
    if not fitting:
        bare = Recommendation(finding, rows[0].action, steps_of(rows[0], finding))
        return Withheld(bare, Withholding.NO_ACTION_OPEN)
    remedy = fitting[0]
    gain = predicted(view, finding, remedy)
    made = Recommendation(
        because=finding,
        action=remedy.action,
        steps=steps_of(remedy, finding),
        gain=gain.gains[0] if gain.gains else None,
        patch=preview(view, finding, remedy.action),
        alternatives=tuple(one.action for one in fitting[1:]),
        gains=gain.gains,
        arithmetic=gain.arithmetic,
        gpu_hours_if_wrong=finding.gpus * remedy.wrong.hours_per_gpu,
    )
    if made.gain is not None and made.gain.low <= 0:
        return Withheld(made, Withholding.GAIN_COVERS_ZERO)
    return made


def _as_learned(view: ClusterView, finding: Finding) -> Finding:
    """Return the finding with the confidence that outcomes of its pattern taught, where there are enough of them."""
    history = view.snapshot.history.outcomes
    if not history:
        return finding
    known = view.once(("learned", finding.pattern, finding.cause), lambda: learned(finding.pattern, 0.0, history))
    if not known.is_calibrated:
        return finding
    taught = learned(finding.pattern, finding.confidence, history)
    return replace(finding, confidence=two_digits(min(taught.confidence, CONFIDENCE_MAX)))


def reckoned(recommendation: Recommendation) -> Evidence | None:
    """Return the arithmetic of the gain as one more piece of evidence; None where no gain is counted."""
    gain: Gain | None = recommendation.gain
    if gain is None or not recommendation.arithmetic:
        return None
    return Evidence(
        source=EvidenceSource.MODEL,
        reference=RECKONED,
        observed="; ".join(recommendation.arithmetic),
        threshold="the interval's low end is above 0",
    )
