"""Every label and annotation key that podlore reads or writes, each with what it means.

The operator writes the first group, people the second. Severity, action, state and pattern of an advice need no labels:
they are selectable fields (``kubectl get sadv --field-selector status.severity=critical``).
"""

from types import MappingProxyType

GROUP = "podlore.io"

MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGED_BY_PODLORE = "podlore"
PATTERN = "podlore.io/pattern"
POD_ADVICE = "podlore.io/advice"

IGNORE = "podlore.io/ignore"
ASSIST = "podlore.io/assist"

LABELS = MappingProxyType(
    {
        MANAGED_BY: "On every advice: `podlore`.",
        PATTERN: "On every advice: its pattern, which never changes.",
        IGNORE: "On a namespace, a workload or a pod, by people: `true` means that no advice is wanted about it.",
        ASSIST: "On a namespace, by people: `enabled` lets mode Assist hint the scheduler about its pods.",
    }
)

ANNOTATIONS = MappingProxyType(
    {
        POD_ADVICE: "On pods, only where annotations are switched on: the worst advice about the pod's workload, as "
        "JSON of at most 1 KiB with pattern, action, severity, summary and the advice's name.",
    }
)
