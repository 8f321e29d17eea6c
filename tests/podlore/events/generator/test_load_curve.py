from random import Random

import pytest

from podlore.events.generator.load_curve import HOUR_SECONDS, LoadCurve, fit


def test_a_fitted_curve_finds_the_planted_day_and_burstiness() -> None:
    planted, rng = LoadCurve(burstiness=0.5), Random(0)
    starts = [
        hour * HOUR_SECONDS + 1.0
        for hour in range(24 * 400)
        for _ in range(round(200 * planted.draw(hour * HOUR_SECONDS, rng)))
    ]
    found = fit(starts)
    assert found.by_hour == pytest.approx(planted.by_hour, rel=0.12)
    assert found.burstiness == pytest.approx(0.5, abs=0.05)


def test_an_even_trace_has_no_bursts() -> None:
    assert fit([hour * 3600.0 for hour in range(48) for _ in range(10)]).burstiness == 0
