"""From log files to episodes, and from episodes to rules that find them again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from podlore.cli.rules import app
from podlore.errors import BadInput
from podlore.rules import RuleEngine, load_rules, read_rules, scan_file
from podlore.rules.entity import Entity
from podlore.rules.log_events import log_events, template_of

START = datetime(2026, 3, 1, tzinfo=UTC)


def log(folder: Path, *, planted: int, seed: int = 3) -> Path:
    """Write a log of ten hours in which a timeout follows a link that goes down, so often."""
    rng = np.random.default_rng(seed)
    noise = [(at, f"step {int(at)} loss=0.{int(at) % 97}") for at in rng.uniform(0, 36_000, 400)]
    noise += [(at, f"cache miss on /data/shard-{int(at)}") for at in rng.uniform(0, 36_000, 200)]
    starts = rng.uniform(0, 35_000, planted)
    truth = [(at, f"mlx5_{int(at) % 8}: link down") for at in starts]
    truth += [(at + rng.uniform(2, 8), f"collective {int(at)} timed out") for at in starts]
    lines = sorted(noise + truth)
    path = folder / "train.log"
    path.write_text(
        "".join(f"{(START + timedelta(seconds=at)).isoformat(timespec='milliseconds')} {text}\n" for at, text in lines)
    )
    return path


def test_what_follows_is_mined_written_as_a_rule_and_found_again(tmp_path: Path) -> None:
    path, out = log(tmp_path, planted=40), tmp_path / "mined"
    result = CliRunner().invoke(app, ["mine", str(path), "--window", "30", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == "1 episodes"
    assert "link down -> collective * timed out" in result.output
    loaded = read_rules([out])
    assert not loaded.problems
    assert loaded.rules[0].patterns[0].ordered
    engine = RuleEngine(load_rules([out]), lateness_ns=None)
    with path.open("rb") as stream:
        matches = [*scan_file(engine, stream, Entity(name="x"), label="cre.log.mined"), *engine.finish()]
    assert 34 <= len(matches) <= 46


def test_nothing_is_mined_where_nothing_follows(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["mine", str(log(tmp_path, planted=0)), "--out", str(tmp_path / "mined")])
    assert result.output.splitlines()[-1] == "0 episodes"
    assert not (tmp_path / "mined").exists()


def test_nothing_in_one_stream_follows_what_is_in_another(tmp_path: Path) -> None:
    first, second = tmp_path / "a.log", tmp_path / "b.log"
    stamps = [(START + timedelta(seconds=60 * minute)).isoformat() for minute in range(50)]
    first.write_text("".join(f"{stamp} alpha\n" for stamp in stamps))
    second.write_text("".join(f"{stamp} bravo\n" for stamp in stamps))
    said = log_events([first, second])
    times = said.log.times_by_kind()
    assert times[1].min() - times[0].max() > 86_400


def test_text_with_markup_stays_text(tmp_path: Path) -> None:
    assert template_of("a $(rm -rf) [x]* 7").expression == r"a \$\(rm \-rf\) \[x\]\*"
    with pytest.raises(BadInput, match="cannot read"):
        log_events([tmp_path / "none.log"])
