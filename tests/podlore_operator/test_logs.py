"""Log lines for people and for machines."""

import json
import logging
from collections.abc import Iterator

import pytest

from podlore_operator.logs import set_up_logs


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level


def test_json_lines_are_json_also_with_an_exception(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("json", "info")
    logger = logging.getLogger("podlore_operator.test")
    logger.info("two\nlines %s", "ü")
    try:
        _ = {}["x"]
    except KeyError:
        logger.exception("failed")
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (first["level"], first["message"]) == ("info", "two\nlines ü")
    assert "KeyError" in second["exception"]


def test_what_others_log_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("text", "debug")
    logging.getLogger("kopf.objects").debug("a body")
    logging.getLogger("urllib3.connectionpool").warning("Retrying")
    assert capsys.readouterr().err == ""
