import pytest

from podlore.clock import Clock
from podlore.errors import BadInput
from podlore.objects import read_event
from podlore.vocabulary import ObjectRef

TEN = 1795428000.0
METADATA = {"name": "train-0.17", "namespace": "vision", "uid": "e1", "creationTimestamp": "2026-11-23T10:00:00Z"}
POD = {"apiVersion": "v1", "kind": "Pod", "namespace": "vision", "name": "train-0", "uid": "u1"}
CORE = {
    "apiVersion": "v1",
    "kind": "Event",
    "metadata": METADATA,
    "involvedObject": POD,
    "reason": "BackOff",
    "message": "Back-off restarting failed container",
    "type": "Warning",
    "source": {"component": "kubelet", "host": "gpu-1"},
    "firstTimestamp": "2026-11-23T10:00:00Z",
    "lastTimestamp": "2026-11-23T10:05:00Z",
    "count": 7,
    "eventTime": None,
    "reportingComponent": "",
}
NEW = {
    "apiVersion": "events.k8s.io/v1",
    "kind": "Event",
    "metadata": METADATA,
    "regarding": POD,
    "reason": "BackOff",
    "note": "Back-off restarting failed container",
    "type": "Warning",
    "reportingController": "kubelet",
    "eventTime": "2026-11-23T10:00:00.000000Z",
    "series": {"count": 7, "lastObservedTime": "2026-11-23T10:05:00.000000Z"},
}


@pytest.mark.parametrize("source", [CORE, NEW], ids=["core/v1", "events.k8s.io/v1"])
def test_both_apis_say_the_same(source):
    found = read_event(source, Clock())
    assert found.about == ObjectRef("", "Pod", "vision", "train-0")
    assert found.about.uid == "u1"
    assert (found.reason, found.type, found.component, found.count) == ("BackOff", "Warning", "kubelet", 7)
    assert found.message == "Back-off restarting failed container"
    assert (found.first_seen_at, found.last_seen_at) == (TEN, TEN + 300)


def test_the_old_apis_fields_are_read_from_the_new_one_too():
    served = {
        "metadata": METADATA,
        "regarding": POD,
        "deprecatedSource": {"component": "kubelet"},
        "deprecatedFirstTimestamp": "2026-11-23T10:00:00Z",
        "deprecatedLastTimestamp": "2026-11-23T10:05:00Z",
        "deprecatedCount": 7,
        "eventTime": None,
    }
    found = read_event(served, Clock())
    assert (found.component, found.count, found.last_seen_at) == ("kubelet", 7, TEN + 300)


def test_an_event_without_times_was_seen_when_it_was_made():
    found = read_event({"metadata": METADATA, "involvedObject": POD}, Clock())
    assert (found.first_seen_at, found.last_seen_at, found.count) == (TEN, TEN, 1)


def test_a_message_is_kept_to_a_kibibyte():
    found = read_event({**CORE, "message": "x" * 100_000}, Clock())
    assert len(found.message) == 1024


@pytest.mark.parametrize("about", [None, {}, {"kind": "Pod"}, {"name": "a"}])
def test_an_event_about_nothing_is_refused(about):
    with pytest.raises(BadInput, match="involvedObject"):
        read_event({**CORE, "involvedObject": about}, Clock())
