"""The marker of causes against messages that were marked by hand."""

import csv

import numpy as np
import pytest

from podlore.classify.cause_terms import COLUMNS, CauseTerms
from podlore.classify.evaluation import marked_causes
from podlore.classify.evaluation.marked_causes import causes_found, key_of, read_marks
from podlore.events.record import LogRecord

NOTHING = CauseTerms(np.zeros(COLUMNS, np.float32), ease=-1.0)
EVERYTHING = CauseTerms(np.zeros(COLUMNS, np.float32), ease=1.0)
MESSAGES = ("disk full", "no such host")


@pytest.fixture
def marks(tmp_path, monkeypatch):
    file = tmp_path / "marks.csv"
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("message_sha256", "first_pass", "second_pass"))
        writer.writerow((key_of("disk full"), "0-9", "5-9"))
        writer.writerow((key_of("no such host"), "0-12", "0-12"))
        writer.writerow((key_of("a message that is not in the set"), "0-1", "0-1"))
    monkeypatch.setattr(marked_causes, "read_marks", lambda: read_marks(file))


@pytest.mark.usefixtures("marks")
def test_the_truth_is_what_both_passes_marked():
    found = causes_found(EVERYTHING, [LogRecord(message) for message in MESSAGES])
    assert (found["messages"], found["missing"]) == (2, 1)
    assert found["tokens"] == {"precision": 0.8, "recall": 1.0, "f1": 0.8889}
    assert found["spans"]["f1"] == 0.5
    assert found["kappa_of_two_passes"] < 1


@pytest.mark.usefixtures("marks")
def test_a_marker_that_marks_nothing_finds_nothing():
    found = causes_found(NOTHING, [LogRecord(message) for message in MESSAGES])
    assert found["tokens"]["f1"] == found["spans"]["f1"] == 0


def test_without_the_marked_messages_nothing_is_claimed():
    assert causes_found(NOTHING, [LogRecord("quite another")]) == {"messages": 0, "missing": 100}


def test_the_kept_marks_hold_places_and_no_text():
    assert len(read_marks()) == 100
    assert set(marked_causes.MARKS.read_text().splitlines()[1].replace(" ", "")) <= set("0123456789abcdef,-")
