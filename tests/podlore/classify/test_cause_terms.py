import json
import shutil
from pathlib import Path

import pytest

from podlore.classify import load
from podlore.classify.cause_terms import spans, tokens_of
from podlore.classify.cause_training import Marked, fit, marked_of_generated, scores, train
from podlore.classify.model_file import CAUSES, load_causes, shipped_folder
from podlore.errors import BadInput
from podlore.events.generator import generate


@pytest.fixture(scope="module")
def marked() -> list[Marked]:
    return list(marked_of_generated(generate(seed=3, n_incidents=25)))


def test_the_truth_marks_whole_tokens_of_the_masked_message(marked: list[Marked]) -> None:
    with_cause = [one for one in marked if any(one.marks)]
    assert len(with_cause) > 100
    for one in with_cause:
        assert all(one.message[start:stop].strip() for start, stop in spans(one.tokens, one.marks))


def test_a_marker_learns_what_it_is_shown_and_something_of_what_it_is_not(marked: list[Marked]) -> None:
    assert scores(fit(marked), marked)["tokens"]["f1"] > 0.8
    _, facts = train(marked)
    share = sum(sum(one.marks) for one in marked) / sum(len(one.marks) for one in marked)
    assert facts["held_out"]["tokens"]["precision"] > 1.5 * share


def test_training_twice_gives_the_same_weights(marked: list[Marked]) -> None:
    assert (fit(marked[:200]).weights == fit(marked[:200]).weights).all()


def test_runs_of_marked_tokens_become_spans_and_marks_alone_do_not() -> None:
    tokens = tokens_of("dial: no such host, (giving up)")
    marks = [one.shape in {"no", "such", "host", ","} for one in tokens]
    assert spans(tokens, marks) == [(6, 19)]
    assert spans(tokens, [one.shape == "," for one in tokens]) == []


def test_hostile_messages_are_bounded() -> None:
    marker = load_causes(shipped_folder())
    assert marker.find("") == ()
    assert len(marker.find("failed, " * 100_000)) <= 3
    assert marker.find("\x00<<<>>>" * 100) == ()


def test_a_marker_that_was_tampered_with_is_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(shipped_folder(), tmp_path / "m")
    manifest = json.loads((folder / CAUSES / "manifest.json").read_text())
    (folder / CAUSES / "manifest.json").write_text(json.dumps(manifest | {"sha256": "0" * 64}))
    with pytest.raises(BadInput, match="its manifest says otherwise"):
        load(folder)
