"""``podlore rules`` as it is typed."""

import json

import pytest
from typer.testing import CliRunner

from podlore.cli.rules import app
from podlore.errors import BadInput

LOG = "2026-03-04T05:06:07Z gpu-07 kernel: NVRM: Xid (PCI:0000:3b:00): 79, \x1b[31mGPU has fallen off the bus.\n"


def run(*arguments, text=None):
    result = CliRunner().invoke(app, [str(each) for each in arguments], input=text)
    if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "kernel.log"
    path.write_text(LOG)
    return path


def test_a_match_is_printed_with_its_line_and_nothing_a_terminal_obeys(log):
    result = run("run", "catalogue", log)
    assert result.exit_code == 0
    assert "CRITICAL" in result.stdout
    assert "fallen off the bus" in result.stdout
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize(("severity", "status"), [("critical", 1), ("info", 1)])
def test_fail_on_sets_the_exit_status(log, severity, status):
    assert run("run", "catalogue", log, "--fail-on", severity).exit_code == status


def test_fail_on_lets_milder_matches_pass(tmp_path):
    path = tmp_path / "app.log"
    path.write_text("2026-03-04T05:06:07Z torch.OutOfMemoryError: CUDA out of memory\n")
    assert run("run", "catalogue", path, "--fail-on", "high").exit_code == 0
    assert run("run", "catalogue", path, "--fail-on", "medium").exit_code == 1


def test_standard_input_is_read(log):
    found = json.loads(run("run", "catalogue", "-", "-o", "json", text=LOG).stdout)
    assert [each["steps"][0]["time"] for each in found] == ["2026-03-04T05:06:07.000000000Z"]


def test_an_unknown_severity_and_a_missing_log_are_refused(log, tmp_path):
    with pytest.raises(BadInput, match="no severity 'worst'"):
        run("run", "catalogue", log, "--fail-on", "worst")
    with pytest.raises(BadInput, match="cannot read"):
        run("run", "catalogue", tmp_path / "none.log")


def test_lint_says_line_and_column_and_fails_on_errors(tmp_path):
    path = tmp_path / "rule.yaml"
    path.write_text("rules:\n- cre: {id: A-1}\n  rule: {set: {event: {source: x}, match: [{regex: '(a'}]}}\n")
    result = run("lint", path)
    assert result.exit_code == 1
    assert f"{path}:3:52: error: RE2 refuses" in result.stdout
    assert "0 rules, 1 errors" in result.stdout


def test_test_closes_with_a_count_and_fails_on_a_wrong_log(tmp_path, log):
    assert run("test", "catalogue").stdout.endswith("108 passed, 0 failed\n")
    (tmp_path / "rule.yaml").write_text(
        "rules:\n- cre: {id: A-1}\n  rule: {set: {event: {source: x}, match: [nope]}}\n"
    )
    log.rename(tmp_path / "positive.log")
    result = run("test", tmp_path)
    assert result.exit_code == 1
    assert "must match and does not" in result.stdout


def test_conformance_closes_with_a_count(data):
    result = run("conformance", data / "cre" / "multi_source", "--preq")
    assert result.stdout.endswith("5 passed, 0 failed\n")
