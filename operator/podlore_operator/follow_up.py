"""What came of advice in a live cluster: what the cluster holds and what is said now come in, a longer history leaves.

The advisor's own follow-up (`podlore.advice.outcome`) knows no objects; here people's feedback is read from them, and
where memory was lost they tell what was given. Called by ``podlore_operator.decide``; pure.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from podlore.advice import Advised
from podlore.advice.followed import held_gpus
from podlore.advice.outcome import OVER_AFTER_SECONDS, key_of, look_again, with_new
from podlore.advice.outcome import Key as Said
from podlore.advice.team import team_of
from podlore.clock import Clock
from podlore.snapshot import History, Snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Action, Given, Outcome, Pattern
from podlore_operator.api.advice import Advice, AdviceStatus, Feedback, State
from podlore_operator.api.recommended import target_of
from podlore_operator.writes import Key

NEEDS_METRICS = frozenset(
    {
        Pattern.RESOURCE_HOARDING,
        Pattern.OVER_REQUEST,
        Pattern.INTERFERENCE,
        Pattern.GANG_SCATTERED,
        Pattern.STRAGGLER,
    }
)
"""Patterns that cannot be found, and so not be missed, while there are no GPU metrics of their targets; others may be
found by metrics, and then say so in their evidence."""


def said_of(advice: Advice) -> Said | None:
    """Return target, pattern and cause of an advice; None while it has no status."""
    if advice.status is None:
        return None
    return target_of(advice), advice.status.pattern, advice.status.cause


def with_held(history: History, held: Mapping[Key, Advice], snapshot: Snapshot, clock: Clock) -> History:
    """Return the history with the advice that the cluster holds, where memory of it was lost."""
    known = {key_of(one) for one in history.given}
    open_ones = [one for one in held.values() if one.status and one.status.state is not State.RESOLVED]
    lost = [one for one in open_ones if said_of(one) not in known]
    view = ClusterView(snapshot) if lost else None
    return with_new(history, (_given(one, one.status, view, clock) for one in lost if view and one.status))


def followed_up(
    view: ClusterView, advised: Advised, held: Mapping[Key, Advice], deaf: Collection[Key], looked_at: float
) -> History:
    """Return the view's history with what became of the advice that was given before.

    Parameters
    ----------
    deaf
        The advice of which the pattern could not have been found this time.
    looked_at
        When the last round looked.
    """
    unheard = {said_of(held[key]) for key in deaf if key in held}
    feedback = ((said_of(one), one.spec.feedback) for one in held.values() if one.spec.feedback)

    def is_deaf(given: Given) -> bool:
        return key_of(given) in unheard or (given.pattern in NEEDS_METRICS and not view.snapshot.has_metrics)

    return look_again(
        view,
        advised,
        looked_at=looked_at,
        is_deaf=is_deaf,
        useful={said: one is Feedback.USEFUL for said, one in feedback if said},
        patience_seconds=OVER_AFTER_SECONDS,
    )


def latest(outcomes: Iterable[Outcome]) -> Mapping[object, Outcome]:
    """Return the last outcome of each advice; they come in the order in which they were measured."""
    return {key_of(one.given): one for one in outcomes}


def _given(advice: Advice, status: AdviceStatus, view: ClusterView, clock: Clock) -> Given:
    target, gain = target_of(advice), status.recommendation.expected_gain
    given = Given(
        target=target,
        pattern=status.pattern,
        cause=status.cause,
        action=Action(status.action),
        at=clock.from_wall(status.first_seen.timestamp()),
        team=team_of(view, target),
        confidence=status.confidence / 100,
        gpus=held_gpus(view, target),
        node=status.node or "",
        patch=status.recommendation.patch or "",
    )
    if gain is None:
        return given
    return replace(given, unit=gain.unit, expected=float(gain.expected), low=float(gain.low), high=float(gain.high))
