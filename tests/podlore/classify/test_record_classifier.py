import pytest

from podlore.classify import RecordClassifier, load, text_of
from podlore.events.normalize import normalize
from podlore.events.record import LogRecord


@pytest.fixture(scope="module")
def quick() -> RecordClassifier:
    return RecordClassifier(load())


def of(message: str, **labels: str) -> LogRecord:
    return LogRecord(message, **labels)


def test_the_answer_is_the_one_of_the_slow_way(quick: RecordClassifier) -> None:
    for message in ("Failed password for bob from 10.0.0.7 port 4242", "EXT4-fs error (device sda1)", "x" * 5_000):
        record = of(message, service="kernel", severity="err")
        slow = quick.classifier.predict([text_of(normalize(record))])[0]
        assert quick.classify(record) == slow
        assert quick.classify(record) == slow


def test_other_numbers_are_the_same_shape_and_other_labels_are_not(quick: RecordClassifier) -> None:
    first = quick.classify(of("worker 31337 on 10.0.0.7 left"))
    assert quick.classify(of("worker 4711 on 192.168.7.1 left")) is first
    assert quick.classify(of("worker 31337 on 10.0.0.7 left", service="ceph-osd")) is not first


def test_the_memory_is_bounded(quick: RecordClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podlore.classify.record_classifier.SHAPES", 3)
    small = RecordClassifier(quick.classifier)
    for number in range(10):
        small.classify(of(f"shape {'x' * number}"))
    assert len(small._by_shape) <= 3
