"""The indexed view of a snapshot."""

from dataclasses import replace

from podlore.snapshot import History
from podlore.testing import HOUR, NOW, job, node, pod, snapshot
from podlore.topology import Constraint, Objection
from podlore.view import ClusterView
from podlore.vocabulary import Event, ObjectRef, Start, Taint


def test_nodes_that_one_lifted_constraint_would_open_are_told_by_it() -> None:
    nodes = (
        node("a", labels={"pool": "x"}, taints=(Taint("team", "NoSchedule"),)),
        node("b"),
        node("c", labels={"pool": "x"}),
    )
    view = ClusterView(snapshot(nodes=nodes))
    wants = pod(node_selector={"pool": "x"})
    assert view.eligible(wants) == ("c",)
    assert view.openings(wants) == {
        Objection(Constraint.SELECTOR, "pool=x"): ("b",),
        Objection(Constraint.TAINT, "team:NoSchedule"): ("a",),
    }


def test_pods_with_the_same_constraints_share_an_answer() -> None:
    view = ClusterView(snapshot(nodes=(node(),)))
    assert view.objections(pod("a")) is view.objections(pod("b", priority=5))
    assert view.objections(pod("a")) is not view.objections(pod("c", node_selector={"pool": "x"}))


def test_starts_are_those_remembered_and_those_still_there_each_once() -> None:
    here = pod(node="gpu-1", age=HOUR, waited=60)
    remembered = Start(
        "train-0", "vision", ObjectRef("", "Pod", "vision", "train-0"), NOW - HOUR, NOW - HOUR + 60, here.requests
    )
    gone = replace(remembered, pod="gone", scheduled_at=NOW - 2 * HOUR)
    view = ClusterView(snapshot(pods=(here,), history=History(starts=(remembered, gone))))
    assert [start.pod for start in view.starts] == ["gone", "train-0"]


def test_events_are_found_by_their_object_whatever_its_incarnation() -> None:
    event = Event("e", ObjectRef("", "Pod", "vision", "train-0", uid="old"), "BackOff", "")
    view = ClusterView(snapshot(events=(event,)))
    assert view.events[ObjectRef("", "Pod", "vision", "train-0")] == (event,)


def test_what_stands_below_a_workload_is_known() -> None:
    owner = job()
    kueue = job("train-kueue", kind="Workload", group="kueue.x-k8s.io", controller=owner.ref)
    view = ClusterView(snapshot(controllers=(owner, kueue)))
    assert view.dependents[owner.ref] == (kueue,)


def test_pods_on_their_way_out_are_not_bound() -> None:
    leaving = replace(pod(node="gpu-1"), deleted_at=NOW)
    view = ClusterView(snapshot(pods=(leaving, pod("b", node="gpu-1"))))
    assert [one.name for workload in view.workloads for one in view.bound_pods(workload)] == ["b"]
    assert [one.name for one in view.pods_by_node["gpu-1"]] == ["b", "train-0"]
