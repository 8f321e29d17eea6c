"""Scenario folders: what they hold is read, and what is wrong in them is named."""

from pathlib import Path

import pytest

from podlore.errors import BadInput
from podlore.testing.scenario import load

EXPECTED = """
start: 2026-03-09T08:00:00Z
until: 600
must:
- {target: nlp/Job/tune, pattern: CrashLoop, action: FixApplication, by: 300}
- {target: nlp/Job/tune, action: [RaiseMemory, FixApplication]}
must_not:
- {pattern: Straggler}
"""
TIMELINE = """
- at: 0
  apply:
    apiVersion: v1
    kind: Pod
    metadata: {name: a, namespace: nlp, uid: u, creationTimestamp: 2026-03-09T08:00:00Z}
- at: 60
  delete: {kind: Pod, namespace: nlp, name: a}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "expected.yaml").write_text(EXPECTED)
    (tmp_path / "timeline.yaml").write_text(TIMELINE)
    return tmp_path


def test_a_folder_is_read_whole(folder: Path) -> None:
    (folder / "metrics.csv").write_text("seconds,node,gpu,pod,metric,value\n0,n,0,nlp/a,up,1\n60,n,0,nlp/a,up,\n")
    (folder / "logs").mkdir()
    (folder / "logs" / "nlp_a.log").write_text("5\tsays: this\tand that\n")
    scenario = load(folder)
    assert (scenario.start_at, scenario.until_seconds) == (1773043200.0, 600.0)
    assert [one.actions for one in scenario.must] == [("FixApplication",), ("RaiseMemory", "FixApplication")]
    assert scenario.must_not[0].pattern == "Straggler"
    assert [row.value for row in scenario.rows] == [1.0, None]
    assert scenario.logs[0].text == "says: this\tand that"
    assert scenario.policy is None


def test_times_in_objects_stay_text_as_the_api_server_sends_them(folder: Path) -> None:
    applied = load(folder).timeline[0].apply
    assert applied is not None
    assert applied["metadata"]["creationTimestamp"] == "2026-03-09T08:00:00Z"


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("timeline.yaml", "- {at: 0}"),
        ("timeline.yaml", "- {apply: {}}"),
        ("timeline.yaml", "- ["),
        ("metrics.csv", "seconds,node,gpu,pod,metric,value\nsoon,n,0,,up,1\n"),
        ("metrics.csv", "seconds,node\n1,n\n"),
        ("logs/nlp_a.log", "no tab\n"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(folder: Path, file: str, content: str) -> None:
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(content)
    with pytest.raises(BadInput, match=Path(file).name):
        load(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "timeline.yaml").unlink()
    with pytest.raises(BadInput, match=r"timeline\.yaml"):
        load(folder)
