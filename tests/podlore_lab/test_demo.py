"""The main job end to end, as ``make demo`` runs it: what is planted is found, and offline says what live says."""

import json
import subprocess
import sys
import time
from itertools import count

import pytest

from podlore_lab.cluster import Lab
from podlore_lab.demo import demo

AGREE_SECONDS = 120.0  # trace time runs on at speed 240 while one looks; podlore also waits before it takes a word back


@pytest.fixture(scope="module")
def running():
    with Lab() as lab, demo(lab, speed=240, say=lambda _: None, on_progress=lambda *_: None) as shown:
        yield lab, shown


pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("demo")]


def test_what_is_planted_is_found_and_hardly_anything_else(running):
    """A busy machine loses scrapes, which costs one or two of the twenty: silence is right where coverage is low."""
    _, shown = running
    assert shown.score.recall >= 0.9, shown.score.missed
    assert shown.score.precision >= 0.9, shown.score.false_alarms


def test_at_least_four_patterns_stand_in_kubectls_table(running):
    _, shown = running
    patterns = {line.split()[2] for line in shown.advice_table.splitlines()[1:]}
    assert len(patterns) >= 4
    assert {pattern for _, pattern in shown.score.found} <= patterns


def test_nothing_the_operator_asked_for_was_refused(running):
    lab, _ = running
    refused = [
        event for event in lab.audit_events(user="system:serviceaccount:podlore-system:podlore") if event.code == 403
    ]
    assert refused == []


def test_advice_from_a_snapshot_equals_the_live_advice(running, tmp_path):
    lab, shown = running
    deadline = time.monotonic() + AGREE_SECONDS
    for turn in count():
        before, offline, after = live(lab), from_snapshot(shown, tmp_path / str(turn)), live(lab)
        if lies_between(offline, before, after) or time.monotonic() > deadline:
            break
    assert lies_between(offline, before, after), (offline, before, after)
    assert len(offline) >= 4


def lies_between(offline, before, after):
    """Say whether offline says what live said at some time between two looks."""
    steady = before.keys() & after.keys()
    return steady <= offline.keys() <= before.keys() | after.keys() and all(
        said in (before.get(key), after.get(key)) for key, said in offline.items()
    )


def live(lab):
    items = json.loads(lab.kubectl("get", "schedulingadvice,clusterschedulingadvice", "-A", "-o", "json"))["items"]
    active = [item for item in items if item.get("status", {}).get("state") == "Active"]
    return essence(item["status"] | {"namespace": item["metadata"].get("namespace", "")} for item in active)


def from_snapshot(shown, folder):
    podlore("snapshot", folder, "--operator", f"http://{shown.operator}")
    return essence(json.loads(podlore("advise", "--snapshot", folder, "--output", "json")))


def essence(documents):
    """Return what must be equal by target and pattern; hours at stake move with trace time."""
    identity, content = ("namespace", "target", "pattern", "cause"), ("action", "severity", "confidence")
    return {tuple(document[key] for key in identity): [document[key] for key in content] for document in documents}


def podlore(*words):
    argv = [sys.executable, "-m", "podlore", *map(str, words)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
