"""What came of advice: whether it was followed, what that brought beside what was promised, and what it teaches.

`given_of` writes down what an advice promises when it is first given. `settle` looks at what was given before: once the
pattern is gone, or a day has passed, it says whether the target changed as advised and what was gained. The operator
stores both (`podlore.snapshot.History`) before garbage collection can lose them; ``podlore advise --outcomes`` prints
them. `learned` turns outcomes into confidence: below `OUTCOMES_MIN` of a pattern, the detector's own stands.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from podlore.advice.team import team_of
from podlore.policy import HOUR_SECONDS
from podlore.topology.room import GPU_MILLI
from podlore.view import ClusterView
from podlore.vocabulary import Action, Followed, Given, ObjectRef, Outcome, Pattern, Recommendation

DAY_SECONDS = 24 * HOUR_SECONDS
OUTCOMES_MIN = 30
PRIOR_WEIGHT = 10.0
"""How many outcomes the detector's own confidence is worth beside those that were recorded."""
Key = tuple[ObjectRef, Pattern, str]


def given_of(recommendation: Recommendation, view: ClusterView, *, at: float | None = None) -> Given:
    """Return what is remembered of an advice that is given."""
    finding, gain = recommendation.because, recommendation.gain
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
    )


def settle(view: ClusterView, said: Iterable[Recommendation]) -> tuple[Outcome, ...]:
    """Return the outcomes of what was given before and is settled now, those that are recorded already left out."""
    known = {_key(outcome.given) for outcome in view.snapshot.history.outcomes}
    saying = {(one.target, one.because.pattern, str(one.because.cause)) for one in said}
    open_ones = [one for one in view.snapshot.history.given if _key(one) not in known]
    settled = [one for one in open_ones if _key(one) not in saying or view.now - one.at >= DAY_SECONDS]
    found = [_outcome(view, one, is_over=_key(one) not in saying) for one in settled]
    return with_control((*view.snapshot.history.outcomes, *found))[len(view.snapshot.history.outcomes) :]


def with_control(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """Return outcomes beside what the same span brought to those of their pattern that nobody touched."""
    untouched: dict[Pattern, list[Outcome]] = {}
    for one in outcomes:
        if one.followed is Followed.NO:
            untouched.setdefault(one.given.pattern, []).append(one)
    return tuple(_beside(one, untouched.get(one.given.pattern, [])) for one in outcomes)


def _beside(one: Outcome, untouched: list[Outcome]) -> Outcome:
    others = [other.observed for other in untouched if other.given != one.given]
    control = median(others) if others and one.followed is not Followed.NO else None
    return Outcome(one.given, one.followed, one.observed, one.measured_at, control, one.was_right)


def _outcome(view: ClusterView, given: Given, *, is_over: bool) -> Outcome:
    """Count the GPU-hours that are free, or worked, from now until a day after the advice.

    What ended by itself freed them too; that is what the followed ones are compared with.
    """
    followed = FOLLOWED.get(given.action, _is_over)(view, given, is_over)
    hours_left = max(given.at + DAY_SECONDS - view.now, 0.0) / HOUR_SECONDS
    freed = 1.0 if is_over else 0.5 if followed is Followed.PARTLY else 0.0
    observed = given.gpus * given.share * freed * hours_left
    was_right = None if followed is Followed.NO else is_over
    return Outcome(given, followed, observed, view.now, was_right=was_right)


# --- whether it was followed, by action ---

Judge = Callable[[ClusterView, Given, bool], Followed]


def held_gpus(view: ClusterView, target: ObjectRef) -> float:
    """Return how many GPUs a workload holds now."""
    workload = view.workload_by_ref.get(target)
    return sum(pod.requests.gpu_milli for pod in view.bound_pods(workload)) / GPU_MILLI if workload else 0.0


def _let_go(view: ClusterView, given: Given, _is_over: bool) -> Followed:
    """Say whether its GPUs were given back: all of them, or some."""
    held = held_gpus(view, given.target)
    if held <= 0:
        return Followed.YES
    return Followed.PARTLY if held < given.gpus else Followed.NO


def _smaller(view: ClusterView, given: Given, is_over: bool) -> Followed:
    """Say whether it asks for less: enough for the pattern to be gone, or not quite."""
    if given.target not in view.workload_by_ref:
        return Followed.NO
    if held_gpus(view, given.target) >= given.gpus > 0:
        return Followed.NO
    return Followed.YES if is_over else Followed.PARTLY


def _left_node(view: ClusterView, given: Given, is_over: bool) -> Followed:
    """Say whether the node was left: by all pods of the target, or by some."""
    if given.target.kind == "Node":
        return _cordoned(view, given, is_over)
    workload = view.workload_by_ref.get(given.target)
    pods = view.bound_pods(workload) if workload else ()
    there = sum(pod.node == given.node for pod in pods)
    if not pods:
        return Followed.NO
    if not there:
        return Followed.YES
    return Followed.PARTLY if is_over and there < len(pods) else Followed.NO


def _cordoned(view: ClusterView, given: Given, _is_over: bool) -> Followed:
    node = view.nodes.get(given.target.name)
    return Followed.YES if node is None or node.is_cordoned else Followed.NO


def _is_over(view: ClusterView, given: Given, is_over: bool) -> Followed:
    """Say whether the matter is over although the target goes on: whoever vanished may have given up."""
    is_there = given.target in view.workload_by_ref or given.target.name in view.nodes
    return Followed.YES if is_over and is_there else Followed.NO


FOLLOWED: Mapping[Action, Judge] = {
    Action.RELEASE_IDLE: _let_go,
    Action.RIGHT_SIZE: _smaller,
    Action.AVOID_NODE: _left_node,
    Action.SEPARATE: _left_node,
    Action.CORDON_NODE: _cordoned,
}
"""How each action shows; all others by the pattern that is gone while the target is still there."""


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


def _key(given: Given) -> Key:
    return given.target, given.pattern, given.cause
