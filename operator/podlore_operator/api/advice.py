"""SchedulingAdvice and ClusterSchedulingAdvice: one per target, pattern and cause.

People write ``spec.acknowledged``, ``spec.snoozeUntil`` and ``spec.feedback``; the operator creates the object with
``spec.target`` and writes ``status``.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from podlore.vocabulary import Action, EvidenceSource, Followed, Pattern, Severity
from podlore_operator.api.conditions import Conditions
from podlore_operator.api.keys import KEYS
from podlore_operator.api.resource import ApiModel, Column, Presentation, Resource, Rule, at_most, rules
from podlore_operator.api.scalars import (
    Count,
    Decimal,
    Flag,
    GroupName,
    KindName,
    Line,
    Minutes,
    Namespace,
    ObjectName,
    Probability,
    Score,
    SignedDecimal,
    Text,
    Time,
    Uid,
    Version,
    Word,
)


class Feedback(StrEnum):
    """What a person thinks of an advice."""

    USEFUL = "Useful"
    WRONG = "Wrong"


class State(StrEnum):
    """Where an advice is in its life.

    Active: it holds and nobody has reacted. Acknowledged: somebody knows; it comes back on a higher severity. Snoozed:
    silent until spec.snoozeUntil. Resolved: no longer seen; kept until it expires so that its outcome is on record.
    """

    ACTIVE = "Active"
    ACKNOWLEDGED = "Acknowledged"
    SNOOZED = "Snoozed"
    RESOLVED = "Resolved"


class RecommendationType(StrEnum):
    """How a recommendation can be followed.

    Manual: by the steps. Patch: by the patch that is shown. Placement: by running on one of the ranked nodes.
    """

    MANUAL = "Manual"
    PATCH = "Patch"
    PLACEMENT = "Placement"


class GainUnit(StrEnum):
    """What a gain is counted in."""

    GPU_HOURS = "GPUHours"
    WAIT_SECONDS = "WaitSeconds"
    USD = "USD"


class Target(ApiModel):
    """An object by name; it lives in the advice's own namespace, or is cluster-scoped as the advice."""

    group: GroupName = ""
    """API group, empty for core."""
    version: Annotated[str, Field(max_length=63)] = "v1"
    """API version."""
    kind: KindName
    """Kind, such as Job or Node."""
    name: ObjectName
    """Name."""
    uid: Uid = ""
    """The incarnation that was first seen; a resubmitted job of the same name is the same target."""


class AdviceSpec(ApiModel):
    """What people say about the advice, and whom it is about."""

    model_config = rules(Rule("self.target == oldSelf.target", "spec.target cannot change: it is what the advice is"))

    target: Target
    """The object that the advice is about. Written once, by the operator."""
    acknowledged: Flag | None = None
    """Set to true to say that you know: it stays quiet for 30 days unless its severity rises."""
    snooze_until: Time | None = None
    """Set to a time such as 2026-12-01T08:00:00Z to hear nothing of it before."""
    feedback: Feedback | None = None
    """Set to Useful or Wrong; it counts in the confidence of later advice of this pattern."""


class EvidenceItem(ApiModel):
    """One fact that speaks for the advice, with the bar it passed."""

    source: EvidenceSource
    """Where it was read."""
    reference: Line
    """Where to look it up: a PromQL expression, an object, an event's reason."""
    observed: Line
    """What was seen, with its unit."""
    threshold: Line | None = None
    """The bar it passed, with its unit."""
    window_seconds: Count | None = None
    """How far back was looked, in seconds."""
    samples: Count | None = None
    """How many samples there were."""
    p_value: Probability | None = None
    """How likely chance alone shows this much."""


class ExpectedGain(ApiModel):
    """What following the advice is expected to bring, with a 90 % interval."""

    unit: GainUnit
    """GPU-hours freed or saved, seconds of waiting spared, or US dollars at the policy's prices."""
    expected: SignedDecimal
    """The estimate."""
    low: SignedDecimal
    """Lower end of the interval."""
    high: SignedDecimal
    """Upper end of the interval."""


class RecommendationDetail(ApiModel):
    """What to do."""

    type: RecommendationType
    steps: Text
    """What a person does, in plain words."""
    patch: Annotated[str, Field(max_length=4096)] | None = None
    """Preview of a merge patch on the target or on its pod template; podlore never applies it."""
    ranked_nodes: Annotated[tuple[ObjectName, ...], at_most(8)] = ()
    """Nodes that would suit, the best first."""
    expected_gain: ExpectedGain | None = None
    """What following it is expected to bring."""
    expected_gains: Annotated[tuple[ExpectedGain, ...], at_most(4)] = ()
    """The same in every unit that can be told, the leading one first."""
    gpu_hours_if_wrong: Decimal | None = None
    """What following it costs if the finding is wrong, in GPU-hours."""


class Reference(ApiModel):
    """An object that the evidence points at; without a name it is another team's."""

    group: GroupName = ""
    """API group, empty for core."""
    kind: KindName
    """Kind."""
    namespace: Namespace | None = None
    """Namespace, where the kind has one and it may be told."""
    name: ObjectName | None = None
    """Name, where it may be told."""


class Cost(ApiModel):
    """What the GPU-hours at stake cost at the policy's prices."""

    usd: Decimal
    """US dollars, two significant digits."""


class Acknowledgement(ApiModel):
    """When the operator first saw spec.acknowledged, and how severe the advice was then."""

    at: Time
    """When."""
    severity: Severity
    """How severe it was; a higher severity reopens the advice."""


class OutcomeDetail(ApiModel):
    """What happened after the advice, beside what was predicted."""

    followed: Followed
    """Whether the target changed as advised, wholly or partly; what ended by itself was not followed."""
    unit: GainUnit
    """What the two are counted in."""
    predicted: SignedDecimal
    """The expected gain when the advice was first given."""
    observed: SignedDecimal
    """The gain that was measured."""
    control: SignedDecimal | None = None
    """What the same span brought to targets of this pattern that nobody touched, where there were any."""
    measured_at: Time
    """When it was measured."""


class AdviceStatus(ApiModel):
    """The advice. The operator alone writes it."""

    observed_generation: Count | None = None
    """The metadata.generation that the operator has seen: what people wrote up to there is taken into account."""
    conditions: Conditions = ()
    """Observed: the pattern is still seen. Calibrated: enough outcomes back the confidence."""
    state: State
    pattern: Pattern
    """What was found."""
    cause: Word
    """What kind of it, as one CamelCase word."""
    action: Action
    """What is recommended."""
    severity: Severity
    """How much it hurts."""
    summary: Line
    """The advice in one plain sentence."""
    confidence: Score
    """Of 100 findings like this one, how many are right."""
    gpu_hours_at_stake: Decimal
    """GPU-hours that following the advice frees or saves until the target's expected end, 24 h at most, each device
    counted once. A decimal with two significant digits; a string, since Kubernetes does not keep floats reliably."""
    cost: Cost | None = None
    """What they cost."""
    evidence: Annotated[tuple[EvidenceItem, ...], Field(min_length=1, max_length=16)]
    """The facts that speak for it."""
    recommendation: RecommendationDetail
    """What to do."""
    alternatives: Annotated[tuple[Action, ...], at_most(8)] = ()
    """What would help as well, the best first."""
    blamed: Annotated[tuple[Reference, ...], at_most(8)] = ()
    """Other objects that the evidence points at, such as a node or an aggressor."""
    target: Line
    """The target as Kind/name, for the column."""
    node: ObjectName | None = None
    """The node that the evidence points at, for the column."""
    first_seen: Time
    """When the pattern was first found."""
    last_seen: Time
    """When it was last found; refreshed every 6 h while nothing else changes."""
    count: Count = 1
    """How often it was found anew after it had gone."""
    horizon_minutes: Minutes = 0
    """0: it is so now; else it is expected in so many minutes."""
    expires_at: Time
    """When the advice is deleted unless it is found again."""
    model_version: Version = ""
    """Which podlore and which classifier said so."""
    acknowledgement: Acknowledgement | None = None
    """When people's acknowledgement was first seen."""
    outcome: OutcomeDetail | None = None
    """What happened after it."""
    content_hash: Annotated[str, Field(max_length=16)] = ""
    """Hash of all that matters here; the operator writes only when it changes."""


COLUMNS = (
    Column("PATTERN", ".status.pattern"),
    Column("ACTION", ".status.action"),
    Column("SEVERITY", ".status.severity"),
    Column("GPUH", ".status.gpuHoursAtStake", description="GPU-hours at stake"),
    Column("STATE", ".status.state"),
    Column("AGE", ".metadata.creationTimestamp", type="date"),
    Column("TARGET", ".status.target"),
    Column("CONF", ".status.confidence", type="integer", wide=True, description="Confidence, 0-100"),
    Column("NODE", ".status.node", wide=True),
    Column("EXPIRES", ".status.expiresAt", wide=True),
)
ADVICE_KEYS = tuple(key for key in KEYS if key.on_advice)
SELECTABLE = (".status.pattern", ".status.action", ".status.severity", ".status.state", ".spec.target.kind")


class Advice(Resource):
    """What both kinds of advice have in common."""

    spec: AdviceSpec
    """What people say about the advice, and whom it is about."""
    status: AdviceStatus | None = None
    """The advice."""


class SchedulingAdvice(Advice):
    """Advice about one workload, in the workload's namespace: what pattern was found, why, and what to do about it."""

    presentation = Presentation("schedulingadvices", "sadv", True, COLUMNS, SELECTABLE, ADVICE_KEYS)

    kind: Literal["SchedulingAdvice"] = "SchedulingAdvice"


class ClusterSchedulingAdvice(Advice):
    """Advice about a node, a rack or a queue: what pattern was found, why, and what to do about it."""

    presentation = Presentation("clusterschedulingadvices", "csadv", False, COLUMNS, SELECTABLE, ADVICE_KEYS)

    kind: Literal["ClusterSchedulingAdvice"] = "ClusterSchedulingAdvice"
