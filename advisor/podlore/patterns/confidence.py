"""How often each finding is right, as far as is known.

Until a pattern has 30 recorded outcomes its confidence is a prior (``Calibrated=False``). These priors are judgements,
written down before any measurement: the more directly the objects themselves state the fact (a kubelet counts the
kills), the higher; the more it is inferred (a penalty that was not measured), the lower. The evaluation on held-out
scenarios replaces them.
"""

from collections.abc import Mapping

from podlore.vocabulary import Pattern

PRIORS: Mapping[Pattern, float] = {
    Pattern.RESOURCE_HOARDING: 0.9,
    Pattern.OVER_REQUEST: 0.75,
    Pattern.QUEUE_SPIRAL: 0.8,
    Pattern.ACCESSIBILITY_BARRIER: 0.75,
    Pattern.FRAGMENTATION: 0.85,
    Pattern.INTERFERENCE: 0.6,
    Pattern.GANG_SCATTERED: 0.6,
    Pattern.STRAGGLER: 0.65,
    Pattern.CRASH_LOOP: 0.95,
    Pattern.OUT_OF_MEMORY_LOOP: 0.95,
    Pattern.BLACK_HOLE_NODE: 0.85,
    Pattern.HARDWARE_FAULT: 0.9,
    Pattern.NETWORK_DEGRADATION: 0.65,
    Pattern.STORAGE_STALL: 0.8,
    Pattern.SECURITY_INCIDENT: 0.7,
}
BY_CAUSE: Mapping[tuple[Pattern, str], float] = {
    (Pattern.ACCESSIBILITY_BARRIER, "Constraint"): 0.85,
    (Pattern.ACCESSIBILITY_BARRIER, "Volume"): 0.85,
    (Pattern.ACCESSIBILITY_BARRIER, "Gate"): 0.7,
    (Pattern.ACCESSIBILITY_BARRIER, "Capacity"): 0.6,
    (Pattern.ACCESSIBILITY_BARRIER, "Scheduler"): 0.6,
    (Pattern.FRAGMENTATION, "Domain"): 0.75,
}
"""Causes that are surer, or less sure, than their pattern."""


def confidence_of(pattern: Pattern, cause: str) -> float:
    """Return the prior share (0-1) of such findings that are right."""
    return BY_CAUSE.get((pattern, cause), PRIORS[pattern])
