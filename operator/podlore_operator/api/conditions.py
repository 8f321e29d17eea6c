"""Status conditions as KEP-1623 has them, and the one function that changes a list of them.

Types in use: ``Accepted`` (AdvisorPolicy, PatternRule: is it in force?), ``MetricsAvailable`` (AdvisorPolicy: do GPU
metrics come in?), ``EventsKnown`` (AdvisorPolicy: does the event classifier know what the cluster says?),
``WithinBudget`` (AdvisorPolicy: is all said that there is to say?), ``Observed`` (advice: is the pattern still seen?),
``Calibrated`` (advice: do enough recorded outcomes back its confidence?).
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator

from podlore_operator.api.resource import ApiModel, at_most, list_map
from podlore_operator.api.scalars import Count, Text, Time, Word


class ConditionType(StrEnum):
    """The conditions that podlore sets."""

    ACCEPTED = "Accepted"
    METRICS_AVAILABLE = "MetricsAvailable"
    EVENTS_KNOWN = "EventsKnown"
    WITHIN_BUDGET = "WithinBudget"
    OBSERVED = "Observed"
    CALIBRATED = "Calibrated"


class ConditionStatus(StrEnum):
    """Whether a condition holds."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Condition(ApiModel):
    """One aspect of an object's state."""

    type: ConditionType
    """Which aspect."""
    status: ConditionStatus
    """Whether it holds."""
    reason: Word
    """Why, as one CamelCase word for programs."""
    message: Text = ""
    """Why, in a sentence for people."""
    last_transition_time: Time
    """When the status last changed."""
    observed_generation: Count | None = None
    """The metadata.generation that was looked at."""


def _told_apart(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    types = [one.type for one in conditions]
    if len(set(types)) < len(types):
        raise ValueError(f"a condition is there twice: {', '.join(types)}")
    return conditions


Conditions = Annotated[tuple[Condition, ...], at_most(8, **list_map("type")), AfterValidator(_told_apart)]


def with_condition(conditions: Iterable[Condition], new: Condition) -> tuple[Condition, ...]:
    """Return the conditions with ``new`` put in; its transition time is kept from before if the status is the same.

    >>> from datetime import UTC
    >>> early, late = (datetime(2026, 11, day, tzinfo=UTC) for day in (1, 2))
    >>> first = condition(ConditionType.ACCEPTED, True, "Valid", at=early)
    >>> again = condition(ConditionType.ACCEPTED, True, "Valid", at=late)
    >>> with_condition([first], again) == (first,)
    True
    """
    by_type = {one.type: one for one in conditions}
    before = by_type.get(new.type)
    if before and before.status == new.status:
        new = new.model_copy(update={"last_transition_time": before.last_transition_time})
    return tuple(sorted({**by_type, new.type: new}.values(), key=lambda one: one.type))


def condition(
    type_: ConditionType,
    holds: bool | None,
    reason: str,
    message: str = "",
    *,
    at: datetime,
    generation: int | None = None,
) -> Condition:
    """Return a condition; ``holds=None`` means Unknown."""
    status = ConditionStatus.UNKNOWN if holds is None else ConditionStatus(str(holds))
    return Condition(
        type=type_,
        status=status,
        reason=reason,
        message=message,
        last_transition_time=at,
        observed_generation=generation,
    )
