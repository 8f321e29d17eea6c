"""Metrics: one registry each, closed labels, bad input counted always and logged once."""

import asyncio
import logging
import time

import pytest

from podlore_operator.serve.loop_lag import LoopLag
from podlore_operator.serve.telemetry import Telemetry


def test_two_operators_in_one_process_do_not_share_metrics() -> None:
    one, other = Telemetry(), Telemetry()
    one.rounds.inc()
    assert "podlore_rounds_total 1.0" in one.render().decode()
    assert "podlore_rounds_total 0.0" in other.render().decode()


def test_every_metric_of_ours_has_our_prefix_and_a_text() -> None:
    families = list(Telemetry().registry.collect())
    ours = [family for family in families if not family.name.startswith(("process_", "python_"))]
    assert len(ours) > 20
    assert all(family.name.startswith("podlore_") and family.documentation for family in ours)


def test_bad_input_is_counted_always_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    telemetry, logger = Telemetry(), logging.getLogger("test")
    for _ in range(5):
        telemetry.once(logger, "advice", "bad\nnews" + "!" * 10_000)
    telemetry.once(logger, "advice", "other news")
    assert telemetry.registry.get_sample_value("podlore_skipped_total", {"source": "advice"}) == 6
    assert len(caplog.records) == 2
    assert all("\n" not in record.getMessage() and len(record.getMessage()) < 600 for record in caplog.records)


def test_a_flood_of_different_bad_input_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    telemetry, logger = Telemetry(), logging.getLogger("test")
    for number in range(3000):
        telemetry.once(logger, "advice", f"bad {number}")
    assert len(caplog.records) == 1000


async def test_a_loop_that_stands_still_shows() -> None:
    lag = LoopLag()
    running = asyncio.create_task(lag.run())
    await asyncio.sleep(0)
    assert lag.seconds < 0.25
    time.sleep(0.5)  # noqa: ASYNC251 - this is what is measured
    assert lag.seconds > 0.3
    await asyncio.sleep(0.05)
    assert lag.seconds > 0.3, "it is remembered for a while"
    running.cancel()
