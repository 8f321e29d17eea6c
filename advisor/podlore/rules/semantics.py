"""What podlore and preq answer differently: one switch a difference, so that each can be named and tried alone.

The loader, the log reader and the machines read these; `podlore.rules.conformance` turns them one by one to find the
reason of a difference.
"""

from dataclasses import dataclass, field, fields, replace


def _switch(reason: str) -> bool:
    switch: bool = field(default=False, metadata={"reason": reason})
    return switch


@dataclass(frozen=True, slots=True)
class Semantics:
    """Each switch turns one answer of preq on; all are off in podlore."""

    drops_late: bool = _switch("preq drops every event older than the last one seen")
    ignores_count_window: bool = _switch("preq never checks the window of a sequence that only counts one term")
    loses_order: bool = _switch("preq compares later steps with the first step only, so steps may come out of order")
    misses_early_negates: bool = _switch("preq records negates only from the first positive line on")
    drops_set_beside_sequence: bool = _switch("preq keeps only the sequence of a rule that has a set, too")
    ignores_field: bool = _switch("preq ignores `field` and searches the whole line")
    drops_reference_count: bool = _switch("preq drops a `count` beside the name of a term")
    keeps_last_leaf: bool = _switch("preq runs only the last part of a nested rule")
    ignores_correlations: bool = _switch("preq parses correlations and never evaluates them")
    limits_anchor: bool = _switch("preq refuses a negate's anchor above 1")
    loads_promql: bool = _switch("preq loads promql terms and never runs them")
    glues_folds: bool = _switch("preq glues a continuation line on without a separator, which makes up words")
    splits_partials: bool = _switch("preq does not join the partial lines of a container runtime")
    truncates_times: bool = _switch("preq drops zones and sub-millisecond digits of times with a blank in them")
    refuses_untimed: bool = _switch("preq refuses a log without timestamps")
    takes_first_format: bool = _switch(
        "preq takes the first timestamp format that fits any line, not the one that fits most"
    )
    pools_files: bool = _switch("preq reads all files of a source, one after the other, into one state")
    reads_first_source: bool = _switch("preq reads only the first source of a label and its first location")


PODLORE = Semantics()
PREQ = Semantics(**{each.name: True for each in fields(Semantics)})


def reason(name: str) -> str:
    """Return what preq does where the switch ``name`` is on."""
    return str(next(each.metadata["reason"] for each in fields(Semantics) if each.name == name))


def switched(semantics: Semantics, name: str, *, on: bool) -> Semantics:
    """Return ``semantics`` with one switch turned.

    >>> switched(PODLORE, "drops_late", on=True).drops_late
    True
    """
    return replace(semantics, **{name: on})
