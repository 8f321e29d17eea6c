"""What the cluster holds and what the advisor says come in; the writes that make the one carry the other leave.

Pure: the same arguments give the same writes, and after they are performed it has nothing left to write. Called by
``podlore_operator.loop``; ``podlore_operator.apply`` performs the writes.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from podlore.policy import Limits
from podlore.vocabulary import EvidenceSource, Outcome, Pattern
from podlore_operator.api.advice import Advice, AdviceStatus, State, Target
from podlore_operator.api.keys import MANAGED_BY, MANAGED_BY_PODLORE, PATTERN
from podlore_operator.api.resource import OwnerReference
from podlore_operator.caps import admit
from podlore_operator.follow_up import NEEDS_METRICS
from podlore_operator.lifecycle import Moment, found, resolved, silent
from podlore_operator.said import Said
from podlore_operator.silence import RESOLVED_AFTER_SECONDS, Silence
from podlore_operator.writes import ApplyObject, ApplyStatus, Delete, Key, Why, Write

REFRESH_SECONDS = 6 * 3600.0
DETAIL_SECONDS = 5 * 60.0
"""Details such as a growing count are written no more often than this; what a column shows is written at once."""


@dataclass(frozen=True, slots=True)
class Round:
    """What a round knows beside the advice itself.

    Parameters
    ----------
    at
        The round's time.
    watching_since
        When this process began to watch, in trace time.
    silence
        The clocks after this round's findings.
    limits
        The policy's caps.
    outcome_of
        Returns what came of an advice, None where that is open.
    calibrated
        Patterns of which enough outcomes back the confidence.
    """

    at: Moment
    watching_since: float
    silence: Silence
    limits: Limits
    outcome_of: Callable[[Advice], Outcome | None] = lambda _: None
    calibrated: Collection[Pattern] = ()

    @property
    def has_watched_long_enough(self) -> bool:
        """Say whether something that is not seen would have been seen by now."""
        return self.at.now - self.watching_since >= RESOLVED_AFTER_SECONDS


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What to write, in this order, and how much advice found no place."""

    writes: tuple[Write, ...]
    withheld: Counter[str]


def reconcile(
    existing: Mapping[Key, Advice], said: Mapping[Key, Said], now: Round, unwelcome: Collection[Key] = ()
) -> Reconciled:
    """Return what must be written so that the cluster carries this advice and no other.

    Parameters
    ----------
    existing
        What the cluster holds.
    said
        What the advisor says, most valuable first.
    now
        What the round knows beside.
    unwelcome
        What was found but may not be said: nobody wants to hear it, or worthier advice takes its place.
    """
    unsaid = sorted(existing.keys() - said.keys())
    exempt = {key for key, advice in existing.items() if _has_reaction(advice)}
    silent = [key for key in unsaid if key not in exempt and _takes_a_place(key, existing[key], now)]
    wanting = [one for key, one in said.items() if key not in exempt]
    admission = admit(wanting, silent, now.limits)
    displaced = ({one.key for one in wanting}.union(silent) - admission.admitted).union(unwelcome) - exempt
    writes: list[Write] = []
    for key, one in said.items():
        if key not in displaced:
            writes += _tell(existing.get(key), one, now)
    for key in unsaid:
        if key not in displaced:
            writes += _fall_silent(key, existing[key], now)
    writes += (_delete(key, existing[key], Why.DISPLACED) for key in sorted(displaced & existing.keys()))
    return Reconciled(tuple(writes), admission.withheld)


def deaf_to(existing: Iterable[Advice], is_measured: Callable[[str, Target], bool]) -> set[Key]:
    """Return the advice whose pattern could not have been found, since its target was not measured well enough."""
    needing = (advice for advice in existing if _needs_metrics(advice))
    return {
        key_of(advice) for advice in needing if not is_measured(advice.metadata.namespace or "", advice.spec.target)
    }


def _needs_metrics(advice: Advice) -> bool:
    evidence = advice.status.evidence if advice.status else ()
    return pattern_of(advice) in NEEDS_METRICS or any(fact.source is EvidenceSource.METRIC for fact in evidence)


def key_of(advice: Advice) -> Key:
    """Return where an advice lives."""
    return Key(advice.metadata.namespace or "", advice.metadata.name)


def pattern_of(advice: Advice) -> str:
    """Return the pattern of an advice, also of one whose status was never written."""
    return advice.status.pattern if advice.status else advice.metadata.labels.get(PATTERN, "")


def _has_reaction(advice: Advice) -> bool:
    """Say whether people reacted to an advice: no cap takes it from them."""
    return bool(advice.spec.acknowledged or advice.spec.feedback or advice.spec.snooze_until)


def _takes_a_place(key: Key, advice: Advice, now: Round) -> bool:
    """Say whether advice that is not said now is active all the same, for a while."""
    is_resolved = advice.status is None or advice.status.state is State.RESOLVED
    return not is_resolved and not now.silence.is_over(key, now.at.now)


def _tell(advice: Advice | None, said: Said, now: Round) -> Iterator[Write]:
    """Write what is said where it differs from what stands there."""
    is_calibrated = said.status.pattern in now.calibrated
    if advice is None:
        status = found(None, said.status, said.spec, 1, now.at, is_calibrated=is_calibrated)
        yield ApplyObject(said.key, said.spec.target, _labels(said.status.pattern), said.owner, Why.NEW)
        yield ApplyStatus(said.key, status, Why.NEW)
        return
    before, generation, outcome = advice.status, advice.metadata.generation or 1, now.outcome_of(advice)
    status = found(before, said.status, advice.spec, generation, now.at, outcome=outcome, is_calibrated=is_calibrated)
    yield from _own(said.key, advice, status, said.owner)
    if why := _why_status(before, status, now.at):
        yield ApplyStatus(said.key, status, why)


def _fall_silent(key: Key, advice: Advice, now: Round) -> Iterator[Write]:
    """Let advice that is not said any more run through its end: silent, resolved, deleted."""
    before, is_over = advice.status, now.silence.is_over(key, now.at.now)
    if before is None:
        if is_over:
            yield _delete(key, advice, Why.NEVER_SAID)
        return
    if now.has_watched_long_enough and now.at.is_past(before.expires_at):
        yield _delete(key, advice, Why.EXPIRED)
        return
    generation = advice.metadata.generation or 1
    if is_over:
        heard_at = now.at.now - now.silence.seconds(key, now.at.now)
        status = resolved(before, advice.spec, generation, heard_at, now.at, outcome=now.outcome_of(advice))
    else:
        status = silent(before, advice.spec, generation, now.at)
    yield from _own(key, advice, status, None)
    if status.content_hash != before.content_hash:
        is_new = status.state is State.RESOLVED and before.state is not State.RESOLVED
        yield ApplyStatus(key, status, Why.RESOLVED if is_new else Why.REACTED)


def _own(key: Key, advice: Advice, status: AdviceStatus, owner: OwnerReference | None) -> Iterator[Write]:
    """Let advice go with its workload, and acknowledged advice outlive it: the job may be submitted again."""
    target = advice.spec.target
    owners = {ref.uid for ref in advice.metadata.owner_references if (ref.kind, ref.name) == (target.kind, target.name)}
    if status.acknowledgement:
        owner = None
    if (owners and status.acknowledgement) or (owner and owners != {owner.uid}):
        yield ApplyObject(key, target, _labels(status.pattern), owner, Why.OWNER, advice.metadata.uid or "")


def _labels(pattern: str) -> dict[str, str]:
    return {MANAGED_BY: MANAGED_BY_PODLORE, PATTERN: pattern}


def _why_status(before: AdviceStatus | None, after: AdviceStatus, at: Moment) -> Why | None:
    """Say why a status must be written, None if what stands there will do."""
    if before is None:
        return Why.REPAIRED
    if before.content_hash == after.content_hash:
        return Why.REFRESHED if at.seconds_since(before.last_seen) >= REFRESH_SECONDS else None
    if before.state is not after.state:
        return Why.REOPENED if after.state is State.ACTIVE else Why.REACTED
    if _headline(before) == _headline(after) and at.seconds_since(before.last_seen) < DETAIL_SECONDS:
        return None
    return Why.CHANGED


def _headline(status: AdviceStatus) -> tuple[object, ...]:
    return status.severity, status.action, status.acknowledgement, status.observed_generation, status.model_version


def _delete(key: Key, advice: Advice, why: Why) -> Delete:
    return Delete(key, advice.metadata.uid or "", advice.metadata.resource_version or "", why)
