"""A rule with the pattern it is evidence of: podlore's own of the catalogue, and a cluster's of PatternRule objects.

`podlore.rules.watch` listens for these; the operator reads PatternRule objects into `BoundRule` by `own_rule`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from podlore.errors import BadInput
from podlore.rules.check_rules import CATALOGUE
from podlore.rules.load import load_rules, parse_rules
from podlore.rules.rule import Rule
from podlore.vocabulary import Action, Pattern, Severity

P = Pattern
OWN_CAUSE = "Rule"
SEVERITIES = tuple(Severity)


@dataclass(frozen=True, slots=True)
class BoundRule:
    """A rule and what it is evidence of, the foremost pattern first; one that ``speaks_alone`` needs no other sign.

    ``is_own`` tells a cluster's own from podlore's.
    """

    rule: Rule
    name: str
    patterns: tuple[Pattern, ...]
    cause: str
    speaks_alone: bool
    severity: Severity
    is_own: bool = False
    action: Action | None = None


_JOB_FAULT = (P.CRASH_LOOP,)
_STUCK_RANKS = (P.STRAGGLER, P.NETWORK_DEGRADATION, P.CRASH_LOOP)
_WAITING = (P.FRAGMENTATION, P.ACCESSIBILITY_BARRIER, P.QUEUE_SPIRAL)
_STORAGE = (P.STORAGE_STALL, P.CRASH_LOOP)
_NODE = (P.HARDWARE_FAULT, P.BLACK_HOLE_NODE, P.CRASH_LOOP)
_DEVICE = (P.HARDWARE_FAULT, P.STRAGGLER, P.CRASH_LOOP, P.BLACK_HOLE_NODE)

BINDINGS: Mapping[int, tuple[tuple[Pattern, ...], str, bool]] = {
    1: (_JOB_FAULT, "Application", False),
    2: (_JOB_FAULT, "Application", False),
    3: (_JOB_FAULT, "Application", False),
    4: (_DEVICE, "Memory", True),
    5: (_DEVICE, "Device", True),
    6: (_DEVICE, "Memory", False),
    7: (_DEVICE, "Memory", True),
    8: ((P.HARDWARE_FAULT, P.NETWORK_DEGRADATION, P.STRAGGLER), "Link", False),
    9: (_DEVICE, "Device", True),
    10: (_DEVICE, "Memory", True),
    11: (_DEVICE, "Memory", True),
    12: (_DEVICE, "Memory", True),
    13: (_DEVICE, "Device", False),
    14: (_DEVICE, "Device", True),
    15: (_DEVICE, "Device", True),
    16: (_DEVICE, "Memory", True),
    17: (_JOB_FAULT, "Application", False),
    18: (_DEVICE, "Memory", True),
    19: (_DEVICE, "Device", True),
    20: (_DEVICE, "Device", False),
    21: (_NODE, "Node", False),
    22: (_JOB_FAULT, "Application", False),
    23: (_JOB_FAULT, "Application", False),
    24: (_JOB_FAULT, "Application", False),
    25: (_STUCK_RANKS, "Collective", False),
    26: ((P.NETWORK_DEGRADATION, P.CRASH_LOOP, P.STRAGGLER), "Link", False),
    27: (_STUCK_RANKS, "Collective", False),
    28: (_JOB_FAULT, "Application", False),
    29: ((P.NETWORK_DEGRADATION,), "Link", False),
    30: (_NODE, "Link", False),
    31: (_NODE, "Node", False),
    32: (_WAITING, "Shape", False),
    33: (_WAITING, "Capacity", False),
    34: ((P.ACCESSIBILITY_BARRIER,), "Constraint", False),
    35: ((P.ACCESSIBILITY_BARRIER,), "Constraint", False),
    36: ((P.ACCESSIBILITY_BARRIER, P.STORAGE_STALL), "Volume", False),
    37: (_WAITING, "Gang", False),
    38: ((P.QUEUE_SPIRAL,), "Requeue", False),
    39: ((P.ACCESSIBILITY_BARRIER, P.QUEUE_SPIRAL), "Quota", False),
    40: ((P.CRASH_LOOP,), "Image", False),
    41: ((P.BLACK_HOLE_NODE, P.HARDWARE_FAULT), "Node", False),
    42: (_NODE, "Device", False),
    43: ((P.STORAGE_STALL, P.ACCESSIBILITY_BARRIER), "Volume", False),
    44: ((P.STORAGE_STALL,), "Volume", False),
    45: (_STORAGE, "Volume", False),
    46: ((P.NETWORK_DEGRADATION, P.CRASH_LOOP), "Names", False),
    47: (_STUCK_RANKS, "Rendezvous", False),
    48: ((P.STORAGE_STALL, P.CRASH_LOOP), "Disk", False),
    49: ((P.OUT_OF_MEMORY_LOOP, P.CRASH_LOOP), "NodeMemory", False),
    50: ((P.BLACK_HOLE_NODE, P.CRASH_LOOP), "Node", False),
    51: ((P.BLACK_HOLE_NODE, P.HARDWARE_FAULT), "Node", False),
    52: ((P.OUT_OF_MEMORY_LOOP, P.CRASH_LOOP), "MemoryLimit", False),
    53: ((P.HARDWARE_FAULT, P.STRAGGLER, P.INTERFERENCE), "Device", False),
    54: (_STORAGE, "Volume", False),
}
"""By the number of PODLORE-2026-NNNN: patterns, cause, and whether a match is enough by itself.

Alone speak only rules that quote the driver on a fault of the device; the others say why something happens that the
detectors found by its effect."""


@lru_cache(maxsize=1)
def catalogue() -> tuple[BoundRule, ...]:
    """Return podlore's own rules, each bound to its patterns."""
    return tuple(_of_catalogue(rule) for rule in load_rules([CATALOGUE]))


def _of_catalogue(rule: Rule) -> BoundRule:
    patterns, cause, alone = BINDINGS[int(rule.cre.id.rpartition("-")[2])]
    return BoundRule(rule, rule.cre.id, patterns, cause, alone, severity_of(rule))


def own_rule(
    name: str,
    text: str,
    pattern: Pattern,
    *,
    cause: str = "",
    severity: Severity | None = None,
    action: Action | None = None,
) -> BoundRule:
    """Return a cluster's own rule: a CRE document with one entry under ``rules:``.

    Raises
    ------
    BadInput
        With everything that is wrong, each with line and column.

    Examples
    --------
    >>> text = '''
    ... rules:
    ... - cre: {id: OWN-1, severity: 1, title: A licence server is down}
    ...   rule: {set: {event: {source: cre.log.app}, match: [licence denied]}}
    ... '''
    >>> own_rule("licence", text, Pattern.CRASH_LOOP).severity
    <Severity.HIGH: 'high'>
    """
    loaded = parse_rules(text, name)
    if loaded.errors:
        raise BadInput("; ".join(str(problem) for problem in loaded.errors))
    if len(loaded.rules) != 1:
        raise BadInput(f"{name}: {len(loaded.rules)} rules; a PatternRule holds one, so write one object for each")
    rule = loaded.rules[0]
    return BoundRule(rule, name, (pattern,), cause or OWN_CAUSE, True, severity or severity_of(rule), True, action)


def severity_of(rule: Rule) -> Severity:
    """Return a rule's severity: 0 is critical, 4 is information."""
    return SEVERITIES[min(max(rule.cre.severity, 0), len(SEVERITIES) - 1)]
