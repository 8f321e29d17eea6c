"""All rules over all entries: candidates are verified, then the patterns they belong to are fed, each in its own state.

In come entries, whole or as candidates that `podlore.rules.scan_file` found; out come `Match`es. The engine reads no
file and no clock.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from podlore.rules.entity import Entity
from podlore.rules.expression import Finder, extractor, finder
from podlore.rules.machine import bits, build
from podlore.rules.pattern_state import Fired, PatternState
from podlore.rules.prefilter import Prefilter
from podlore.rules.rule import Pattern, Rule, Term
from podlore.rules.semantics import PODLORE, Semantics

ANY_SOURCE = "*"
ANY_LOG = "cre.log.*"
"""The label of a pod's log: nobody says which program wrote it, so every rule reads it that wants a log."""
CLUSTER_SOURCES = frozenset({"cre.kubernetes", "cre.kubernetes.node", "cre.log.dcgm"})
STREAM_LATENESS_NS = 10 * 10**9
MOST_STATES = 100_000
_ENTITY_SHIFT = 44
_Key = tuple[int, Entity | tuple[str, ...]]
_OFFSET = (1 << _ENTITY_SHIFT) - 1


@dataclass(frozen=True, slots=True)
class Seen:
    """One event of a match: whose, when, and where in its log (a byte offset, or an index if the caller counts so)."""

    entity: Entity
    time_ns: int | None
    position: int


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that fired. ``trigger`` is the position of the event that decided it, -1 where time or the end did."""

    rule: Rule
    key: tuple[str, ...]
    steps: tuple[Seen, ...]
    trigger: int


@dataclass(frozen=True, slots=True)
class Partial:
    """A rule of which ``n_seen`` of ``n_steps`` steps were seen when the log ended: weaker evidence."""

    rule: Rule
    entity: str
    n_seen: int
    n_steps: int
    last: Seen


@dataclass(frozen=True, slots=True)
class _Plan:
    """A pattern with its rule, and whether its state spans entities."""

    rule: Rule
    pattern: Pattern
    pools: bool


@dataclass(frozen=True, slots=True)
class _Read:
    """One entry as it was read, under the label of its source."""

    entity: Entity
    time_ns: int | None
    text: bytes
    position: int
    label: str


class RuleEngine:
    """Matches rules on entries.

    Parameters
    ----------
    rules
        What to match.
    semantics
        podlore's, or preq's.
    lateness_ns
        How much older than the latest an event may come; None: any, to be decided at the end (for whole files).
    use_hyperscan
        Whether Hyperscan may be used where it is installed.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        *,
        semantics: Semantics = PODLORE,
        lateness_ns: int | None = STREAM_LATENESS_NS,
        use_hyperscan: bool = True,
    ) -> None:
        self.rules = tuple(rules)
        self.semantics = semantics
        self._lateness_ns = 0 if semantics.drops_late else lateness_ns
        self._plans = [
            _Plan(rule, pattern, pattern.is_nested or bool(pattern.correlations))
            for rule in self.rules
            for pattern in rule.patterns
        ]
        self._terms = list(dict.fromkeys(term for plan in self._plans for term, _, _ in bits(plan.pattern)))
        self._finders: list[Finder] = [finder(term) for term in self._terms]
        self.prefilter = _prefilter(tuple(self._terms), use_hyperscan=use_hyperscan)
        self._uses_by_label: dict[str, list[list[tuple[int, int]]]] = {}
        self._states: dict[_Key, PatternState] = {}
        self._entities: dict[Entity, int] = {}
        self._entity_list: list[Entity] = []
        self._latest_ns: dict[Entity, int] = {}
        self._n_late = 0
        self.n_untimed = 0
        self.n_states_dropped = 0

    @property
    def n_late(self) -> int:
        """How many events came too late to be ordered, and were left out."""
        return self._n_late + sum(state.n_late for state in self._states.values())

    @property
    def n_overflowed(self) -> int:
        """How many waiting events were forgotten because too many waited."""
        return sum(state.machine.n_overflowed for state in self._states.values())

    def push(
        self,
        entity: Entity,
        time_ns: int | None,
        text: bytes,
        position: int,
        *,
        label: str = ANY_SOURCE,
        candidates: Iterable[int] | None = None,
    ) -> list[Match]:
        """Take one entry; return what fires. ``candidates`` are the terms the prefilter found, if that was done."""
        if candidates is None:
            candidates = {term for _, term in self.prefilter.scan(text)}
        found = [term for term in (*candidates, *self.prefilter.always) if self._finders[term](text)]
        is_late = self._is_late(entity, time_ns)
        if not found:
            return self._tick(time_ns, position, is_late=is_late)
        return self._feed(_Read(entity, time_ns, text, position, label), found, is_late=is_late)

    def advance(self, clock_ns: int) -> list[Match]:
        """Let time pass without an entry: vetoes whose range is over are decided."""
        return [match for key, state in self._states.items() for match in self._matches(key, state.advance(clock_ns))]

    def finish(self) -> list[Match]:
        """Decide all that waits: there will be no more entries."""
        return [match for key, state in self._states.items() for match in self._matches(key, state.finish())]

    def partials(self) -> Iterator[Partial]:
        """Yield the patterns of which some steps wait for the rest."""
        for (index, key), state in self._states.items():
            plan = self._plans[index]
            n_seen, n_steps, latest = state.machine.progress, len(plan.pattern.steps), state.machine.latest
            if 0 < n_seen < n_steps and latest is not None:
                whose = str(key) if isinstance(key, Entity) else " ".join(key)
                last = Seen(key, *latest) if isinstance(key, Entity) else self._seen_pooled(latest)
                yield Partial(plan.rule, whose, n_seen, n_steps, last)

    def _is_late(self, entity: Entity, time_ns: int | None) -> bool:
        """Whether preq would drop the entry; podlore's states order what they get by themselves."""
        if not self.semantics.drops_late or time_ns is None:
            return False
        clock = self._latest_ns.setdefault(self._pool(entity), time_ns)
        if time_ns < clock:
            return True
        self._latest_ns[self._pool(entity)] = time_ns
        return False

    def _pool(self, entity: Entity) -> Entity:
        return Entity() if self.semantics.pools_files else entity

    def _tick(self, time_ns: int | None, position: int, *, is_late: bool) -> list[Match]:
        """With preq's clock every entry decides what waits; podlore decides by the watermark alone."""
        if not self.semantics.drops_late or time_ns is None or is_late:
            return []
        fired: list[Match] = []
        for key, state in self._states.items():
            frames = [(frame, position) for frame, _ in state.advance(time_ns)]
            fired += self._matches(key, frames)
        return fired

    def _feed(self, entry: _Read, found: Sequence[int], *, is_late: bool) -> list[Match]:
        masks: dict[int, int] = {}
        uses = self._uses(entry.label)
        for term in found:
            for index, bit in uses[term]:
                masks[index] = masks.get(index, 0) | 1 << bit
        fired: list[Match] = []
        for index, mask in masks.items():
            plan = self._plans[index]
            if plan.pattern.is_stateless:
                fired.append(Match(plan.rule, (), (Seen(entry.entity, entry.time_ns, entry.position),), entry.position))
            elif entry.time_ns is None:
                self.n_untimed += 1
            elif is_late:
                self._n_late += 1
            else:
                fired += self._advance_state(index, plan, entry, entry.time_ns, mask)
        return fired + self._tick(entry.time_ns, entry.position, is_late=is_late)

    def _advance_state(self, index: int, plan: _Plan, entry: _Read, time_ns: int, mask: int) -> list[Match]:
        if not plan.pools:
            own: _Key = (index, self._pool(entry.entity))
            return self._matches(own, self._state(own, plan).push(time_ns, entry.position, mask))
        fired: list[Match] = []
        position = entry.position | self._number(entry.entity) << _ENTITY_SHIFT
        for values, part in self._by_correlation(plan, entry.entity, entry.text, mask).items():
            pooled: _Key = (index, values)
            fired += self._matches(pooled, self._state(pooled, plan).push(time_ns, position, part))
        return fired

    def _by_correlation(self, plan: _Plan, entity: Entity, text: bytes, mask: int) -> dict[tuple[str, ...], int]:
        """Divide a mask by what each of its terms extracts for the correlations; a term without a value drops out."""
        names = _correlations(plan.pattern)
        parts: dict[tuple[str, ...], int] = {}
        for term, bit, _ in bits(plan.pattern):
            if not mask >> bit & 1:
                continue
            values = tuple(_value(term, name, entity, text) for name in names)
            if all(values):
                parts[values] = parts.get(values, 0) | 1 << bit
        return parts

    def _state(self, key: _Key, plan: _Plan) -> PatternState:
        state = self._states.get(key)
        if state is None:
            if len(self._states) >= MOST_STATES:
                self._make_room()
            state = self._states[key] = PatternState(build(plan.pattern, self.semantics), self._lateness_ns)
        return state

    def _make_room(self) -> None:
        idle = [key for key, state in self._states.items() if state.machine.is_idle]
        for key in idle or [next(iter(self._states))]:
            self._n_late += self._states.pop(key).n_late
            self.n_states_dropped += not idle

    def _number(self, entity: Entity) -> int:
        number = self._entities.setdefault(entity, len(self._entities))
        if number == len(self._entity_list):
            self._entity_list.append(entity)
        return number

    def _uses(self, label: str) -> list[list[tuple[int, int]]]:
        """Return for each term the patterns and bits it stands for in entries of a source."""
        uses = self._uses_by_label.get(label)
        if uses is None:
            number_of = {term: number for number, term in enumerate(self._terms)}
            uses = [[] for _ in self._terms]
            for index, plan in enumerate(self._plans):
                for term, bit, source in bits(plan.pattern):
                    if _reads(source, label):
                        uses[number_of[term]].append((index, bit))
            self._uses_by_label[label] = uses
        return uses

    def _matches(self, key: _Key, fired: Iterable[Fired]) -> list[Match]:
        index, whose = key
        rule = self._plans[index].rule
        if isinstance(whose, Entity):
            return [Match(rule, (), tuple(Seen(whose, *event) for event in frame), at) for frame, at in fired]
        return [
            Match(rule, whose, tuple(map(self._seen_pooled, frame)), at & _OFFSET if at >= 0 else -1)
            for frame, at in fired
        ]

    def _seen_pooled(self, event: tuple[int, int]) -> Seen:
        time_ns, position = event
        return Seen(self._entity_list[position >> _ENTITY_SHIFT], time_ns, position & _OFFSET)


@lru_cache(maxsize=4)
def _prefilter(terms: tuple[Term, ...], *, use_hyperscan: bool) -> Prefilter:
    """Return the literals of terms; engines of the same rules share them, for compiling takes longer than most logs."""
    return Prefilter(terms, use_hyperscan=use_hyperscan)


def _reads(source: str, label: str) -> bool:
    """Whether a rule that names ``source`` reads entries under ``label``."""
    if label == ANY_LOG:
        return source not in CLUSTER_SOURCES
    return ANY_SOURCE in {label, source} or label == source


def _correlations(pattern: Pattern) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for leaf in (pattern, *pattern.leaves()) for name in leaf.correlations))


def _value(term: Term, name: str, entity: Entity, text: bytes) -> str:
    extract = next((each for each in term.extracts if each.name == name), None)
    if extract is None:
        return entity.attribute(name)
    return extractor(extract)(text) or ""


__all__ = ["ANY_LOG", "ANY_SOURCE", "Match", "Partial", "RuleEngine", "Seen"]
