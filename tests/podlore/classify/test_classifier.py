import numpy as np
import pytest

from podlore.classify import Classifier, load, text_of
from podlore.classify.models.tfidf_logreg import TfidfLogReg, compile_model
from podlore.classify.training import Row
from podlore.events import LogRecord
from podlore.vocabulary import EventClass

TELLING = {
    EventClass.SECURITY: LogRecord("Failed password for invalid user <user> from <ip> port 4242 ssh2", service="sshd"),
    EventClass.NETWORK: LogRecord("dial tcp <ip>:5432: connect: connection refused", service="api"),
    EventClass.MEMORY: LogRecord("Memory cgroup out of memory: Killed process 4242 (python3)", service="kernel"),
    EventClass.STORAGE: LogRecord("Buffer I/O error on dev sda1, logical block 1234", service="kernel"),
    EventClass.APPLICATION: LogRecord("Back-off restarting failed container", reason="BackOff", component="Pod"),
    EventClass.OTHER: LogRecord("Started container main", reason="Started", component="Pod"),
}


@pytest.mark.parametrize("event_class", TELLING)
def test_the_shipped_model_knows_the_plain_cases(event_class: EventClass) -> None:
    assert load().predict([text_of(TELLING[event_class])])[0].event_class is event_class


def test_the_arrays_give_the_scores_of_the_scikit_learn_model(rows: list[Row]) -> None:
    texts, labels = [row.text for row in rows], [str(row.event_class) for row in rows]
    slow = TfidfLogReg(max_words=2_000, max_parts=3_000).fit(texts, labels)
    fast = compile_model(slow, 1.0, "test")
    seen = [*texts[:200], "", "zzz qqq", "| |", "a" * 10_000, "ÄÖÜ \x00", "reason=X | "]
    assert np.array([fast.logits(text) for text in seen]) == pytest.approx(slow.decision_function(seen), abs=1e-3)


def test_probabilities_are_shares_that_sum_to_one_with_the_class_on_top() -> None:
    for found in load().predict(["disk full", "", "x" * 5_000]):
        assert sum(found.probability_by_class.values()) == pytest.approx(1)
        assert found.probability == max(found.probability_by_class.values())
        assert found.probability_by_class[found.event_class] == found.probability


def test_the_cache_answers_as_the_model_does_and_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podlore.classify.classifier.CACHE_TEMPLATES", 3)
    classifier = load()
    texts = [
        f"{word} error on dev sda, sector 77{number}"
        for number in range(4)
        for word in ("read", "write", "seek", "sync", "trim")
    ]
    assert classifier.predict(texts) == [fresh(classifier, text) for text in texts]
    assert len(classifier._seen) <= 3


def fresh(classifier: Classifier, text: str) -> object:
    return classifier._classify(text)
