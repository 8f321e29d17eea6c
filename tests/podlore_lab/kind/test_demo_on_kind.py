"""The demo on kind: what was planted is found there as well, and both ways of the lab say the same of it."""

import pytest

from podlore.traces import read_trace
from podlore_lab.cluster import Lab
from podlore_lab.demo import demo, said
from podlore_lab.kind.operator_pod import AS_A_POD
from podlore_lab.sample_trace import SAMPLE_FOLDER

SPEED = 240


@pytest.fixture(scope="module")
def shown(on_kind):
    """The demo's trace on kind, with the operator still running."""
    with demo(on_kind, speed=SPEED, say=print, on_progress=lambda *_: None, operating=AS_A_POD) as seen:
        yield seen


def test_every_planted_pattern_is_found_on_kind(shown):
    assert shown.score.missed == ()
    assert shown.score.found


def test_both_ways_of_the_lab_find_the_same(shown, on_kind):
    with Lab() as processes, demo(processes, speed=SPEED, say=print, on_progress=lambda *_: None) as without:
        assert shown.score.found == without.score.found
        planted = set(shown.score.found)
        actions = [{each for each in _actions(lab) if each[:2] in planted} for lab in (on_kind, processes)]
        assert actions[0] == actions[1]
        print("only on one of the two:", sorted(set(said(on_kind)) ^ set(said(processes))))


def _actions(lab):
    for kind in ("schedulingadvices", "clusterschedulingadvices"):
        for item in lab.api.get(f"/apis/podlore.io/v1alpha1/{kind}")["items"]:
            target = item["spec"]["target"]
            parts = (item["metadata"].get("namespace"), target["kind"], target["name"])
            yield "/".join(filter(None, parts)), item["status"]["pattern"], item["status"]["action"]


def test_the_planted_trace_is_the_one_that_was_played(shown):
    assert len(shown.score.found) == len(read_trace(SAMPLE_FOLDER).planted)
