"""Reconciling against an API server in memory that keeps what SSA, generations and preconditions would keep."""

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podlore.clock import Clock
from podlore.policy import Limits, Prices
from podlore.vocabulary import (
    Action,
    Evidence,
    EvidenceSource,
    Finding,
    Followed,
    Gain,
    Given,
    ObjectRef,
    Outcome,
    Pattern,
    Recommendation,
    Severity,
)
from podlore_operator.api.advice import Advice, AdviceStatus, ClusterSchedulingAdvice, SchedulingAdvice, State
from podlore_operator.lifecycle import Moment
from podlore_operator.reconcile import Reconciled, Round, deaf_to, reconcile
from podlore_operator.said import Speech
from podlore_operator.silence import Silence
from podlore_operator.writes import ApplyObject, ApplyStatus, Delete, Key, Why, Write

START = 1_800_000_000.0
MINUTE = 60.0
HOUR = 3600.0
DAY = 86_400.0
CLOCK = Clock()


def job(name: str = "train", namespace: str = "vision", uid: str = "u1") -> ObjectRef:
    return ObjectRef("batch", "Job", namespace, name, "v1", uid)


TRAIN = job()


def says(target: ObjectRef = TRAIN, pattern: Pattern = Pattern.CRASH_LOOP, **finding: Any) -> Recommendation:
    """A recommendation to fix an application, with what the test cares about."""
    source = finding.pop("source", EvidenceSource.EVENT)
    facts = Evidence(source, "BackOff", finding.pop("observed", "4 failures"))
    finding = {"cause": "ExitCode", "severity": Severity.MEDIUM, "summary": "It fails.", "confidence": 0.9, **finding}
    gain = Gain("GPUHours", 24, 12, 36)
    return Recommendation(
        Finding(pattern, target=target, evidence=(facts,), **finding), Action.FIX_APPLICATION, "", gain
    )


@dataclass
class Cluster:
    """Advice as an API server holds it."""

    held: dict[Key, Advice] = field(default_factory=dict)
    uids: Any = field(default_factory=itertools.count)
    versions: Any = field(default_factory=itertools.count)

    def perform(self, writes: Iterable[Write]) -> None:
        for write in writes:
            match write:
                case ApplyObject():
                    self._apply_object(write)
                case ApplyStatus(key, status):
                    if key in self.held:
                        self._put(key, status=status.document())
                case Delete(key, uid, version):
                    metadata = self.held[key].metadata if key in self.held else None
                    if metadata and (metadata.uid, metadata.resource_version) == (uid, version):
                        del self.held[key]

    def edit(self, key: Key, **spec: Any) -> None:
        """Write to the spec as a person does."""
        old = self.held[key]
        document = {**old.spec.document(), **spec}
        if old.spec.document() != document:
            self._put(key, spec=document, generation=(old.metadata.generation or 0) + 1)

    def _apply_object(self, write: ApplyObject) -> None:
        old = self.held.get(write.key)
        if old is None and not write.uid:
            metadata = {"uid": f"a{next(self.uids)}", "generation": 1}
            self._put(write.key, spec={"target": write.target.document()}, **metadata)
        elif old is None or (write.uid and write.uid != old.metadata.uid):
            return
        assert self.held[write.key].spec.target == write.target, "spec.target is immutable"
        owners = [write.owner.document()] if write.owner else []
        self._put(write.key, ownerReferences=owners, labels=dict(write.labels))

    def _put(
        self, key: Key, spec: dict[str, Any] | None = None, status: dict[str, Any] | None = None, **metadata: Any
    ) -> None:
        old = self.held[key].document() if key in self.held else {"metadata": {}}
        named = {"name": key.name, "namespace": key.namespace or None, "resourceVersion": str(next(self.versions))}
        kind = SchedulingAdvice if key.namespace else ClusterSchedulingAdvice
        document = {**old, "kind": kind.__name__, "metadata": {**old["metadata"], **named, **metadata}}
        document |= {"spec": spec} if spec else {}
        document |= {"status": status} if status else {}
        self.held[key] = kind.read(document)

    def status(self, key: Key) -> AdviceStatus:
        status = self.held[key].status
        assert status
        return status


@dataclass
class Operator:
    """The operator's round without its edge; a new one on the same cluster is a restart."""

    cluster: Cluster
    now: float = START
    observed_since: float = START - DAY
    has_metrics: bool = True
    limits: Limits = field(default_factory=Limits)
    silence: Silence = field(default_factory=Silence)
    live_uids: frozenset[str] = frozenset({"u1", "u2"})
    outcome: Outcome | None = None

    def decide(self, recommendations: Sequence[Recommendation], unwelcome: Sequence[Key] = ()) -> Reconciled:
        def failed(_: Recommendation, error: Exception) -> None:
            raise error

        speech = Speech(CLOCK, "podlore-test", Prices(), lambda _: "", self.live_uids)
        said = speech.say(recommendations, self.now, failed)
        held = dict(self.cluster.held)
        self.silence = self.silence.after(held, said, deaf_to(held.values(), lambda *_: self.has_metrics), self.now)
        moment = Moment(CLOCK, self.now)
        now = Round(moment, self.observed_since, self.silence, self.limits, lambda _: self.outcome)
        return reconcile(held, said, now, unwelcome)

    def turn(self, *recommendations: Recommendation, after: float = 0.0) -> list[Why]:
        """Let time pass, reconcile, perform; return why something was written."""
        self.now += after
        writes = self.decide(recommendations).writes
        self.cluster.perform(writes)
        return [write.why for write in writes if isinstance(write, ApplyObject | ApplyStatus | Delete)]


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def operator(cluster: Cluster) -> Operator:
    return Operator(cluster)


def only(cluster: Cluster) -> Key:
    (key,) = cluster.held
    return key


def test_new_advice_is_created_with_its_target_and_then_gets_its_status(operator: Operator, cluster: Cluster) -> None:
    assert operator.turn(says()) == [Why.NEW, Why.NEW]
    advice = cluster.held[only(cluster)]
    assert advice.spec.target.uid == "u1"
    assert advice.metadata.owner_references[0].uid == "u1"
    assert cluster.status(only(cluster)).state is State.ACTIVE


def test_the_same_advice_is_not_written_again(operator: Operator) -> None:
    operator.turn(says())
    assert operator.turn(says(), after=5 * HOUR) == []


def test_advice_that_stands_is_refreshed_every_six_hours(operator: Operator, cluster: Cluster) -> None:
    operator.turn(says())
    assert operator.turn(says(), after=6 * HOUR) == [Why.REFRESHED]
    status = cluster.status(only(cluster))
    assert (status.last_seen - status.first_seen).total_seconds() == 6 * HOUR
    assert (status.expires_at - status.last_seen).total_seconds() == DAY


def test_a_higher_severity_is_written_at_once(operator: Operator) -> None:
    operator.turn(says())
    assert operator.turn(says(severity=Severity.HIGH), after=1) == [Why.CHANGED]


def test_a_detail_that_changes_waits_for_five_minutes(operator: Operator) -> None:
    operator.turn(says(observed="4 failures"))
    assert operator.turn(says(observed="5 failures"), after=MINUTE) == []
    assert operator.turn(says(observed="9 failures"), after=4 * MINUTE) == [Why.CHANGED]


def test_a_pattern_that_is_gone_for_a_moment_is_not_resolved(operator: Operator) -> None:
    operator.turn(says())
    assert operator.turn(after=MINUTE) == []
    assert operator.turn(after=13 * MINUTE) == []
    assert operator.turn(says(), after=MINUTE) == []
    assert operator.turn(after=14 * MINUTE) == []


def test_a_pattern_that_stays_away_is_resolved_with_its_outcome_and_deleted_a_day_later(
    operator: Operator, cluster: Cluster
) -> None:
    operator.turn(says())
    operator.turn(says(), after=6 * HOUR)
    operator.turn(after=MINUTE)
    given = Given(TRAIN, Pattern.CRASH_LOOP, "ExitCode", Action.FIX_APPLICATION, START, unit="GPUHours", expected=24)
    operator.outcome = Outcome(given, Followed.PARTLY, 18.04, operator.now, control=3)
    assert operator.turn(after=15 * MINUTE) == [Why.RESOLVED]
    status = cluster.status(only(cluster))
    assert status.outcome
    assert (status.state, status.outcome.predicted, status.outcome.observed) == (State.RESOLVED, "24", "18")
    assert (status.outcome.followed, status.outcome.control) == ("Partly", "3")
    assert operator.turn(after=23 * HOUR) == []
    assert operator.turn(after=HOUR) == [Why.EXPIRED]
    assert not cluster.held


def test_nothing_is_resolved_for_want_of_metrics(operator: Operator) -> None:
    hoarding = says(pattern=Pattern.RESOURCE_HOARDING)
    operator.turn(hoarding, says())
    operator.has_metrics = False
    operator.turn(says(), after=MINUTE)
    assert operator.turn(says(), after=HOUR) == []
    operator.has_metrics = True
    assert operator.turn(says(), after=MINUTE) == []
    assert operator.turn(says(), after=15 * MINUTE) == [Why.RESOLVED]


def test_what_was_found_by_metrics_is_not_resolved_without_them_and_what_was_found_by_events_is(
    operator: Operator, cluster: Cluster
) -> None:
    node = ObjectRef("", "Node", "", "gpu-7")
    by_metric = says(node, Pattern.HARDWARE_FAULT, source=EvidenceSource.METRIC)
    operator.turn(by_metric, says(node, Pattern.HARDWARE_FAULT, cause="Condition"))
    operator.has_metrics = False
    operator.turn(after=MINUTE)
    assert operator.turn(after=HOUR) == [Why.RESOLVED]
    states = {status.cause: status.state for status in map(cluster.status, cluster.held)}
    assert states == {"ExitCode": State.ACTIVE, "Condition": State.RESOLVED}


def test_expired_advice_goes_even_without_metrics_but_not_before_the_operator_has_watched_for_a_while(
    operator: Operator, cluster: Cluster
) -> None:
    operator.turn(says(pattern=Pattern.RESOURCE_HOARDING))
    restarted = Operator(cluster, now=START + 2 * DAY, observed_since=START + 2 * DAY, has_metrics=False)
    assert restarted.turn() == []
    assert restarted.turn(after=15 * MINUTE) == [Why.EXPIRED]


def test_advice_that_comes_back_reopens_and_counts(operator: Operator, cluster: Cluster) -> None:
    operator.turn(says())
    operator.turn(after=MINUTE)
    operator.turn(after=16 * MINUTE)
    assert operator.turn(says(), after=HOUR) == [Why.REOPENED]
    status = cluster.status(only(cluster))
    assert (status.state, status.count) == (State.ACTIVE, 2)
    assert status.first_seen < status.last_seen


def test_an_acknowledgement_is_taken_up_with_the_severity_of_its_moment(operator: Operator, cluster: Cluster) -> None:
    operator.turn(says())
    cluster.edit(only(cluster), acknowledged=True)
    assert Why.REACTED in operator.turn(says(), after=1)
    status = cluster.status(only(cluster))
    assert status.acknowledgement
    assert (status.state, status.acknowledgement.severity) == (State.ACKNOWLEDGED, Severity.MEDIUM)
    assert (status.expires_at - status.acknowledgement.at).total_seconds() == 30 * DAY
    assert operator.turn(says(), after=1) == []


def test_acknowledged_advice_outlives_its_workload(operator: Operator, cluster: Cluster) -> None:
    operator.turn(says())
    cluster.edit(only(cluster), acknowledged=True)
    assert operator.turn(says()) == [Why.OWNER, Why.REACTED]
    assert cluster.held[only(cluster)].metadata.owner_references == ()
    cluster.edit(only(cluster), acknowledged=False)
    assert operator.turn(says()) == [Why.OWNER, Why.REOPENED]
    assert cluster.held[only(cluster)].metadata.owner_references[0].uid == "u1"


def test_a_resubmitted_job_keeps_its_acknowledgement(operator: Operator, cluster: Cluster) -> None:
    operator.turn(says())
    cluster.edit(only(cluster), acknowledged=True)
    operator.turn(says())
    operator.turn(after=MINUTE)
    operator.turn(after=HOUR)
    assert operator.turn(says(job(uid="u2")), after=3 * DAY) == [Why.REACTED]
    assert cluster.status(only(cluster)).state is State.ACKNOWLEDGED


def test_acknowledged_advice_reopens_on_a_higher_severity_and_can_be_acknowledged_again(
    operator: Operator, cluster: Cluster
) -> None:
    operator.turn(says())
    cluster.edit(only(cluster), acknowledged=True)
    operator.turn(says())
    assert operator.turn(says(severity=Severity.CRITICAL), after=1) == [Why.REOPENED]
    assert operator.turn(says(severity=Severity.CRITICAL), after=1) == []
    cluster.edit(only(cluster), acknowledged=False)
    operator.turn(says(severity=Severity.CRITICAL))
    cluster.edit(only(cluster), acknowledged=True)
    operator.turn(says(severity=Severity.CRITICAL))
    assert cluster.status(only(cluster)).state is State.ACKNOWLEDGED


def test_an_acknowledgement_holds_for_thirty_days(operator: Operator, cluster: Cluster) -> None:
    operator.turn(says())
    cluster.edit(only(cluster), acknowledged=True)
    operator.turn(says())
    operator.turn(says(), after=29 * DAY)
    assert cluster.status(only(cluster)).state is State.ACKNOWLEDGED
    operator.turn(says(), after=DAY)
    assert cluster.status(only(cluster)).state is State.ACTIVE


def test_snoozed_advice_is_silent_until_its_time(operator: Operator, cluster: Cluster) -> None:
    operator.turn(says())
    cluster.edit(only(cluster), snoozeUntil="2027-01-15T09:00:00Z")
    assert operator.turn(says()) == [Why.REACTED]
    assert cluster.status(only(cluster)).state is State.SNOOZED
    assert operator.turn(says(severity=Severity.HIGH), after=59 * MINUTE) == [Why.CHANGED]
    assert operator.turn(says(severity=Severity.HIGH), after=MINUTE) == [Why.REOPENED]


def test_an_acknowledgement_of_resolved_advice_keeps_it(operator: Operator, cluster: Cluster) -> None:
    operator.turn(says())
    operator.turn(after=MINUTE)
    operator.turn(after=HOUR)
    cluster.edit(only(cluster), acknowledged=True)
    assert operator.turn() == [Why.OWNER, Why.REACTED]
    assert operator.turn(after=2 * DAY) == []
    assert cluster.status(only(cluster)).state is State.RESOLVED


def test_a_row_without_status_is_repaired(operator: Operator, cluster: Cluster) -> None:
    cluster.perform(operator.decide([says()]).writes[:1])
    assert cluster.held[only(cluster)].status is None
    assert operator.turn(says()) == [Why.REPAIRED]
    assert cluster.status(only(cluster)).state is State.ACTIVE


def test_a_row_without_status_that_nothing_speaks_for_is_deleted_after_a_while(
    operator: Operator, cluster: Cluster
) -> None:
    cluster.perform(operator.decide([says()]).writes[:1])
    assert operator.turn() == []
    assert operator.turn(after=15 * MINUTE) == [Why.NEVER_SAID]


def test_advice_without_a_live_owner_is_not_owned(operator: Operator, cluster: Cluster) -> None:
    operator.turn(says(job(uid="gone")))
    assert cluster.held[only(cluster)].metadata.owner_references == ()


def test_advice_about_a_node_is_of_the_cluster(operator: Operator, cluster: Cluster) -> None:
    operator.turn(says(ObjectRef("", "Node", "", "gpu-7"), Pattern.HARDWARE_FAULT))
    assert isinstance(cluster.held[only(cluster)], ClusterSchedulingAdvice)


def test_an_owner_that_somebody_else_added_is_left_alone(operator: Operator, cluster: Cluster) -> None:
    operator.turn(says())
    key = only(cluster)
    other = {"apiVersion": "v1", "kind": "ConfigMap", "name": "mine", "uid": "u9"}
    ours = cluster.held[key].metadata.owner_references[0].document()
    cluster._put(key, ownerReferences=[ours, other])
    assert operator.turn(says()) == []


def test_a_cap_withholds_the_least_valuable_and_counts_it(operator: Operator, cluster: Cluster) -> None:
    operator.limits = Limits(active_per_namespace_max=2, active_max=3)
    low = [says(job(f"low-{n}")) for n in range(2)]
    operator.turn(*low)
    high = says(job("high"), severity=Severity.HIGH)
    elsewhere = [says(job(f"job-{n}", "nlp")) for n in range(2)]
    decided = operator.decide([high, *low, *elsewhere])
    cluster.perform(decided.writes)
    names = {advice.spec.target.name for advice in cluster.held.values()}
    assert names == {"low-0", "high", "job-0"}
    assert decided.withheld == {"NamespaceCap": 1, "ClusterCap": 1}
    assert operator.turn(high, *low, *elsewhere) == []


def test_advice_that_people_reacted_to_is_not_displaced(operator: Operator, cluster: Cluster) -> None:
    operator.limits = Limits(active_per_namespace_max=1)
    operator.turn(says())
    key = only(cluster)
    cluster.edit(key, feedback="Useful")
    operator.turn(says(job("other"), severity=Severity.HIGH), says())
    assert key in cluster.held


def test_advice_that_is_found_but_unwelcome_goes_at_once(operator: Operator, cluster: Cluster) -> None:
    operator.turn(says(), says(job("other")))
    acknowledged, _ = sorted(cluster.held)
    cluster.edit(acknowledged, acknowledged=True)
    cluster.perform(operator.decide([], unwelcome=list(cluster.held)).writes)
    assert list(cluster.held) == [acknowledged]


TARGETS = [job(name, namespace, uid) for name in ("a", "b") for namespace in ("x", "y") for uid in ("u1", "u2")] + [
    ObjectRef("", "Node", "", "gpu-7")
]
RECOMMENDATIONS = st.lists(
    st.builds(
        says,
        st.sampled_from(TARGETS),
        st.sampled_from([Pattern.CRASH_LOOP, Pattern.RESOURCE_HOARDING]),
        severity=st.sampled_from(Severity),
        observed=st.sampled_from(["3 failures", "4 failures"]),
    ),
    max_size=8,
)
EDITS = st.lists(
    st.tuples(
        st.integers(0, 7),
        st.sampled_from([{"acknowledged": True}, {"acknowledged": False}, {"snoozeUntil": "2027-01-15T09:00:00Z"}]),
    ),
    max_size=3,
)
ROUNDS = st.lists(
    st.tuples(
        RECOMMENDATIONS, EDITS, st.sampled_from([0.0, 1.0, 10 * MINUTE, HOUR, 7 * HOUR, DAY]), st.integers(0, 30)
    ),
    min_size=1,
    max_size=6,
)
LIMITS = Limits(active_per_namespace_max=3, active_max=5)


def play(rounds: list[Any], *, killed: bool) -> Cluster:
    """Play rounds on a cluster; ``killed``: the operator dies within each round's writes, and starts again."""
    cluster = Cluster()
    operator = Operator(cluster, limits=LIMITS)
    for recommendations, edits, after, survives in rounds:
        for index, spec in edits:
            for key in sorted(cluster.held)[index : index + 1]:
                cluster.edit(key, **spec)
        operator.now += after
        if killed:
            dying = replace(operator)
            cluster.perform(dying.decide(recommendations).writes[:survives])
        operator.turn(*recommendations)
    return cluster


def as_told(cluster: Cluster) -> dict[Key, Any]:
    """What people see, without what every API server numbers its own way."""
    return {key: (advice.spec, advice.status, advice.metadata.labels) for key, advice in cluster.held.items()}


@settings(max_examples=150, deadline=None)
@given(ROUNDS)
def test_reconciling_twice_writes_nothing_the_second_time(rounds: list[Any]) -> None:
    cluster = Cluster()
    operator = Operator(cluster, limits=LIMITS)
    for recommendations, edits, after, _ in rounds:
        for index, spec in edits:
            for key in sorted(cluster.held)[index : index + 1]:
                cluster.edit(key, **spec)
        operator.turn(*recommendations, after=after)
        assert operator.turn(*recommendations) == []


@settings(max_examples=150, deadline=None)
@given(ROUNDS)
def test_dying_at_any_write_and_starting_again_leads_to_the_same_objects(rounds: list[Any]) -> None:
    assert as_told(play(rounds, killed=True)) == as_told(play(rounds, killed=False))


@settings(max_examples=100, deadline=None)
@given(ROUNDS)
def test_caps_hold_and_acknowledgements_are_never_lost(rounds: list[Any]) -> None:
    cluster = Cluster()
    operator = Operator(cluster, limits=LIMITS)
    acknowledged_at: dict[Key, float] = {}
    for recommendations, edits, after, _ in rounds:
        for index, spec in edits:
            for key in sorted(cluster.held)[index : index + 1]:
                cluster.edit(key, **spec)
        operator.turn(*recommendations, after=after)
        acknowledged = {key for key, advice in cluster.held.items() if advice.spec.acknowledged}
        acknowledged_at = {key: acknowledged_at.get(key, operator.now) for key in acknowledged} | {
            key: at for key, at in acknowledged_at.items() if key not in cluster.held and operator.now - at < 29 * DAY
        }
        assert set(acknowledged_at) <= set(cluster.held)
        active = [key for key, advice in cluster.held.items() if cluster.status(key).state is State.ACTIVE]
        bound = [key for key in active if not cluster.held[key].spec.document().keys() - {"target"}]
        assert len(bound) <= LIMITS.active_max
        assert max(Counter(key.namespace for key in bound).values(), default=0) <= LIMITS.active_per_namespace_max
