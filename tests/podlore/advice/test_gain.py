"""What following an advice brings: idle history, deadlines, prices, and figures that stay put."""

from dataclasses import replace

import pytest

from podlore.advisor import advise
from podlore.policy import Policy, Prices
from podlore.snapshot import Snapshot
from podlore.testing import HOUR, activity, gpu_window, job, node, pod, snapshot
from podlore.vocabulary import Gain, Recommendation

OWNER = job("train")
IDLE = pod("train-0", node="gpu-1", gpus=1, controller=OWNER.ref, age=20 * HOUR)
WINDOW = gpu_window(IDLE, activity=0.0)
PRODUCT = {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}


def cluster(**more: object) -> Snapshot:
    nodes = (node("gpu-1", labels=PRODUCT),)
    made = {"pods": (IDLE,), "nodes": nodes, "controllers": (OWNER,), "gpu_windows": (WINDOW,), "has_metrics": True}
    return snapshot(**made | more)


def given(seen: Snapshot) -> Recommendation:
    [one] = advise(seen).recommendations
    return one


def gain(seen: Snapshot, unit: str = "GPUHours") -> Gain | None:
    return next((one for one in given(seen).gains if one.unit == unit), None)


def comes_back(idle_steps: int) -> Snapshot:
    """It was idle for so many steps of five minutes, then worked for six, again and again; now it idles for 2.5 h."""
    values = ([0.0] * idle_steps + [0.9] * 6) * 6
    return cluster(series=(activity(IDLE, [*values[-114:], *[0.0] * 30]),))


def test_whoever_came_back_soon_before_is_expected_back_sooner() -> None:
    never, often = gain(cluster()), gain(comes_back(6))
    assert never is not None
    assert often is not None
    assert often.expected < never.expected / 2
    assert any("idle spells that ended before" in line for line in given(comes_back(6)).arithmetic)


def test_a_deadline_bounds_the_gain() -> None:
    bounded = gain(cluster(controllers=(replace(OWNER, deadline_seconds=23 * HOUR),)))
    assert bounded is not None
    assert bounded.high <= 4
    over = cluster(controllers=(replace(OWNER, deadline_seconds=19 * HOUR),))
    assert [one.reason for one in advise(over).withheld] == ["GainCoversZero"]


def test_money_is_hours_at_the_price_of_the_product_and_absent_without_one() -> None:
    prices = Policy(prices=Prices({"default": 1.0, "NVIDIA-H100": 3.0}))
    hours, money = gain(cluster(policy=prices)), gain(cluster(policy=prices), "USD")
    assert hours is not None
    assert money is not None
    assert money.expected == pytest.approx(3 * hours.expected, rel=0.05)
    assert gain(cluster(policy=Policy(prices=Prices({})))) == hours
    assert gain(cluster(policy=Policy(prices=Prices({}))), "USD") is None


def test_a_minute_later_the_figures_are_the_same() -> None:
    for seen in (cluster(), comes_back(6)):
        assert given(replace(seen, now=seen.now + 60)).arithmetic == given(seen).arithmetic
