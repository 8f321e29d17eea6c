"""GPU windows and steps of a scenario: what a Prometheus would answer."""

import pytest

from podlore.policy import Policy
from podlore.testing.scenario.samples import Row, Samples
from podlore.testing.scenario.steps import Trends
from podlore.testing.scenario.windows import gpu_windows
from podlore.vocabulary import GpuWindow

ACTIVE, UTIL, POWER = "DCGM_FI_PROF_GR_ENGINE_ACTIVE", "DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_POWER_USAGE"
END = 10_800.0


def row(seconds: float, value: float | None, metric: str = ACTIVE, pod: str = "nlp/a", gpu: str = "0") -> Row:
    return Row(seconds, "n", gpu, pod, metric, value)


def windows(*rows: Row, now: float = END) -> list[GpuWindow]:
    return gpu_windows(Samples(sorted(rows), END), now, Policy(), {"n": "NVIDIA-H100"})


def test_a_value_holds_until_the_next_one() -> None:
    [window] = windows(row(0, 0.9), row(7200, 0.5))
    assert (window.activity_max, window.activity_mean) == (0.9, pytest.approx(0.7, abs=0.01))
    assert (window.coverage, window.samples) == (1.0, 240)


def test_missing_samples_are_not_zero() -> None:
    [window] = windows(row(0, 0.9), row(5400, None), row(9000, 0.9))
    assert window.activity_mean == pytest.approx(0.9)
    assert window.coverage == pytest.approx(0.5, abs=0.01)


def test_the_first_metric_that_exists_counts_and_percent_become_shares() -> None:
    assert windows(row(0, 40.0, UTIL))[0].activity_max == pytest.approx(0.4)
    assert windows(row(0, 40.0, UTIL), row(0, 0.9))[0].activity_max == 0.9


def test_a_device_is_shared_by_those_who_have_it_now() -> None:
    both = windows(row(0, 0.1), row(0, 0.1, pod="nlp/b"))
    assert [(window.pod, window.sharing) for window in both] == [("a", 2), ("b", 2)]
    one_left = windows(row(0, 0.1), row(0, 0.1, pod="nlp/b"), row(10_500, None, pod="nlp/b"))
    assert {window.pod: window.sharing for window in one_left} == {"a": 1, "b": 1}


def test_who_let_go_long_ago_has_no_window() -> None:
    assert not windows(row(0, 0.1), row(7200, None))


def test_idle_devices_show_a_products_idle_power() -> None:
    rows = [row(0, 0.0), row(0, 70.0, POWER), row(0, 0.9, gpu="1", pod="nlp/b"), row(0, 500.0, POWER, "nlp/b", "1")]
    assert {window.power_idle_watts for window in windows(*rows)} == {70.0}


def test_steps_are_means_of_gauges_and_last_values_of_counters() -> None:
    counter = "node_infiniband_symbol_error_total"
    rows = [row(0, 0.0), row(150, 1.0), row(0, 5.0, counter, "", ""), row(290, 9.0, counter, "", ""), row(600, None)]
    by_metric = {one.metric: one.values for one in Trends(Samples(sorted(rows), END), 0.0).until(900)}
    assert by_metric[ACTIVE] == (pytest.approx(0.6), 1.0, None)
    assert by_metric[counter] == (9.0, 9.0, 9.0)
