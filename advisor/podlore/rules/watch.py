"""Rules that listen to a living cluster: events, node conditions and log lines come in, `RuleMatch`es leave.

`podlore.cluster_state.ClusterState` tells a `RuleWatch` what it sees, `watched` tells one all of a snapshot at once;
`podlore.patterns.rule_matches` makes findings of what it heard. What was said is put in order of time each time
somebody asks, so a list that comes in any order is no matter, and a repeat of an event counts once. All is bounded.
"""

from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

from podlore.rules.bound_rule import BoundRule, catalogue
from podlore.rules.cluster_source import ClusterEntry, condition_entries, event_entry, gpu_entry
from podlore.rules.engine import ANY_LOG, Partial, RuleEngine, Seen
from podlore.rules.entity import Entity
from podlore.snapshot import Snapshot
from podlore.vocabulary import Event, EvidenceSource, LogLine, Node, ObjectRef, RuleMatch, Series

KEPT_SECONDS = 6 * 3600.0
MATCHES_MAX = 5_000
WAITING_MAX = 10_000
KNOWN_MAX = 100_000
REPEATS_MAX = 100
TEXT_BYTES_MAX = 4096
PARTIALS_MAX = 500
SECOND_NS = 10**9
GPU_METRIC = "XID"

_Said = tuple[ClusterEntry, ObjectRef, EvidenceSource]


class RuleWatch:
    """Listens for rules.

    Parameters
    ----------
    own
        The cluster's own rules.
    catalogued
        Whether podlore's own are listened for, too.

    Examples
    --------
    >>> about = ObjectRef("", "Pod", "ml", "a")
    >>> watch = RuleWatch()
    >>> text = "0/4 nodes are available: 4 Insufficient nvidia.com/gpu."
    >>> watch.see_event(Event("u", about, "FailedScheduling", text, count=3, first_seen_at=0.0, last_seen_at=60.0))
    >>> [(match.rule, str(match.about)) for match in watch.matches(120.0)]
    [('PODLORE-2026-0033', 'ml/Pod/a')]
    """

    def __init__(self, own: Iterable[BoundRule] = (), *, catalogued: bool = True) -> None:
        self._catalogue = catalogue() if catalogued else ()
        self.n_heard = 0
        self.hits: Counter[str] = Counter()
        self._waiting: list[_Said] = []
        self._matches: OrderedDict[Hashable, RuleMatch] = OrderedDict()
        self._told: OrderedDict[Hashable, tuple[int, float]] = OrderedDict()
        self._own: tuple[BoundRule, ...] = ()
        self._set(tuple(own))

    def set_own(self, own: Iterable[BoundRule]) -> None:
        """Listen for these rules of the cluster's from now on; what the same rules heard so far is kept."""
        rules = tuple(own)
        if rules != self._own:
            names = {bound.name for bound in (*rules, *self._catalogue)}
            self._set(rules)
            self._matches = OrderedDict((key, match) for key, match in self._matches.items() if match.rule in names)

    def _set(self, own: tuple[BoundRule, ...]) -> None:
        self._own = own
        self._bound = {id(bound.rule): bound for bound in (*self._catalogue, *own)}
        self._engine = RuleEngine(bound.rule for bound in self._bound.values())
        self._whose: OrderedDict[int, tuple[ObjectRef, EvidenceSource]] = OrderedDict()

    # --- what is said -----------------------------------------------------------------------------------------------

    def see_event(self, event: Event) -> None:
        """Hear an event; of one that repeats only what is new."""
        counted, until = self._told.get(event.uid, (0, event.first_seen_at))
        new = min(max(event.count, 1) - counted, REPEATS_MAX)
        if new <= 0 and event.last_seen_at <= until:
            return
        self._note(event.uid, (max(event.count, 1), event.last_seen_at))
        if new <= 1:
            self._wait(event_entry(event), event.about, EvidenceSource.EVENT)
            return
        step = max(event.last_seen_at - until, 0.0) / (new if counted else new - 1)
        for back in range(new):
            at = event.last_seen_at - back * step
            self._wait(event_entry(replace(event, last_seen_at=at)), event.about, EvidenceSource.EVENT)

    def see_node(self, node: Node) -> None:
        """Hear those conditions of a node that changed."""
        about = ObjectRef("", "Node", "", node.name, uid=node.uid)
        changed = [one for one in node.conditions if one.changed_at is not None]
        fresh = [one for one in changed if self._is_news((node.name, one.type, one.status), one.changed_at or 0.0)]
        for entry in condition_entries(replace(node, conditions=tuple(fresh))):
            self._wait(entry, about, EvidenceSource.OBJECT)

    def see_log(self, line: LogLine) -> None:
        """Hear one line of a pod's log."""
        entity, about = _of_pod(line.namespace, line.pod)
        entry = ClusterEntry(entity, ANY_LOG, round(line.at * SECOND_NS), line.text.encode("utf-8", "replace"))
        self._wait(entry, about, EvidenceSource.LOG)

    def see_series(self, series: Series) -> None:
        """Hear the codes that a GPU's gauge of errors changed to; the one it showed at first is old."""
        if GPU_METRIC not in series.metric or not series.gpu:
            return
        about = ObjectRef("", "Node", "", series.node)
        known = [
            (series.until_at - (len(series.values) - 1 - index) * series.step_seconds, value)
            for index, value in enumerate(series.values)
            if value is not None
        ]
        for (_, before), (at, value) in pairwise(known):
            if value != before and self._is_news((series.node, series.gpu, series.metric, at), at):
                index = series.gpu.rpartition("-")[2]
                number = int(index) if index.isdecimal() and len(index) < 4 else 0
                self._wait(gpu_entry(series.node, number, series.metric, value, at), about, EvidenceSource.METRIC)

    # --- what it comes to -------------------------------------------------------------------------------------------

    def matches(self, now: float) -> tuple[RuleMatch, ...]:
        """Return what was heard in the last hours, and what was heard in part, in a fixed order."""
        self._hear()
        for match in self._engine.advance(round(now * SECOND_NS)):
            self._keep(match.rule, match.steps)
        oldest = now - KEPT_SECONDS
        for key in [key for key, match in self._matches.items() if match.last_at < oldest]:
            del self._matches[key]
        partials = [found for each in self._engine.partials() if (found := self._partial(each)) is not None]
        partials = [found for found in partials if found.last_at >= oldest]
        partials.sort(key=_order)
        return tuple(sorted([*self._matches.values(), *partials[:PARTIALS_MAX]], key=_order))

    def _wait(self, entry: ClusterEntry, about: ObjectRef, source: EvidenceSource) -> None:
        self._waiting.append((entry, about, source))
        if len(self._waiting) >= WAITING_MAX:
            self._hear()

    def _hear(self) -> None:
        """Put what waits in order of time, look for all rules in one pass, and feed those entries that hold a word."""
        said, self._waiting = sorted(self._waiting, key=_time), []
        if not said:
            return
        engine = self._engine
        texts = [entry.text[:TEXT_BYTES_MAX].replace(b"\n", b" ") for entry, _, _ in said]
        starts, at = [], 0
        for text in texts:
            starts.append(at)
            at += len(text) + 1
        candidates: dict[int, set[int]] = {}
        for offset, term in engine.prefilter.scan(b"\n".join(texts)):
            candidates.setdefault(bisect_right(starts, offset) - 1, set()).add(term)
        wanted = range(len(said)) if engine.prefilter.always else sorted(candidates)
        for index in wanted:
            entry, about, source = said[index]
            self._feed(entry, texts[index], about, source, candidates.get(index, set()))

    def _feed(
        self, entry: ClusterEntry, text: bytes, about: ObjectRef, source: EvidenceSource, terms: set[int]
    ) -> None:
        self.n_heard += 1
        position = self.n_heard
        self._whose[position] = (about, source)
        if len(self._whose) > KNOWN_MAX:
            self._whose.popitem(last=False)
        fired = self._engine.push(entry.entity, entry.time_ns, text, position, label=entry.label, candidates=terms)
        for match in fired:
            self._keep(match.rule, match.steps)

    def _keep(self, rule: object, steps: tuple[Seen, ...]) -> None:
        bound = self._bound[id(rule)]
        last = max(steps, key=lambda seen: (seen.time_ns or 0, seen.position))
        self.hits[bound.name] += 1
        heard = self._match(bound, last, min(seen.time_ns or 0 for seen in steps), len(steps), len(steps))
        if heard is None:
            return
        key = (heard.rule, heard.about)
        before = self._matches.pop(key, None)
        if before is not None:
            first, latest = min(before.first_at, heard.first_at), max(before.last_at, heard.last_at)
            heard = replace(heard, first_at=first, last_at=latest)
        self._matches[key] = heard
        if len(self._matches) > MATCHES_MAX:
            self._matches.popitem(last=False)

    def _partial(self, partial: Partial) -> RuleMatch | None:
        bound, at_ns = self._bound[id(partial.rule)], partial.last.time_ns or 0
        return self._match(bound, partial.last, at_ns, partial.n_seen, partial.n_steps)

    def _match(self, bound: BoundRule, last: Seen, first_ns: int, n_seen: int, n_steps: int) -> RuleMatch | None:
        about, source = self._whose.get(last.position, (None, EvidenceSource.RULE))
        if about is None:
            return None
        return RuleMatch(
            rule=bound.name,
            title=bound.rule.cre.title or bound.name,
            patterns=bound.patterns,
            cause=bound.cause,
            about=about,
            source=source,
            first_at=first_ns / SECOND_NS,
            last_at=(last.time_ns or 0) / SECOND_NS,
            steps_seen=n_seen,
            steps_needed=n_steps,
            speaks_alone=bound.speaks_alone,
            is_own=bound.is_own,
            severity=bound.severity,
            action=bound.action,
        )

    def _is_news(self, key: Hashable, at: float) -> bool:
        if self._told.get(key, (0, at - 1))[1] >= at:
            return False
        self._note(key, (1, at))
        return True

    def _note(self, key: Hashable, what: tuple[int, float]) -> None:
        self._told[key] = what
        self._told.move_to_end(key)
        if len(self._told) > KNOWN_MAX:
            self._told.popitem(last=False)


def watched(snapshot: Snapshot, own: Iterable[BoundRule] = ()) -> Snapshot:
    """Return a snapshot with what rules hear in it; for one that was recorded without anybody listening."""
    watch = RuleWatch(own)
    for event in snapshot.events:
        watch.see_event(event)
    for node in snapshot.nodes:
        watch.see_node(node)
    for line in snapshot.logs:
        watch.see_log(line)
    for series in snapshot.series:
        watch.see_series(series)
    return replace(snapshot, rule_matches=watch.matches(snapshot.now))


@lru_cache(maxsize=20_000)
def _of_pod(namespace: str, pod: str) -> tuple[Entity, ObjectRef]:
    return Entity(namespace=namespace, pod=pod), ObjectRef("", "Pod", namespace, pod)


def _time(said: _Said) -> int:
    return said[0].time_ns


def _order(match: RuleMatch) -> tuple[str, ObjectRef, float, int]:
    return match.rule, match.about, match.last_at, match.steps_seen
