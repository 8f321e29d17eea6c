"""Every label and annotation key that podlore reads or writes, each with what it means and who writes it.

Severity, action, state and pattern of an advice need no labels: they are selectable fields
(``kubectl get sadv --field-selector status.severity=critical``).
"""

from dataclasses import dataclass

GROUP = "podlore.io"

MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGED_BY_PODLORE = "podlore"
PATTERN = "podlore.io/pattern"
POD_ADVICE = "podlore.io/advice"
POD_ADVICE_BYTES_MAX = 1024
IGNORE = "podlore.io/ignore"


@dataclass(frozen=True, slots=True)
class Key:
    """A label or annotation; ``on_advice`` tells those on podlore's own objects from those on everybody's."""

    name: str
    is_label: bool
    on_advice: bool
    meaning: str

    def __str__(self) -> str:
        return f"{'label' if self.is_label else 'annotation'} {self.name}: {self.meaning}"


KEYS = (
    Key(MANAGED_BY, is_label=True, on_advice=True, meaning="on every advice, podlore."),
    Key(PATTERN, is_label=True, on_advice=True, meaning="on every advice, its pattern, which never changes."),
    Key(
        IGNORE,
        is_label=True,
        on_advice=False,
        meaning="on a workload, its pods or a node, by people; true means that no advice is wanted about it.",
    ),
    Key(
        POD_ADVICE,
        is_label=False,
        on_advice=False,
        meaning="on a pod, by the operator where annotations are switched on; the worst advice about its workload as "
        "JSON of at most 1 KiB with name, pattern, action, severity and summary.",
    ),
)
