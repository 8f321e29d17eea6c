import csv
import json
from io import StringIO
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from podlore.cli.classify import classify
from podlore.errors import BadInput
from podlore.vocabulary import EventClass

LOG = "Mar  1 10:00:00 gpu-7 kernel: Buffer I/O error on dev sda1, logical block 1\n\nMar  1 10:00:01 gpu-7 sshd[7]: Failed password for invalid user bob from 203.0.113.9 port 4242 ssh2\n"  # noqa: E501


def run(*arguments: str, stdin: str | bytes = "") -> Result:
    app = Typer()
    app.command()(classify)
    return CliRunner().invoke(app, list(arguments), input=stdin)


def test_a_log_on_standard_input_becomes_a_masked_table() -> None:
    result = run("-", stdin=LOG)
    assert result.exit_code == 0
    assert "Storage" in result.stdout
    assert "Security" in result.stdout
    assert "203.0.113.9" not in result.stdout
    assert "1 × blank line" in result.stderr


def test_json_is_one_object_a_line(tmp_path: Path) -> None:
    file = tmp_path / "syslog"
    file.write_text(LOG)
    first, second = (json.loads(line) for line in run(str(file), "--output", "json").stdout.splitlines())
    assert first["predicted"] == "Storage"
    assert first["labels"]["service"] == "kernel"
    assert second["host"] == "gpu-7"
    assert set(second["probability"]) == set(EventClass)


def test_csv_keeps_columns_and_order_and_adds_probabilities(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text('id,message,target_category\n7,"disk full, no space left on device",Other\n8,ok,\n')
    result = run(str(file), "--format", "csv", "--output", "csv")
    rows = list(csv.DictReader(StringIO(result.stdout)))
    assert list(rows[0])[:4] == ["id", "message", "target_category", "predicted"]
    assert list(rows[0])[4:] == [
        f"p_{name}" for name in ("Application", "Memory", "Network", "Other", "Security", "Storage")
    ]
    assert [row["id"] for row in rows] == ["7", "8"]
    assert rows[0]["predicted"] == "Storage"
    assert sum(float(value) for name, value in rows[0].items() if name.startswith("p_")) == pytest.approx(1, abs=1e-5)


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    result = run(str(tmp_path / "empty"))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no messages\n")


def test_a_missing_file_and_a_missing_model_are_named(tmp_path: Path) -> None:
    assert isinstance(run(str(tmp_path / "none")).exception, BadInput)
    assert "no model folder" in str(run("-", "--model", str(tmp_path)).exception)
