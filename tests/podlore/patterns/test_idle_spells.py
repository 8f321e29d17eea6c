"""Idle spells: what ended, what lasts, and who lives on calls."""

from collections.abc import Sequence

import pytest

from podlore.patterns.idle_spells import IdleSpells, idle_spells
from podlore.testing import activity, pod, snapshot
from podlore.view import ClusterView

SERVER = pod("serve-0", node="gpu-1", gpus=1)
TARGET = ClusterView(snapshot(pods=(SERVER,))).workloads[0].ref
WORK, REST = [0.4], [0.0]


def spells(values: Sequence[float | None]) -> IdleSpells:
    return idle_spells(ClusterView(snapshot(pods=(SERVER,), series=(activity(SERVER, values),))), TARGET)


def test_spells_between_work_have_ended_and_the_last_one_has_not() -> None:
    found = spells([*WORK, *REST * 4, *WORK, *REST * 7])
    assert (found.ended, found.present_seconds, found.returns) == ((1200,), 2100, 1)


def test_the_beginning_of_the_record_is_no_return_to_work() -> None:
    assert spells([*REST * 9, *WORK]).returns == 0


def test_what_is_not_known_is_neither_idle_nor_work() -> None:
    assert spells([*WORK, *REST * 4, None, *REST * 4, *WORK] * 9).returns == 0


@pytest.mark.parametrize(("bursts", "has_traffic"), [(6, False), (7, True)])
def test_who_comes_back_again_and_again_has_traffic(bursts: int, has_traffic: bool) -> None:
    assert spells([*(WORK + REST * 2) * bursts, *REST * 40]).has_traffic is has_traffic


def test_without_a_record_nothing_is_known() -> None:
    assert idle_spells(ClusterView(snapshot(pods=(SERVER,))), TARGET) == IdleSpells()
