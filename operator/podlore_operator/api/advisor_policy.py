"""AdvisorPolicy: what a cluster's people can set. The one named ``default`` counts; without it, the built-in defaults.

The spec has the settings of `podlore.policy.Policy` in the same units; `convert.policy_of` reads it.
"""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from podlore.policy import METRIC_NAMES, Mode, Policy
from podlore_operator.api.conditions import Conditions
from podlore_operator.api.keys import KEYS
from podlore_operator.api.resource import ApiModel, Column, Presentation, Resource, Rule, rules, without_null
from podlore_operator.api.scalars import Count, Flag, LabelKey, Measure, MetricName, Namespace, Threshold
from podlore_operator.api.thresholds import Thresholds, defaults_said, mirrors

_DEFAULTS = Policy()
_LIMITS = _DEFAULTS.limits
_MATCHER = r'[a-zA-Z_][a-zA-Z0-9_]*(=|!=|=~|!~)"[^"\\{}]*"'
ClusterMatcher = Annotated[str, StringConstraints(max_length=512, pattern=f"^({_MATCHER}(,{_MATCHER})*)?$")]
Namespaces = Annotated[tuple[Namespace, ...], Field(max_length=256)]
Price = Annotated[Measure, Field(description="US dollars for one GPU-hour.")]


class NamespaceScope(ApiModel):
    """Which namespaces advice is given about."""

    model_config = defaults_said(exclude=_DEFAULTS.namespaces_exclude)

    include: Namespaces | None = None
    """Only these; empty means every namespace. Default: every namespace."""
    exclude: Namespaces | None = None
    """Not these, even if included."""


class Topology(ApiModel):
    """The cluster's topology."""

    levels: Annotated[tuple[LabelKey, ...], Field(max_length=8)] | None = None
    """Node labels from the widest domain to the narrowest. Default: the known label families are tried."""


class PriceList(ApiModel):
    """What GPU time and energy cost."""

    model_config = mirrors(_DEFAULTS.prices)

    usd_per_gpu_hour: Annotated[dict[str, Price], Field(max_length=64), BeforeValidator(without_null)] | None = None
    """US dollars for one GPU-hour, by the longest prefix of the node label nvidia.com/gpu.product; "default" for the
    others. An integer or a quoted decimal."""
    usd_per_kwh: Measure | None = None
    """US dollars for one kilowatt-hour."""
    pue: Measure | None = None
    """Power usage effectiveness: the site's power over that of its computers."""
    grams_co2_per_kwh: Measure | None = None
    """Grams of CO2 for one kilowatt-hour."""


class MetricNames(ApiModel):
    """Names under which Prometheus has the GPU metrics."""

    model_config = defaults_said(**METRIC_NAMES)

    sm_active: MetricName | None = None
    """Share of time a multiprocessor had work, 0-1; asked first for activity."""
    gr_engine_active: MetricName | None = None
    """Share of time the graphics engine had work, 0-1; asked second."""
    gpu_util: MetricName | None = None
    """Percent of time a kernel ran; asked last."""
    dram_active: MetricName | None = None
    """Share of time memory moved data, 0-1."""
    fb_used: MetricName | None = None
    """Device memory in use, MiB."""
    fb_free: MetricName | None = None
    """Device memory free, MiB."""
    power_usage: MetricName | None = None
    """Power, W."""
    xid_errors: MetricName | None = None
    """The last XID error."""
    pcie_tx_bytes: MetricName | None = None
    """Bytes sent over PCIe per second."""
    pcie_rx_bytes: MetricName | None = None
    """Bytes received over PCIe per second."""
    nvlink_bytes: MetricName | None = None
    """Bytes over NVLink."""


class Metrics(ApiModel):
    """Where GPU metrics come from."""

    names: MetricNames | None = None
    """Names of the metrics; what is not set keeps its default."""
    cluster_matcher: ClusterMatcher | None = None
    """Label matchers that go into every query where one Prometheus serves many clusters, such as cluster="a".
    Default: none."""


class Switch(ApiModel):
    """Something that is off until switched on."""

    enabled: Flag | None = None
    """Switch it on. Default: false."""


class AdviceLimits(ApiModel):
    """How much advice there may be at once; beyond it, what matters least is withheld and counted."""

    model_config = defaults_said(
        active_per_namespace_max=_LIMITS.active_per_namespace_max,
        active_max=_LIMITS.active_max,
        per_team_day_max=_LIMITS.per_team_day_max,
    )

    active_per_namespace_max: Threshold | None = None
    """Active advice in one namespace."""
    active_max: Threshold | None = None
    """Active advice in the cluster."""
    per_team_day_max: Threshold | None = None
    """New advice to one team and day; a team is told by the label podlore.io/team or team, else by the queue."""


class AdvisorPolicySpec(ApiModel):
    """All settings; what is not set keeps podlore's default. Numbers with a fraction are quoted decimals."""

    model_config = defaults_said(mode=_DEFAULTS.mode, max_per_namespace_day=_LIMITS.per_namespace_day_max)

    mode: Mode | None = None
    """DryRun: nothing is written. Advise: advice is written. Assist: reserved for hints to the scheduler, for now the
    same as Advise. The chart's maxMode bounds it."""
    max_per_namespace_day: Threshold | None = None
    """New advice in one namespace and day."""
    namespaces: NamespaceScope | None = None
    """Which namespaces advice is given about."""
    thresholds: Thresholds | None = None
    """When a pattern is said, by pattern."""
    topology: Topology | None = None
    """The cluster's topology."""
    prices: PriceList | None = None
    """What GPU time and energy cost."""
    metrics: Metrics | None = None
    """Where GPU metrics come from."""
    logs: Switch | None = None
    """Read the last lines of containers' logs, masked. Needs logs.enabled in the chart too."""
    annotations: Switch | None = None
    """Annotate pods with the worst advice about them. Needs annotations.enabled in the chart too."""
    events: Switch | None = None
    """Record Events about targets. Needs events.enabled in the chart too."""
    limits: AdviceLimits | None = None
    """How much advice there may be at once."""


class AdvisorPolicyStatus(ApiModel):
    """What the operator made of the policy."""

    observed_generation: Count | None = None
    """The metadata.generation that the operator has seen."""
    conditions: Conditions = ()
    """Accepted: the policy is in force; False keeps the last good one. MetricsAvailable: GPU metrics come in.
    EventsKnown: the event classifier knows what it lately read.
    WithinBudget: no advice is withheld for want of room; False counts it by the limit reached."""
    mode: Mode | None = None
    """The mode in force."""


class AdvisorPolicy(Resource):
    """How podlore is to work in this cluster. Only the one named default counts; without it, the built-in defaults."""

    model_config = rules(Rule("self.metadata.name == 'default'", "an AdvisorPolicy must be named default"))
    presentation = Presentation(
        "advisorpolicies",
        "advpol",
        namespaced=False,
        columns=(
            Column("MODE", ".status.mode", description="The mode in force"),
            Column("ACCEPTED", ".status.conditions[?(@.type=='Accepted')].status"),
            Column("METRICS", ".status.conditions[?(@.type=='MetricsAvailable')].status"),
            Column("AGE", ".metadata.creationTimestamp", type="date"),
            Column("WHY", ".status.conditions[?(@.type=='Accepted')].message", wide=True),
        ),
        keys=tuple(key for key in KEYS if not key.on_advice),
    )

    kind: Literal["AdvisorPolicy"] = "AdvisorPolicy"
    spec: AdvisorPolicySpec
    """All settings."""
    status: AdvisorPolicyStatus | None = None
    """What the operator made of them."""

    @model_validator(mode="after")
    def _is_the_default(self) -> Self:
        if self.metadata.name != "default":
            raise ValueError(f"an AdvisorPolicy must be named default, not {self.metadata.name!r}")
        return self
