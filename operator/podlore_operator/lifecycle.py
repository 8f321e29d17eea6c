"""The life of one advice: what its status becomes, given what it was, what is said now, and what people wrote.

Called by ``podlore_operator.reconcile`` for one object at a time. Times in objects are wall time; a `Moment` carries
both.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from podlore.clock import Clock
from podlore.vocabulary import Outcome
from podlore_operator.api.advice import Acknowledgement, AdviceSpec, AdviceStatus, State
from podlore_operator.api.conditions import Conditions, ConditionType, condition, with_condition
from podlore_operator.api.convert import TIME_TO_LIVE_SECONDS, content_hash, outcome_of, wall_time
from podlore_operator.said import SEVERITIES

ACKNOWLEDGED_SECONDS = 30 * 86_400.0
CALIBRATED = "Learned", "the confidence is what outcomes taught"
UNCALIBRATED = "TooFewOutcomes", "the confidence is the detector's own"


@dataclass(frozen=True, slots=True)
class Moment:
    """A round's time: ``now`` in trace time, and what it is on the wall."""

    clock: Clock
    now: float

    def at(self, trace_at: float) -> datetime:
        """Return a trace time as it is written into objects."""
        return wall_time(self.clock, trace_at)

    @property
    def wall(self) -> datetime:
        """The moment as it is written into objects."""
        return self.at(self.now)

    def seconds_since(self, wall_at: datetime) -> float:
        """Return how much trace time has passed since a time read from an object."""
        return self.now - self.clock.from_wall(wall_at.timestamp())

    def is_past(self, wall_at: datetime) -> bool:
        """Say whether a time that was read from an object has come."""
        return self.clock.to_wall(self.now) >= wall_at.timestamp()

    def after(self, wall_at: datetime, trace_seconds: float) -> datetime:
        """Return the wall time when so much trace time has passed since ``wall_at``."""
        return wall_at + timedelta(seconds=int(self.clock.wall_seconds(trace_seconds)))


def found(
    before: AdviceStatus | None,
    said: AdviceStatus,
    spec: AdviceSpec,
    generation: int,
    at: Moment,
    *,
    outcome: Outcome | None = None,
    is_calibrated: bool = False,
) -> AdviceStatus:
    """Return the status of an advice whose pattern is there now."""
    came_back = before is not None and before.state is State.RESOLVED
    status = said.model_copy(
        update={
            "first_seen": before.first_seen if before else said.first_seen,
            "count": (before.count if before else 1) + came_back,
            "outcome": outcome_of(outcome, at.clock) or (before.outcome if before else None),
            "acknowledgement": before.acknowledgement if before else None,
            "state": State.ACTIVE,
            "conditions": _calibrated(_observed(before, True, at), is_calibrated, at),
        }
    )
    return _heeding(status, spec, generation, at)


def silent(before: AdviceStatus, spec: AdviceSpec, generation: int, at: Moment) -> AdviceStatus:
    """Return the status of an advice whose pattern is not there now, and has not been gone for long enough."""
    return _heeding(before, spec, generation, at)


def resolved(
    before: AdviceStatus,
    spec: AdviceSpec,
    generation: int,
    heard_at: float,
    at: Moment,
    *,
    outcome: Outcome | None = None,
) -> AdviceStatus:
    """Return the status of an advice whose pattern has gone; it was last found at ``heard_at``."""
    told = outcome_of(outcome, at.clock) or before.outcome
    if before.state is State.RESOLVED:
        return _heeding(before.model_copy(update={"outcome": told}), spec, generation, at)
    status = before.model_copy(
        update={
            "state": State.RESOLVED,
            "last_seen": max(before.last_seen, at.at(heard_at)),
            "expires_at": at.at(at.now + TIME_TO_LIVE_SECONDS),
            "outcome": told,
            "conditions": _observed(before, False, at),
        }
    )
    return _heeding(status, spec, generation, at)


def _heeding(status: AdviceStatus, spec: AdviceSpec, generation: int, at: Moment) -> AdviceStatus:
    """Take into account what people wrote."""
    acknowledgement = _acknowledgement(status, spec, at)
    kept_until = acknowledgement and at.after(acknowledgement.at, ACKNOWLEDGED_SECONDS)
    status = status.model_copy(
        update={
            "observed_generation": generation,
            "acknowledgement": acknowledgement,
            "expires_at": max(status.expires_at, kept_until) if kept_until else status.expires_at,
            "state": _state(status, spec, acknowledgement, at),
        }
    )
    return status.model_copy(update={"content_hash": content_hash(status)})


def _acknowledgement(status: AdviceStatus, spec: AdviceSpec, at: Moment) -> Acknowledgement | None:
    if not spec.acknowledged:
        return None
    return status.acknowledgement or Acknowledgement(at=at.wall, severity=status.severity)


def _state(status: AdviceStatus, spec: AdviceSpec, known: Acknowledgement | None, at: Moment) -> State:
    if status.state is State.RESOLVED:
        return State.RESOLVED
    if spec.snooze_until and not at.is_past(spec.snooze_until):
        return State.SNOOZED
    is_worse = known and SEVERITIES[status.severity] < SEVERITIES[known.severity]
    is_old = known and at.is_past(at.after(known.at, ACKNOWLEDGED_SECONDS))
    return State.ACKNOWLEDGED if known and not is_worse and not is_old else State.ACTIVE


def _observed(before: AdviceStatus | None, holds: bool, at: Moment) -> Conditions:
    observed = condition(ConditionType.OBSERVED, holds, "Found" if holds else "NotFound", at=at.wall)
    return with_condition(before.conditions if before else (), observed)


def _calibrated(before: Conditions, holds: bool, at: Moment) -> Conditions:
    reason, message = CALIBRATED if holds else UNCALIBRATED
    return with_condition(before, condition(ConditionType.CALIBRATED, holds, reason, message, at=at.wall))
