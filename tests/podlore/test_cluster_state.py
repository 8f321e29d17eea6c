from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from podlore.clock import Clock
from podlore.cluster_state import EVENT_AGE_SECONDS_MAX, ClusterState, kind_of
from podlore.policy import Mode, Policy
from podlore.rules.watch import RuleWatch
from podlore.snapshot import History
from podlore.vocabulary import (
    Action,
    Container,
    Controller,
    DisruptionBudget,
    Event,
    Given,
    GpuWindow,
    LogLine,
    Node,
    ObjectRef,
    Pattern,
    Pod,
    Termination,
)

NOW = 1_000_000.0


def pod(name="train-0", uid="u1", **changes):
    return replace(Pod("vision", name, uid, NOW - 100), **changes)


def event(uid="e1", last_seen_at=NOW, **changes):
    about = ObjectRef("", "Pod", "vision", "train-0")
    return replace(Event(uid, about, "BackOff", "back-off", last_seen_at=last_seen_at), **changes)


def controller(kind="Job", group="batch", name="train", uid="c1", **changes):
    return replace(Controller(ObjectRef(group, kind, "vision", name, uid=uid), NOW - 100), **changes)


@pytest.fixture
def now():
    return [NOW]


@pytest.fixture
def state(now):
    return ClusterState(Clock(read=lambda: now[0]))


def test_a_snapshot_holds_everything_in_order(state):
    state.apply(pod("b", "u2"))
    state.apply(pod("a", "u1"))
    state.apply(Node("gpu-2", "n2", 0.0))
    state.apply(Node("gpu-1", "n1", 0.0))
    state.apply(event("e2"))
    state.apply(event("e1"))
    state.apply(controller(name="z", uid="c2"))
    state.apply(controller(name="y", uid="c1"))
    seen = state.snapshot()
    assert [found.name for found in seen.pods] == ["a", "b"]
    assert [found.name for found in seen.nodes] == ["gpu-1", "gpu-2"]
    assert [found.uid for found in seen.events] == ["e1", "e2"]
    assert [found.ref.name for found in seen.controllers] == ["y", "z"]
    assert (seen.now, seen.observed_since, seen.has_metrics) == (NOW, NOW, False)


def test_the_same_again_changes_nothing(state):
    state.apply(pod())
    revision, seen = state.revision, state.snapshot()
    state.apply(pod())
    state.replace("Pod", [pod()])
    state.delete("Pod", "nobody")
    state.set_policy(Policy())
    state.set_gpu_windows((), has_metrics=False)
    assert state.revision == revision
    assert state.snapshot().pods is seen.pods
    assert state.snapshot().history is seen.history


def test_only_the_kind_that_changed_is_sorted_anew(state):
    state.apply(pod())
    state.apply(Node("gpu-1", "n1", 0.0))
    before = state.snapshot()
    state.apply(pod("train-1", "u2"))
    after = state.snapshot()
    assert after.nodes is before.nodes
    assert after.pods != before.pods


def test_a_relist_removes_what_nobody_saw_go(state):
    state.replace("Pod", [pod("a", "u1"), pod("b", "u2")])
    state.replace("Pod", [pod("b", "u2")])
    assert [found.name for found in state.snapshot().pods] == ["b"]


def test_a_relist_of_one_workload_kind_leaves_the_others(state):
    job, volcano = controller(uid="c1"), controller(group="batch.volcano.sh", uid="c2")
    state.apply(job)
    state.apply(volcano)
    assert (kind_of(job), kind_of(volcano)) == ("Job.batch", "Job.batch.volcano.sh")
    state.replace("Job.batch", [])
    assert state.snapshot().controllers == (volcano,)
    state.delete("Job.batch", "c2")
    assert state.snapshot().controllers == (volcano,)
    state.delete("Job.batch.volcano.sh", "c2")
    assert state.snapshot().controllers == ()


def test_a_name_that_is_used_again_is_another_pod(state):
    state.apply(pod(uid="old", node="gpu-1"))
    state.apply(pod(uid="new", created_at=NOW))
    assert [found.uid for found in state.snapshot().pods] == ["new"]
    state.apply(pod(uid="old", node="gpu-2"))
    state.delete("Pod", "old")
    assert [found.uid for found in state.snapshot().pods] == ["new"]


def test_events_are_deduplicated_aged_out_and_bounded(now):
    state = ClusterState(Clock(read=lambda: now[0]), events_max=100)
    state.apply(event("e1", count=1))
    state.apply(event("e1", count=2, last_seen_at=NOW + 1))
    assert [found.count for found in state.snapshot().events] == [2]
    for number in range(1000):
        state.apply(event(f"n{number}", last_seen_at=NOW + number))
    assert 100 <= len(state.snapshot().events) <= 150  # the oldest go many at a time
    assert state.snapshot().events[-1].uid == "n999"
    now[0] += EVENT_AGE_SECONDS_MAX + 998
    revision = state.revision
    assert [found.uid for found in state.snapshot().events] == ["n998", "n999"]
    assert state.revision > revision


def test_starts_and_failures_name_the_top_level_workload(state):
    deployment = ObjectRef("apps", "Deployment", "vision", "serve", uid="d")
    replica_set = controller("ReplicaSet", "apps", "serve-1", "r", controller=deployment)
    end = Termination(1, "Error", NOW - 30, NOW - 10)
    of_set = pod(controller=replica_set.ref, node="gpu-1", scheduled_at=NOW - 50)
    state.apply(of_set)
    state.apply(replace(of_set, containers=(Container("main", 1, NOW - 5, ended_before=end),)))
    assert {start.workload for start in state.history.starts} == {replica_set.ref}
    state.apply(replica_set)
    assert {entry.workload for entry in (*state.history.starts, *state.history.failures)} == {deployment}
    state.delete("Pod", "u1")
    state.delete("ReplicaSet.apps", "r")
    assert {entry.workload for entry in (*state.history.starts, *state.history.failures)} == {deployment}


def test_history_survives_a_restart(state, now):
    state.apply(pod(node="gpu-1", scheduled_at=NOW - 50))
    successor = ClusterState(Clock(read=lambda: now[0]))
    successor.restore(state.history)
    successor.apply(pod(node="gpu-1", scheduled_at=NOW - 50))
    assert successor.history == state.history != History()


def test_what_was_given_is_remembered_until_it_is_told_anew_also_over_a_restart(state):
    given = Given(ObjectRef("batch", "Job", "vision", "train"), Pattern.CRASH_LOOP, "Image", Action.INVESTIGATE, NOW)
    history = History(given=(given,))
    state.set_told(history)
    assert state.snapshot().history == state.history == history
    state.restore(History())
    assert state.history.given == (), "another one led meanwhile"


def test_disruption_budgets_are_seen_replaced_and_forgotten(state):
    budget = DisruptionBudget("vision", "serve", {"app": "serve"}, uid="b1")
    state.apply(budget)
    state.apply(replace(budget, disruptions_allowed=1))
    assert [one.disruptions_allowed for one in state.snapshot().budgets] == [1]
    state.replace("DisruptionBudget", [])
    assert state.snapshot().budgets == ()


def test_metric_windows_are_there_only_with_metrics(state):
    window = GpuWindow("gpu-1", "GPU-1", "vision", "train-0", 7200.0, 100, 1.0, 0.0, 0.0)
    state.set_gpu_windows([window], has_metrics=True)
    assert (state.snapshot().gpu_windows, state.snapshot().has_metrics) == ((window,), True)
    revision = state.revision
    state.set_gpu_windows([window], has_metrics=False)
    assert (state.snapshot().gpu_windows, state.snapshot().has_metrics) == ((), False)
    assert state.revision == revision + 1


def test_the_policy_travels_in_the_snapshot(state):
    state.set_policy(Policy(mode=Mode.DRY_RUN))
    assert state.snapshot().policy.mode is Mode.DRY_RUN is state.policy.mode


# --- whatever way the news takes, the picture is the same ------------------------------------------------------------

NAMES = ("a", "b", "c")


def life(name, uid, born):
    """The states that a pod goes through, oldest first."""
    end = Termination(1, "Error", born + 2, born + 5)
    waiting = Pod("vision", name, uid, born)
    bound = replace(waiting, node="gpu-1", scheduled_at=born + 1)
    running = replace(bound, phase="Running", containers=(Container("main", 0, born + 2),))
    crashed = replace(running, containers=(Container("main", 0, waiting_reason="CrashLoopBackOff", ended_before=end),))
    again = replace(running, containers=(Container("main", 1, born + 6, ended_before=end),))
    return [waiting, bound, running, crashed, again]


@settings(deadline=None)
@given(st.data())
def test_news_of_different_pods_may_come_in_any_order_and_twice(data):
    lives = [life(name, f"u-{name}", NOW - 1000) for name in NAMES]
    turns = data.draw(st.permutations([index for index, states in enumerate(lives) for _ in states]))
    mixed, in_order = (ClusterState(Clock(read=lambda: NOW)) for _ in range(2))
    queues = [list(states) for states in lives]
    for index in turns:
        news = queues[index].pop(0)
        for _ in range(data.draw(st.integers(1, 3))):
            mixed.apply(news)
    for news in (state for states in lives for state in states):
        in_order.apply(news)
    assert mixed.snapshot() == in_order.snapshot()


def test_rules_hear_a_line_of_a_log_once_though_it_is_read_again():
    class Listener(RuleWatch):
        def see_log(self, line):
            heard.append(line.text)

    heard = []
    state = ClusterState(Clock(read=lambda: NOW), Listener())
    one, two, three = (LogLine("vision", "train-0", NOW - age, text) for age, text in ((9, "a"), (9, "b"), (5, "c")))
    state.set_logs([one, two])
    state.set_logs([one, two, three])
    state.set_logs([two, three])
    assert heard == ["a", "b", "c"]


class LossyWatch(RuleBasedStateMachine):
    """A cluster whose news is delivered late, twice or never, until a relist repairs the picture."""

    pending = Bundle("pending")

    def __init__(self):
        super().__init__()
        self.now = NOW
        self.state = ClusterState(Clock(read=lambda: self.now))
        self.pods = {}
        self.born = 0
        self.seen_bound = set()

    @rule(target=pending, name=st.sampled_from(NAMES))
    def create(self, name):
        self.now += 10
        if name in self.pods:
            return multiple()
        self.born += 1
        states = life(name, f"u{self.born}", self.now)
        self.pods[name] = states
        return ("apply", states[0])

    @rule(target=pending, name=st.sampled_from(NAMES))
    def change(self, name):
        self.now += 10
        if len(self.pods.get(name, ())) < 2:
            return multiple()
        self.pods[name] = self.pods[name][1:]
        return ("apply", self.pods[name][0])

    @rule(target=pending, name=st.sampled_from(NAMES))
    def remove(self, name):
        states = self.pods.pop(name, None)
        return ("delete", states[0]) if states else multiple()

    @rule(news=pending)
    def deliver(self, news):
        self._deliver(*news)

    @rule(news=consumes(pending))
    def deliver_for_the_last_time(self, news):
        self._deliver(*news)

    @rule(news=consumes(pending))
    def drop(self, news):
        pass

    def _deliver(self, verb, obj):
        if verb == "delete":
            self.state.delete("Pod", obj.uid)
        else:
            self.state.apply(obj)

    @rule()
    def relist(self):
        present = [states[0] for states in self.pods.values()]
        self.state.replace("Pod", present)
        fresh = ClusterState(Clock(read=lambda: self.now))
        fresh.replace("Pod", present)
        assert self.state.snapshot().pods == fresh.snapshot().pods
        assert set(fresh.history.starts) <= set(self.state.history.starts)
        assert set(fresh.history.failures) <= set(self.state.history.failures)

    @invariant()
    def no_two_pods_bear_one_name(self):
        names = [found.name for found in self.state.snapshot().pods]
        assert len(names) == len(set(names))

    @invariant()
    def nothing_is_counted_twice(self):
        history = self.state.history
        assert len({(start.pod, start.created_at) for start in history.starts}) == len(history.starts)
        assert len({(failure.pod, failure.at) for failure in history.failures}) == len(history.failures)


TestLossyWatch = LossyWatch.TestCase
TestLossyWatch.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
