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
    assert all(cause in first["message"] for cause in first["causes"])
    assert second["causes"]


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


def in_csv(text: str | bytes, *arguments: str) -> list[dict[str, str]]:
    result = run("--format", "csv", "--output", "csv", *arguments, stdin=text)
    assert result.exit_code == 0, result.exception
    return list(csv.DictReader(StringIO(result.stdout)))


def test_every_row_comes_back_in_place_also_the_one_that_says_nothing() -> None:
    text = "id,message\n1,oom-killer invoked\n2,\n3,\x00\x01\n\n4,connection refused\n"
    rows = in_csv(text)
    assert [row["id"] for row in rows] == ["1", "2", "3", "4"]
    assert [bool(row["predicted"]) for row in rows] == [True, False, False, True]
    assert rows[1]["p_Other"] == ""


def test_the_schema_without_its_truth_and_with_labels_as_json_is_read() -> None:
    header = "timestamp,host,facility,severity,message,labels,team\n"
    row = '2026-01-01T00:00:00Z,n1,kern,err,"I/O error, dev sda","{""service"": ""kernel"", ""component"": ""sd""}",a\n'
    (found,) = in_csv(header + row)
    assert list(found)[:7] == header.strip().split(",")
    assert (found["predicted"], found["team"], found["message"]) == ("Storage", "a", "I/O error, dev sda")


def test_the_truth_in_the_table_does_not_change_the_answer() -> None:
    lies = in_csv("message,target_category\nNo space left on device,Security\n")
    blind = in_csv("message\nNo space left on device\n")
    assert {k: v for k, v in lies[0].items() if k != "target_category"} == blind[0]


def test_what_was_predicted_before_is_replaced() -> None:
    text = run("--format", "csv", "--output", "csv", stdin="message,id\nsegfault,7\n").stdout
    assert run("--format", "csv", "--output", "csv", stdin=text).stdout == text


def test_an_event_row_is_read_as_the_event() -> None:
    row = "facility,severity,message,service,component\nkubernetes-event,Warning,x,Pod,FailedMount\n"
    (as_row,) = in_csv(row)
    (as_event,) = in_csv("facility,type,message,involved_kind,reason\nkubernetes-event,Warning,x,Pod,FailedMount\n")
    assert as_row["p_Storage"] == as_event["p_Storage"]


def test_a_message_of_ten_megabytes_is_classified_and_the_next_row_is_not_lost() -> None:
    rows = in_csv('message,id\n"Out of memory: Killed process 7 ' + "x" * 10_000_000 + '",1\nlink down,2\n')
    assert [(row["id"], row["predicted"]) for row in rows] == [("1", "Memory"), ("2", "Network")]
    assert len(rows[0]["message"]) > 10_000_000


def test_other_encodings_and_stray_cells_are_read() -> None:
    assert in_csv("message\nplatte voll für immer\n".encode("latin-1"))[0]["message"].endswith("für immer")
    assert in_csv("message,id\nno route to host,1\n".encode("utf-16"))[0]["id"] == "1"
    result = run("--format", "csv", "--output", "csv", stdin="message,id\na,1,2,3\nb\n")
    assert "2 × cells beyond the header" in result.stderr
    assert [len(row) for row in csv.reader(StringIO(result.stdout))] == [9, 9, 9]


def test_a_quote_that_is_never_closed_is_told() -> None:
    result = run("--format", "csv", "--output", "csv", stdin='message,id\n"never closed,1\nnext,2\n')
    assert "quote without its partner" in result.stderr
    assert "quote" not in run("--format", "csv", "--output", "csv", stdin='message,id\n"a ""b""",1\n').stderr


def test_a_table_that_cannot_be_understood_is_refused() -> None:
    for text, words in (("a,b\n1,2\n", "no column 'message'"), ("message,message\na,b\n", "stands 2 times")):
        error = run("--format", "csv", "--output", "csv", stdin=text).exception
        assert isinstance(error, BadInput)
        assert words in str(error)


def test_tables_of_other_columns_are_not_mixed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("message,id\nx,1\n")
    (tmp_path / "b.csv").write_text("id,message\n1,x\n")
    error = run(str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), "--output", "csv").exception
    assert isinstance(error, BadInput)
    assert "b.csv has other columns" in str(error)


def test_a_log_becomes_a_masked_table_as_csv() -> None:
    rows = list(csv.DictReader(StringIO(run("--output", "csv", stdin=LOG).stdout)))
    assert [row["predicted"] for row in rows] == ["Storage", "Security"]
    assert "203.0.113.9" not in rows[1]["message"]


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    result = run(str(tmp_path / "empty"))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no messages\n")


def test_a_missing_file_and_a_missing_model_are_named(tmp_path: Path) -> None:
    assert isinstance(run(str(tmp_path / "none")).exception, BadInput)
    assert "no model folder" in str(run("-", "--model", str(tmp_path)).exception)
