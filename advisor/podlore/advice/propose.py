"""The first pass: a finding becomes a recommendation, by the table of `podlore.advice.actions`."""

from podlore.advice.actions import remedy
from podlore.advice.patch import preview
from podlore.patterns import stake
from podlore.view import ClusterView
from podlore.vocabulary import Finding, Recommendation


def propose(view: ClusterView, finding: Finding) -> Recommendation:
    """Return the recommendation that a finding earns."""
    actions, steps = remedy(finding)
    if finding.action is not None:
        actions = (finding.action, *(action for action in actions if action is not finding.action))
    return Recommendation(
        because=finding,
        action=actions[0],
        steps=steps,
        gain=stake.gain(finding.gpus, finding.gpu_hours_at_stake),
        patch=preview(view, finding, actions[0]),
        alternatives=actions[1:],
    )
