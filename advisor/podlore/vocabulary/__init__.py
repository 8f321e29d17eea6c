"""The nouns of podlore: closed sets, what is seen in a cluster, and what is said about it.

Everything here is frozen and has no behaviour beyond checking itself. Each stage takes these and returns these:
``podlore.objects`` reads Kubernetes JSON into them, detectors turn them into `Finding`, ``podlore.advice`` turns those
into `Recommendation`, and the operator writes them down.

Times are seconds since the epoch of the clock in use (names end in ``_at``), lengths of time end in ``_seconds``.
"""

from podlore.vocabulary.cluster import (
    Condition,
    Container,
    Controller,
    DisruptionBudget,
    Node,
    Pod,
    Requirement,
    Resources,
    Taint,
    Termination,
    Toleration,
    Workload,
)
from podlore.vocabulary.names import Action, EventClass, EvidenceSource, Followed, ObjectRef, Pattern, Severity
from podlore.vocabulary.said import Evidence, Finding, Gain, Given, Outcome, Recommendation
from podlore.vocabulary.signals import Event, Failure, GpuWindow, LogLine, RuleMatch, Series, Start

__all__ = [
    "Action",
    "Condition",
    "Container",
    "Controller",
    "DisruptionBudget",
    "Event",
    "EventClass",
    "Evidence",
    "EvidenceSource",
    "Failure",
    "Finding",
    "Followed",
    "Gain",
    "Given",
    "GpuWindow",
    "LogLine",
    "Node",
    "ObjectRef",
    "Outcome",
    "Pattern",
    "Pod",
    "Recommendation",
    "Requirement",
    "Resources",
    "RuleMatch",
    "Series",
    "Severity",
    "Start",
    "Taint",
    "Termination",
    "Toleration",
    "Workload",
]
