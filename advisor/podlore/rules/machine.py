"""From a pattern to its automaton, and which bit of an event's mask stands for which term. Called by the engine."""

from collections.abc import Iterator

from podlore.rules.nested_machine import Machine, NestedMachine
from podlore.rules.rule import Pattern, Term
from podlore.rules.semantics import PODLORE, Semantics
from podlore.rules.sequence_machine import SequenceMachine
from podlore.rules.set_machine import SetMachine
from podlore.rules.veto import Veto


def build(pattern: Pattern, semantics: Semantics = PODLORE) -> Machine:
    """Return a fresh machine for one entity."""
    needs = tuple(step.count for step in pattern.steps)
    veto = Veto(pattern.negates) if pattern.negates else None
    whole: Machine = (
        SequenceMachine(needs, pattern.window_ns, veto, semantics)
        if pattern.ordered
        else SetMachine(needs, pattern.window_ns, veto)
    )
    if not pattern.is_nested:
        return whole
    parts = [(step, bit, width(part), build(part, semantics)) for step, bit, part in _parts(pattern)]
    return NestedMachine(whole, _own_width(pattern), parts)


def width(pattern: Pattern) -> int:
    """Return how many bits the mask of a pattern has."""
    return _own_width(pattern) + sum(width(part) for _, _, part in _parts(pattern))


def bits(pattern: Pattern, base: int = 0) -> Iterator[tuple[Term, int, str]]:
    """Yield each term with its bit and the label of the source it is sought in."""
    for index, step in enumerate(pattern.steps):
        if isinstance(step.what, Term):
            yield step.what, base + index, pattern.source
    for index, negate in enumerate(pattern.negates):
        yield negate.term, base + len(pattern.steps) + index, pattern.source
    for _, bit, part in _parts(pattern):
        yield from bits(part, base + bit)


def _own_width(pattern: Pattern) -> int:
    return len(pattern.steps) + len(pattern.negates)


def _parts(pattern: Pattern) -> Iterator[tuple[int, int, Pattern]]:
    bit = _own_width(pattern)
    for index, step in enumerate(pattern.steps):
        if isinstance(step.what, Pattern):
            yield index, bit, step.what
            bit += width(step.what)
