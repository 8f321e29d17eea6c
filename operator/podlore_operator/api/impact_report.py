"""ImpactReport: what a period was like and what advice did in it, each number with a 95 % interval."""

from typing import Literal, Self

from pydantic import model_validator

from podlore_operator.api.conditions import Conditions
from podlore_operator.api.resource import ApiModel, Column, Presentation, Resource, Rule, rules
from podlore_operator.api.scalars import Count, SignedDecimal, Time, Version


class Estimate(ApiModel):
    """A number with its 95 % interval."""

    value: SignedDecimal
    """The estimate."""
    low: SignedDecimal
    """Lower end."""
    high: SignedDecimal
    """Upper end."""


class Period(ApiModel):
    """From when to when."""

    model_config = rules(Rule("self.start < self.end", "the period must end after it starts"))

    start: Time
    """Its first moment."""
    end: Time
    """The first moment after it."""

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if not self.start < self.end:
            raise ValueError(f"the period must end after it starts, not {self.start} to {self.end}")
        return self


class Utilization(ApiModel):
    """How much of the GPUs was used."""

    allocated_percent: Estimate | None = None
    """GPU time that pods held, in percent of what there was."""
    active_percent: Estimate | None = None
    """GPU time with work, in percent of what there was; only where metrics came in."""
    idle_gpu_hours: Estimate | None = None
    """GPU-hours held and idle."""


class Queueing(ApiModel):
    """How long jobs waited."""

    jobs: Count | None = None
    """Jobs that started in the period."""
    wait_seconds_median: Estimate | None = None
    """Median wait, in seconds."""
    wait_seconds_p95: Estimate | None = None
    """95th percentile of the wait, in seconds."""


class CostReport(ApiModel):
    """What it cost at the policy's prices."""

    usd: Estimate | None = None
    """US dollars for all GPU-hours held."""
    idle_usd: Estimate | None = None
    """US dollars for those held and idle."""
    kilowatt_hours: Estimate | None = None
    """Energy, the site's overhead included."""
    kilograms_co2: Estimate | None = None
    """CO2 of that energy."""


class Accessibility(ApiModel):
    """Whom waiting hit: how many times as long each group waited as all others did; 1 means alike."""

    small_wait_ratio: Estimate | None = None
    """Jobs of one GPU or less."""
    new_wait_ratio: Estimate | None = None
    """Jobs of namespaces that had none in the 7 days before."""
    constrained_wait_ratio: Estimate | None = None
    """Jobs with node selectors or required affinity."""


class AdviceCounts(ApiModel):
    """What became of the advice."""

    given: Count = 0
    """Advice that was first given in the period."""
    followed: Count = 0
    """Advice that was followed."""
    useful: Count = 0
    """Advice that people called Useful."""
    wrong: Count = 0
    """Advice that people called Wrong."""


class ImpactReportSpec(ApiModel):
    """Which period is reported."""

    model_config = rules(Rule("self.period == oldSelf.period", "spec.period cannot change"))

    period: Period
    """From when to when."""


class ImpactReportStatus(ApiModel):
    """The report. The operator alone writes it."""

    observed_generation: Count | None = None
    """The metadata.generation that the operator has seen."""
    conditions: Conditions = ()
    """MetricsAvailable: GPU metrics covered the period."""
    utilization: Utilization | None = None
    """How much of the GPUs was used."""
    queueing: Queueing | None = None
    """How long jobs waited."""
    cost: CostReport | None = None
    """What it cost."""
    accessibility: Accessibility | None = None
    """Whom waiting hit."""
    advice: AdviceCounts | None = None
    """What became of the advice."""
    model_version: Version = ""
    """Which podlore wrote it."""


class ImpactReport(Resource):
    """What a period was like: utilization, queueing, cost and accessibility, with intervals."""

    presentation = Presentation(
        "impactreports",
        "impact",
        namespaced=False,
        columns=(
            Column("FROM", ".spec.period.start"),
            Column("TO", ".spec.period.end"),
            Column("ACTIVE%", ".status.utilization.activePercent.value"),
            Column("WAIT-MEDIAN", ".status.queueing.waitSecondsMedian.value", description="Seconds"),
            Column("USD", ".status.cost.usd.value"),
            Column("AGE", ".metadata.creationTimestamp", type="date"),
        ),
    )

    kind: Literal["ImpactReport"] = "ImpactReport"
    spec: ImpactReportSpec
    """Which period is reported."""
    status: ImpactReportStatus | None = None
    """The report."""
