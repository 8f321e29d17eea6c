"""Where a pod would fit if it were different, when, and whom it would slow."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from podlore import snapshot_folder
from podlore.cli.whatif import whatif as command
from podlore.errors import BadInput
from podlore.interference.whatif import Change, whatif
from podlore.snapshot import Snapshot
from podlore.testing import HOUR, activity, node, pod, snapshot
from podlore.view import ClusterView

COMPANY = [False] * 8 + [True] * 8 + [False] * 8 + [True] * 8


def cluster() -> Snapshot:
    """Return two full halves, a free node of another pool, and a pod that waits for a whole one."""
    nodes = (node("a"), node("b"), node("c", labels={"pool": "new"}))
    pods = (
        pod("young", node="a", gpus=4, age=HOUR),
        pod("old", node="a", gpus=4, age=20 * HOUR),
        pod("half", node="b", gpus=4, age=2 * HOUR),
        pod("waits", gpus=8, node_selector={"pool": "old"}),
        pod("small", gpus=4, node_selector={}),
    )
    return snapshot(nodes=nodes, pods=pods)


def ask(name: str, change: Change) -> object:
    view = ClusterView(cluster())
    return whatif(view, next(one for one in view.snapshot.pods if one.name == name), change)


def test_without_its_constraint_it_fits_where_it_may_not_go_now() -> None:
    assert not ask("waits", Change()).fits_now  # type: ignore[attr-defined]
    answer = ask("waits", Change(no_constraint=True))
    assert [place.node for place in answer.places if place.is_open] == ["c"]  # type: ignore[attr-defined]


def test_with_fewer_gpus_it_fits_beside_others() -> None:
    answer = ask("waits", Change(gpus=4, no_constraint=True))
    assert [place.node for place in answer.places if place.is_open] == ["b", "c"]  # type: ignore[attr-defined]
    [b, _] = [place for place in answer.places if place.is_open]  # type: ignore[attr-defined]
    assert [one.workload.name for one in b.neighbours] == ["half"]
    assert b.neighbours[0].loses is None


def test_on_a_full_node_it_is_said_who_must_end_and_when() -> None:
    freed = ask("small", Change(node="a")).freed  # type: ignore[attr-defined]
    assert [one.name for one in freed.pods] == ["young"]
    assert freed.expected_seconds == HOUR
    assert freed.low_seconds < freed.expected_seconds < freed.high_seconds


def test_the_soonest_way_is_the_one_with_the_youngest_pods() -> None:
    old, young = pod("x", node="a", gpus=8, age=9 * HOUR), pod("y", node="b", gpus=8, age=3 * HOUR)
    view = ClusterView(snapshot(nodes=(node("a"), node("b")), pods=(old, young, pod("waits", gpus=8))))
    freed = whatif(view, view.snapshot.pods[2], Change()).freed
    assert freed is not None
    assert (freed.node, freed.expected_seconds) == ("b", 3 * HOUR)


def test_what_fits_no_node_is_freed_by_nobody() -> None:
    answer = ask("small", Change(gpus=16))
    assert not answer.fits_now  # type: ignore[attr-defined]
    assert answer.freed is None  # type: ignore[attr-defined]


def test_whom_it_was_seen_to_slow_is_said() -> None:
    victim, loud = pod("trainer", node="a", gpus=4), pod("decoder", node="a", gpus=1)
    levels = [(0.6 if there else 0.9) + (0.01 if step % 2 else -0.01) for step, there in enumerate(COMPANY)]
    presence = activity(loud, [0.8 if there else None for there in COMPANY])
    view = ClusterView(
        snapshot(
            nodes=(node("a"), node("b")),
            pods=(victim, loud),
            series=(activity(victim, levels), presence),
            has_metrics=True,
        )
    )
    beside, away = whatif(view, loud, Change(node="a")), whatif(view, loud, Change())
    loses = beside.places[0].neighbours[0].loses
    assert loses is not None
    assert 0.25 < loses[0] < 0.4
    assert away.places[0].node == "b"


@pytest.mark.parametrize("change", [Change(node="gone"), Change(gpus=-1), Change(gpus=float("nan")), Change(gpus=1e9)])
def test_what_cannot_be_is_refused(change: Change) -> None:
    with pytest.raises(BadInput):
        ask("small", change)


def run(tmp_path: Path, *arguments: str) -> str:
    snapshot_folder.write(cluster(), tmp_path)
    app = typer.Typer()
    app.command()(command)
    result = CliRunner().invoke(app, [*arguments, "--snapshot", str(tmp_path)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def test_the_command_tells_it_as_a_document_and_in_words(tmp_path: Path) -> None:
    found = json.loads(run(tmp_path, "vision/waits", "--no-constraint", "--output", "json"))
    assert found["fitsNow"] is True
    assert found["places"][0]["node"] == "c"
    text = run(tmp_path, "small", "--node", "a")
    assert "would not start now" in text
    assert "vision/young on a would have to end: in about 3,600 s" in text


def test_an_unknown_pod_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no pod or workload 'nobody'"):
        run(tmp_path, "nobody")
