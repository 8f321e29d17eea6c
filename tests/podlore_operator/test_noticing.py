"""What reaches the state, and what wakes the loop."""

from podlore.clock import Clock
from podlore.cluster_state import ClusterState
from podlore.testing.build import NOW, pod
from podlore.vocabulary import Event, ObjectRef
from podlore_operator.noticing import Noticing
from podlore_operator.write_requests import REPORTER


def event(uid: str, component: str) -> Event:
    about = ObjectRef("", "Pod", "vision", "train-0")
    return Event(uid, about, "CrashLoop", "It fails.", component=component, first_seen_at=NOW, last_seen_at=NOW)


def test_only_what_changes_something_wakes_the_loop() -> None:
    woken: list[int] = []
    state = ClusterState(Clock(read=lambda: NOW))
    noticing = Noticing(state, lambda: woken.append(1))
    noticing.apply(pod())
    noticing.apply(pod())
    noticing.delete("Pod", "nobody")
    noticing.replace("Pod", [pod()])
    assert len(woken) == 1
    noticing.replace("Pod", [])
    assert len(woken) == 2


def test_podlores_own_events_are_not_taken_for_the_clusters() -> None:
    state = ClusterState(Clock(read=lambda: NOW))
    noticing = Noticing(state, lambda: None)
    noticing.apply(event("e1", REPORTER))
    noticing.replace("Event", [event("e2", REPORTER), event("e3", "kubelet")])
    assert [one.uid for one in state.snapshot().events] == ["e3"]
