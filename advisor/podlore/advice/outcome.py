"""What came of advice: whether it was followed, what that brought beside what was promised, and what it teaches.

`look_again` goes through the advice that was given before (`podlore.snapshot.History`): once the pattern is gone, or a
day has passed, it says whether the target changed as advised and what was gained. `with_new` writes down what is given
for the first time. The operator does both each round and stores what it remembers before garbage collection can lose
it; ``--outcomes`` prints it. `learned` turns outcomes into confidence: below `OUTCOMES_MIN` of a pattern, the
detector's own stands.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from podlore.advice.advised import Advised, Withholding
from podlore.advice.followed import SHOWN_BY_PATCH, followed, has_ended, held_gpus
from podlore.advice.team import team_of
from podlore.policy import HOUR_SECONDS, MINUTE_SECONDS
from podlore.snapshot import History
from podlore.view import ClusterView
from podlore.vocabulary import Followed, Given, ObjectRef, Outcome, Pattern, Recommendation

DAY_SECONDS = 24 * HOUR_SECONDS
OVER_AFTER_SECONDS = 15 * MINUTE_SECONDS
"""Patterns flicker: only what was not found for so long is over."""
OUTCOMES_MIN = 30
PRIOR_WEIGHT = 10.0
"""How many outcomes the detector's own confidence is worth beside those that were recorded."""
GIVEN_MAX, OUTCOMES_MAX = 5_000, 2_000
PATCH_LENGTH_MAX = 1024
Key = tuple[ObjectRef, Pattern, str]
GONE = frozenset({Withholding.ALREADY_DONE, Withholding.VANISHED, Withholding.TERMINATING})
"""Withheld since there is nothing left to do; what is withheld for any other reason is still there."""


def key_of(given: Given) -> Key:
    """Return what makes two pieces of advice the same: target, pattern and cause."""
    return given.target, given.pattern, given.cause


def said_key(recommendation: Recommendation) -> Key:
    """Return the same of a recommendation."""
    finding = recommendation.because
    return finding.target, finding.pattern, str(finding.cause)


def given_of(recommendation: Recommendation, view: ClusterView, *, at: float | None = None) -> Given:
    """Return what is remembered of an advice that is given."""
    finding, gain = recommendation.because, recommendation.gain
    is_shown = recommendation.action in SHOWN_BY_PATCH and len(recommendation.patch) <= PATCH_LENGTH_MAX
    return Given(
        target=finding.target,
        pattern=finding.pattern,
        cause=str(finding.cause),
        action=recommendation.action,
        at=view.now if at is None else at,
        team=team_of(view, finding.target),
        confidence=finding.confidence,
        unit=gain.unit if gain else "",
        expected=gain.expected if gain else 0.0,
        low=gain.low if gain else 0.0,
        high=gain.high if gain else 0.0,
        gpus=held_gpus(view, finding.target) or finding.gpus,
        share=finding.share,
        node=next((ref.name for ref in (finding.target, *finding.blamed) if ref.kind == "Node"), ""),
        patch=recommendation.patch if is_shown else "",
    )


def with_new(history: History, given: Iterable[Given]) -> History:
    """Return a history in which everything that is given stands; what stands there already stays as it is.

    >>> with_new(History(), [])
    History(starts=(), failures=(), given=(), outcomes=())
    """
    known = {key_of(one) for one in history.given}
    new = tuple(one for one in given if key_of(one) not in known)
    return replace(history, given=(*history.given, *new)[-GIVEN_MAX:]) if new else history


def look_again(
    view: ClusterView,
    advised: Advised,
    *,
    looked_at: float | None = None,
    is_deaf: Callable[[Given], bool] = lambda _: False,
    useful: Mapping[Key, bool] | None = None,
    patience_seconds: float = 0.0,
) -> History:
    """Return the view's history with what became of the advice that was given before.

    Parameters
    ----------
    advised
        What the same view says now.
    looked_at
        When one looked last: since then at least, what is not found is gone. By default now.
    is_deaf
        Says of which advice the pattern could not have been found: then nothing is concluded.
    useful
        What people said of it; it decides whether it was right.
    patience_seconds
        How long a pattern must not have been found to be over.
    """
    history = view.snapshot.history
    found = {said_key(one) for one in advised.recommendations}
    found |= {said_key(one.recommendation) for one in advised.withheld if one.reason not in GONE}
    since = view.now if looked_at is None else min(looked_at, view.now)
    given = tuple(
        _looked_at(one, since, is_found=key_of(one) in found or is_deaf(one), useful=(useful or {}).get(key_of(one)))
        for one in history.given
    )
    recorded = {(key_of(one.given), one.given.at) for one in history.outcomes}
    unsettled = [one for one in given if (key_of(one), one.at) not in recorded]
    new = [made for one in unsettled if (made := _outcome(view, one, patience_seconds)) is not None]
    outcomes = with_control((*history.outcomes, *new))[len(history.outcomes) :]
    settled = recorded | {(key_of(one.given), one.given.at) for one in new}
    kept = tuple(one for one in given if _is_kept(one, view.now, (key_of(one), one.at) in settled))
    return replace(history, given=kept, outcomes=(*history.outcomes, *outcomes)[-OUTCOMES_MAX:])


def _looked_at(given: Given, since: float, *, is_found: bool, useful: bool | None) -> Given:
    if useful is not None and given.useful is not useful:
        given = replace(given, useful=useful)
    if is_found:
        return given if given.unseen_since is None else replace(given, unseen_since=None)
    return given if given.unseen_since is not None else replace(given, unseen_since=max(since, given.at))


def _is_kept(given: Given, now: float, is_settled: bool) -> bool:
    """Say whether an advice still counts: it stands, it is not settled, or it is of the last day."""
    return given.unseen_since is None or not is_settled or given.at > now - DAY_SECONDS


def _outcome(view: ClusterView, given: Given, patience_seconds: float) -> Outcome | None:
    """Count the GPU-hours that are free, or worked, from the end of the matter until a day after the advice.

    What ended by itself freed them too; that is what the followed ones are compared with. None while it is open.
    """
    over_at = given.unseen_since
    is_over = over_at is not None and (
        view.now - over_at >= patience_seconds or has_ended(view, given.target)
    )  # who has ended is not found again, and may be collected any moment
    if not is_over and view.now - given.at < DAY_SECONDS:
        return None
    verdict = followed(view, given, is_over=is_over)
    ended_at = over_at if is_over and over_at is not None else view.now
    hours_left = max(given.at + DAY_SECONDS - ended_at, 0.0) / HOUR_SECONDS
    freed = 1.0 if is_over else 0.5 if verdict is Followed.PARTLY else 0.0
    was_right = None if verdict is Followed.NO else is_over
    return Outcome(
        given,
        verdict,
        given.gpus * given.share * freed * hours_left,
        view.now,
        was_right=was_right if given.useful is None else given.useful,
    )


def with_control(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """Return outcomes beside what the same span brought to those of their pattern that nobody touched, by lost GPU."""
    untouched: dict[Pattern, list[Outcome]] = {}
    for one in outcomes:
        if one.followed is Followed.NO and _lost_gpus(one.given) > 0:
            untouched.setdefault(one.given.pattern, []).append(one)
    return tuple(_beside(one, untouched.get(one.given.pattern, [])) for one in outcomes)


def _beside(one: Outcome, untouched: list[Outcome]) -> Outcome:
    others = [other.observed / _lost_gpus(other.given) for other in untouched if other.given != one.given]
    if not others or one.followed is Followed.NO:
        return replace(one, control=None)
    return replace(one, control=_lost_gpus(one.given) * median(others))


def _lost_gpus(given: Given) -> float:
    return given.gpus * given.share


# --- what it teaches ---


@dataclass(frozen=True, slots=True)
class Learned:
    """What outcomes of a pattern say: how many there are, the confidence, and how often the interval held the gain."""

    pattern: Pattern
    outcomes: int
    followed: int
    confidence: float
    is_calibrated: bool
    covered: int
    measured: int


def learned(pattern: Pattern, prior: float, outcomes: Iterable[Outcome]) -> Learned:
    """Return what the outcomes of a pattern teach, beside the detector's own confidence.

    >>> learned(Pattern.CRASH_LOOP, 0.95, []).is_calibrated
    False
    """
    own = [one for one in outcomes if one.given.pattern is pattern]
    judged = [one for one in own if one.was_right is not None]
    right = sum(bool(one.was_right) for one in judged)
    is_calibrated = len(judged) >= OUTCOMES_MIN
    blended = (prior * PRIOR_WEIGHT + right) / (PRIOR_WEIGHT + len(judged))
    measured = [one for one in own if one.followed is Followed.YES and one.given.unit]
    return Learned(
        pattern,
        len(own),
        sum(one.followed is not Followed.NO for one in own),
        blended if is_calibrated else prior,
        is_calibrated,
        sum(one.given.low <= one.observed <= one.given.high for one in measured),
        len(measured),
    )


def calibrated(outcomes: Sequence[Outcome]) -> frozenset[Pattern]:
    """Return the patterns of which enough outcomes back the confidence."""
    seen = {one.given.pattern for one in outcomes}
    return frozenset(pattern for pattern in seen if learned(pattern, 0.0, outcomes).is_calibrated)
