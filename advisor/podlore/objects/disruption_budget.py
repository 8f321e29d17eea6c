"""PodDisruptionBudgets: a Kubernetes object comes in, a `DisruptionBudget` leaves. Called by the reflector for each."""

from podlore.clock import Clock
from podlore.objects.metadata import Metadata, created_at
from podlore.objects.parse import Count, Few, Shape, naming, parse
from podlore.objects.text import clean, clean_map
from podlore.vocabulary import DisruptionBudget, Requirement


class Expression(Shape, frozen=True):
    """One expression of a label selector."""

    key: str
    operator: str
    values: Few[str] = None


class Selector(Shape, frozen=True):
    """Which pods are meant; an empty one means all."""

    match_labels: dict[str, str] | None = None
    match_expressions: Few[Expression] = None


class BudgetSpec(Shape, frozen=True):
    """A budget's specification, as far as it says whom it covers."""

    selector: Selector | None = None


class BudgetStatus(Shape, frozen=True):
    """What its controller says."""

    disruptions_allowed: Count = 0


class DisruptionBudgetObject(Shape, frozen=True):
    """A budget as the API server serves it."""

    metadata: Metadata
    spec: BudgetSpec | None = None
    status: BudgetStatus | None = None


def read_disruption_budget(obj: object, clock: Clock) -> DisruptionBudget:
    """Return the budget that ``obj`` (JSON bytes, or the same parsed) describes.

    One that its controller has not spoken of yet allows nothing, as the API server's eviction has it.

    Raises
    ------
    BadInput
        With the path of the field that is wrong.
    """
    found = parse(obj, DisruptionBudgetObject)
    with naming(f"disruption budget {found.metadata.namespace}/{found.metadata.name}"):
        selector = found.spec.selector if found.spec else None
        return DisruptionBudget(
            namespace=found.metadata.namespace or "",
            name=found.metadata.name,
            match_labels=None if selector is None else clean_map(selector.match_labels),
            disruptions_allowed=found.status.disruptions_allowed if found.status else 0,
            match_expressions=_expressions(selector),
            uid=found.metadata.uid,
            created_at=created_at(found.metadata, clock),
        )


def _expressions(selector: Selector | None) -> tuple[Requirement, ...]:
    asked = selector.match_expressions if selector else None
    return tuple(
        Requirement(clean(one.key, 317), clean(one.operator, 64), tuple(clean(value, 63) for value in one.values or ()))
        for one in asked or ()
    )
