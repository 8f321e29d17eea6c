"""The five kinds of ``podlore.io/v1alpha1``; `KINDS` lists them in the order of the documentation."""

from podlore_operator.api.advice import (
    Acknowledgement,
    Advice,
    AdviceSpec,
    AdviceStatus,
    ClusterSchedulingAdvice,
    Feedback,
    OutcomeDetail,
    SchedulingAdvice,
    State,
)
from podlore_operator.api.advisor_policy import AdvisorPolicy, AdvisorPolicySpec, AdvisorPolicyStatus
from podlore_operator.api.conditions import Condition, ConditionType, condition, with_condition
from podlore_operator.api.impact_report import ImpactReport, ImpactReportSpec, ImpactReportStatus
from podlore_operator.api.pattern_rule import PatternRule, PatternRuleSpec, PatternRuleStatus
from podlore_operator.api.resource import API_VERSION, VERSION, ObjectMeta, OwnerReference, Resource

KINDS: tuple[type[Resource], ...] = (
    SchedulingAdvice,
    ClusterSchedulingAdvice,
    AdvisorPolicy,
    PatternRule,
    ImpactReport,
)

__all__ = [
    "API_VERSION",
    "KINDS",
    "VERSION",
    "Acknowledgement",
    "Advice",
    "AdviceSpec",
    "AdviceStatus",
    "AdvisorPolicy",
    "AdvisorPolicySpec",
    "AdvisorPolicyStatus",
    "ClusterSchedulingAdvice",
    "Condition",
    "ConditionType",
    "Feedback",
    "ImpactReport",
    "ImpactReportSpec",
    "ImpactReportStatus",
    "ObjectMeta",
    "OutcomeDetail",
    "OwnerReference",
    "PatternRule",
    "PatternRuleSpec",
    "PatternRuleStatus",
    "Resource",
    "SchedulingAdvice",
    "State",
    "condition",
    "with_condition",
]
