"""Rules over logs and events: public CRE files and podlore's own catalogue, matched exactly and fast.

In come rule files (`load_rules`) and logs (`RuleEngine`, `scan_file`); out come `Match`es, each with the entity, the
time and the byte offset of every step. Called by ``podlore rules``.
"""

from podlore.rules.engine import Match, RuleEngine
from podlore.rules.entity import Entity
from podlore.rules.load import Loaded, Problem, load_rules, read_rules
from podlore.rules.rule import Cre, Extract, Kind, Negate, Pattern, Place, Rule, Step, Term
from podlore.rules.scan_file import scan_file
from podlore.rules.semantics import PODLORE, PREQ, Semantics

__all__ = [
    "PODLORE",
    "PREQ",
    "Cre",
    "Entity",
    "Extract",
    "Kind",
    "Loaded",
    "Match",
    "Negate",
    "Pattern",
    "Place",
    "Problem",
    "Rule",
    "RuleEngine",
    "Semantics",
    "Step",
    "Term",
    "load_rules",
    "read_rules",
    "scan_file",
]
