"""Every scenario of the library: what must be said is said, in time, and what must not is not.

``tests/scenarios/known_gaps.yaml`` lists the ones that fail today, each with its reason; one that starts to pass fails
the run until it is taken off that list.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from podlore.testing.patch_paths import patch_paths
from podlore.testing.scenario import Played, load, play
from podlore_operator.api.read_policy import read_policy

LIBRARY = Path(__file__).parent / "scenarios"
GAPS: Mapping[str, str] = yaml.safe_load((LIBRARY / "known_gaps.yaml").read_text()) or {}
TRIED = frozenset((Path(__file__).parent / "podlore" / "advice" / "patches_tried.txt").read_text().splitlines())
SERVED = ("Node ", "Pod ", "apps/", "batch/")


def scenarios() -> list[Any]:
    """Return a parameter for each folder; a known gap is expected to fail."""
    folders = sorted(path.parent for path in LIBRARY.rglob("expected.yaml"))
    names = [folder.relative_to(LIBRARY).as_posix() for folder in folders]
    gone = set(GAPS) - set(names)
    assert not gone, f"known_gaps.yaml names what is not there: {sorted(gone)}"
    return [
        pytest.param(folder, id=name, marks=[pytest.mark.xfail(reason=GAPS[name], strict=True)] if name in GAPS else [])
        for folder, name in zip(folders, names, strict=True)
    ]


def told(played: Played) -> str:
    """Return what went wrong, one line each."""
    missed = [f"missed {one.pattern} on {one.target} by {one.by_seconds}" for one in played.missed]
    alarms = [
        f"false alarm {one.pattern} on {one.target} at {one.at_seconds:.0f} s: {one.recommendation.because.summary}"
        for one in played.false_alarms
    ]
    return "\n".join([*missed, *alarms])


@pytest.mark.parametrize("folder", scenarios())
def test_scenario(folder: Path) -> None:
    played = play(load(folder), read_policy=read_policy)
    assert played.passed, told(played)
    assert untried(played) == []


def untried(played: Played) -> list[str]:
    """Return fields that previews change and that no test has tried on the API server; it serves its own kinds only."""
    changed = {path for one in played.said for path in patch_paths(one.recommendation)}
    return sorted(path for path in changed - TRIED if path.startswith(SERVED))
