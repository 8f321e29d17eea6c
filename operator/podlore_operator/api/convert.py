"""From the domain's nouns to what the API server holds, and back; one function each way.

``policy_of`` reads an AdvisorPolicy's spec, ``advice_of`` writes a recommendation down. Times become wall time here,
numbers two significant digits, and what belongs to another team loses its name.
"""

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from podlore.clock import Clock
from podlore.policy import METRIC_NAMES, Policy, Prices
from podlore.vocabulary import Evidence, Gain, ObjectRef, Outcome, Recommendation
from podlore_operator.api.advice import (
    AdviceSpec,
    AdviceStatus,
    Cost,
    EvidenceItem,
    ExpectedGain,
    GainUnit,
    OutcomeDetail,
    RecommendationDetail,
    RecommendationType,
    Reference,
    State,
    Target,
)
from podlore_operator.api.advisor_policy import AdvisorPolicySpec, Switch
from podlore_operator.api.resource import ApiModel
from podlore_operator.api.significant import two_digits
from podlore_operator.api.tenancy import told_to

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")
TIME_TO_LIVE_SECONDS = 24 * 3600.0
PATCH_LENGTH_MAX = 4096
EVIDENCE_MAX = 16
OUTSIDE_THE_HASH = frozenset({"contentHash", "count", "expiresAt", "firstSeen", "lastSeen"})


def advice_of(
    recommendation: Recommendation,
    clock: Clock,
    model_version: str,
    *,
    prices: Prices | None = None,
    gpu_product: str = "",
) -> tuple[AdviceSpec, AdviceStatus]:
    """Return the spec to create the advice with, and its status as if it were said for the first time.

    Where the object is there already, the operator leaves its spec alone and carries ``firstSeen``, ``count``,
    ``state``, ``acknowledgement``, ``outcome`` and conditions over. A target without a namespace belongs in a
    ClusterSchedulingAdvice, where everything may be named.

    Parameters
    ----------
    recommendation
        What to say.
    clock
        Its now is the moment it was seen; times are written in wall time.
    model_version
        Which podlore and which classifier said so.
    prices
        The policy's; without them there is no cost.
    gpu_product
        The GPU product of the target, which chooses the price.
    """
    told = told_to(recommendation.target.namespace, _showable(recommendation))
    finding = told.because
    now = clock.now()
    status = AdviceStatus(
        state=State.ACTIVE,
        pattern=finding.pattern,
        cause=finding.cause,
        action=told.action,
        severity=finding.severity,
        summary=clipped(finding.summary, 512),
        confidence=round(100 * finding.confidence),
        gpu_hours_at_stake=two_digits(finding.gpu_hours_at_stake),
        cost=_cost(finding.gpu_hours_at_stake, prices, gpu_product),
        evidence=tuple(_evidence_item(fact) for fact in finding.evidence),
        recommendation=_detail(told),
        alternatives=told.alternatives[:8],
        blamed=tuple(_reference(ref) for ref in finding.blamed[:8]),
        target=f"{finding.target.kind}/{finding.target.name}",
        node=_node(finding.target, *finding.blamed),
        first_seen=wall_time(clock, now),
        last_seen=wall_time(clock, now),
        horizon_minutes=finding.horizon_minutes,
        expires_at=wall_time(clock, now + TIME_TO_LIVE_SECONDS),
        model_version=clipped(model_version, 128),
    )
    return AdviceSpec(target=_target(finding.target)), status.model_copy(update={"content_hash": content_hash(status)})


def policy_of(spec: AdvisorPolicySpec) -> Policy:
    """Return the settings: the spec's where it says something, podlore's defaults elsewhere.

    >>> policy_of(AdvisorPolicySpec()) == Policy()
    True
    """
    said, scope, metrics = Policy(), spec.namespaces, spec.metrics
    flat: dict[str, Any] = {
        "mode": spec.mode,
        "namespaces_include": scope and scope.include,
        "namespaces_exclude": scope and scope.exclude,
        "topology_levels": spec.topology and spec.topology.levels,
        "metric_names": metrics and metrics.names and {**METRIC_NAMES, **metrics.names.document()},
        "cluster_matcher": metrics and metrics.cluster_matcher,
        "logs_enabled": _is_on(spec.logs),
        "annotations_enabled": _is_on(spec.annotations),
        "events_enabled": _is_on(spec.events),
        "thresholds": spec.thresholds and _overlaid(said.thresholds, spec.thresholds),
        "prices": spec.prices and _overlaid(said.prices, spec.prices),
        "limits": dataclasses.replace(
            _overlaid(said.limits, spec.limits) if spec.limits else said.limits,
            per_namespace_day_max=spec.max_per_namespace_day or said.limits.per_namespace_day_max,
        ),
    }
    return dataclasses.replace(said, **{name: value for name, value in flat.items() if value is not None})


def outcome_of(outcome: Outcome | None, clock: Clock) -> OutcomeDetail | None:
    """Return what came of an advice as its status has it; None where no gain was predicted."""
    if outcome is None or not outcome.given.unit:
        return None
    return OutcomeDetail(
        followed=outcome.followed,
        unit=GainUnit(outcome.given.unit),
        predicted=two_digits(outcome.given.expected),
        observed=two_digits(outcome.observed),
        control=None if outcome.control is None else two_digits(outcome.control),
        measured_at=wall_time(clock, outcome.measured_at),
    )


def content_hash(status: AdviceStatus) -> str:
    """Return a hash of what matters in a status: all but when it was seen, how often, and when it expires."""
    document = {key: value for key, value in status.document().items() if key not in OUTSIDE_THE_HASH}
    document["conditions"] = [
        {key: value for key, value in one.items() if key != "lastTransitionTime"}
        for one in document.get("conditions", ())
    ]
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]


def wall_time(clock: Clock, trace_at: float) -> datetime:
    """Return a trace time as the wall time that is written into objects."""
    return datetime.fromtimestamp(int(clock.to_wall(trace_at)), UTC)


def clipped(text: str, length: int) -> str:
    """Return the text, cut to ``length`` characters with an ellipsis.

    >>> clipped("too long a story", 8)
    'too lon…'
    """
    return text if len(text) <= length else f"{text[: length - 1]}…"


def usd_per_gpu_hour(prices: Prices, gpu_product: str) -> float | None:
    """Return the price of the longest product prefix that fits, else the default's, else None.

    >>> usd_per_gpu_hour(Prices({"default": 2.0, "NVIDIA-A100": 3.0}), "NVIDIA-A100-SXM4-80GB")
    3.0
    """
    return prices.usd_of(gpu_product)


def _is_on(switch: Switch | None) -> bool | None:
    return switch.enabled if switch else None


def _overlaid(settings: T, said: ApiModel) -> T:
    """Return the dataclass ``settings`` with every field that ``said`` sets, in the dataclass's own type."""
    changes = {name: _as(getattr(settings, name), value) for name, value in said if value is not None}
    return dataclasses.replace(settings, **changes)


def _as(default: object, said: object) -> object:
    if isinstance(said, ApiModel) and dataclasses.is_dataclass(default) and not isinstance(default, type):
        return _overlaid(default, said)
    if isinstance(said, dict):
        return {key: float(value) for key, value in said.items()}
    return float(said) if isinstance(default, float) and isinstance(said, int | str) else said


def _showable(recommendation: Recommendation) -> Recommendation:
    """Return the recommendation with as many facts as the API takes."""
    few = recommendation.because.evidence[:EVIDENCE_MAX]
    return dataclasses.replace(recommendation, because=dataclasses.replace(recommendation.because, evidence=few))


def _target(ref: ObjectRef) -> Target:
    return Target(group=ref.group, version=ref.version, kind=ref.kind, name=ref.name, uid=ref.uid)


def _reference(ref: ObjectRef) -> Reference:
    return Reference(group=ref.group, kind=ref.kind, namespace=ref.namespace or None, name=ref.name or None)


def _node(*refs: ObjectRef) -> str | None:
    return next((ref.name for ref in refs if ref.kind == "Node"), None)


def _cost(gpu_hours: float, prices: Prices | None, gpu_product: str) -> Cost | None:
    price = usd_per_gpu_hour(prices, gpu_product) if prices else None
    return None if price is None else Cost(usd=two_digits(gpu_hours * price))


def _evidence_item(fact: Evidence) -> EvidenceItem:
    return EvidenceItem(
        source=fact.source,
        reference=clipped(fact.reference, 512),
        observed=clipped(fact.observed, 512),
        threshold=clipped(fact.threshold, 512) or None,
        window_seconds=None if fact.window_seconds is None else round(fact.window_seconds),
        samples=fact.samples,
        p_value=None if fact.p_value is None else f"{fact.p_value:.2g}",
    )


def _detail(recommendation: Recommendation) -> RecommendationDetail:
    patch = recommendation.patch if len(recommendation.patch) <= PATCH_LENGTH_MAX else ""
    return RecommendationDetail(
        type=_type(patch, recommendation.because.ranked_nodes),
        steps=clipped(recommendation.steps, 2048),
        patch=patch or None,
        ranked_nodes=recommendation.because.ranked_nodes[:8],
        expected_gain=_gain(recommendation.gain) if recommendation.gain else None,
        expected_gains=tuple(_gain(gain) for gain in recommendation.gains[:4]),
        gpu_hours_if_wrong=two_digits(recommendation.gpu_hours_if_wrong) if recommendation.gpu_hours_if_wrong else None,
    )


def _type(patch: str, ranked_nodes: Sequence[str]) -> RecommendationType:
    if patch:
        return RecommendationType.PATCH
    return RecommendationType.PLACEMENT if ranked_nodes else RecommendationType.MANUAL


def _gain(gain: Gain) -> ExpectedGain:
    return ExpectedGain(
        unit=GainUnit(gain.unit),
        expected=two_digits(gain.expected),
        low=two_digits(gain.low),
        high=two_digits(gain.high),
    )
