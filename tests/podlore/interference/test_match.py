"""Pairs of the greatest gain: never above the bound, never far below it, and never a forbidden one."""

from itertools import combinations

import numpy as np
import pytest

from podlore.errors import BadInput
from podlore.interference import match as matching
from podlore.interference.kinds import kinds_of
from podlore.interference.match import match
from podlore.interference.pairs import Floats


def symmetric(n: int, seed: int, low: float = 0.0) -> Floats:
    table = np.random.default_rng(seed).uniform(low, 1.0, (n, n))
    return (table + table.T) / 2


def best_by_trying(gain: Floats, left: tuple[int, ...]) -> float:
    """Return the greatest sum over all ways to pair some of those that are left."""
    if len(left) < 2:
        return 0.0
    first, rest = left[0], left[1:]
    paired = (
        gain[first, other] + best_by_trying(gain, tuple(one for one in rest if one != other))
        for other in rest
        if np.isfinite(gain[first, other])
    )
    return max(best_by_trying(gain, rest), *paired, 0.0)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("exact_max", [0, 40])
def test_small_tables_are_matched_as_well_as_by_trying_all(
    seed: int, exact_max: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "EXACT_MAX", exact_max)
    gain = symmetric(7, seed, low=-0.5)
    for i, j in list(combinations(range(7), 2))[seed::4]:
        gain[i, j] = gain[j, i] = -np.inf
    best = best_by_trying(gain, tuple(range(7)))
    found = match(gain)
    assert best - 1e-9 <= found.upper_bound
    assert found.gain <= best + 1e-9
    assert found.gain == pytest.approx(best) if exact_max else found.gain >= 0.9 * best


def test_large_tables_come_within_a_thousandth_of_the_bound() -> None:
    kinds = np.random.default_rng(1).integers(0, 26, 400)
    for gain in (symmetric(400, 0), symmetric(400, 2, low=-1.0), symmetric(26, 3)[np.ix_(kinds, kinds)]):
        found = match(gain)
        assert found.upper_bound * 0.999 <= found.gain <= found.upper_bound + 1e-9


def test_jobs_that_are_alike_are_assigned_by_kind_as_well_as_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(4):
        kinds = np.random.default_rng(seed).integers(0, 9, 90)
        gain = symmetric(9, seed, low=-0.7)[np.ix_(kinds, kinds)]
        assert kinds_of(np.maximum(gain * ~np.eye(90, dtype=bool), 0.0)) is not None
        by_kind = match(gain)
        monkeypatch.setattr(matching, "kinds_of", lambda _: None)
        one_by_one = match(gain)
        monkeypatch.undo()
        assert by_kind.upper_bound == pytest.approx(one_by_one.upper_bound, rel=1e-9)
        assert by_kind.gain == pytest.approx(one_by_one.gain, rel=0.01)


def test_who_gains_something_else_with_one_other_is_of_another_kind() -> None:
    gain = np.full((50, 50), 0.3)
    np.fill_diagonal(gain, 0.0)
    gain[3, 7] = gain[7, 3] = 0.4
    found = kinds_of(gain)
    assert found is None or sorted(map(len, found.members)) == [2, 48]
    assert match(gain).gain == pytest.approx(0.4 + 24 * 0.3)


def test_nobody_is_paired_twice_or_at_a_loss() -> None:
    gain = symmetric(300, 4, low=-1.0)
    found = match(gain)
    members = [member for pair in found.pairs for member in pair]
    assert len(members) == len(set(members))
    assert all(gain[pair] > 0 for pair in found.pairs)


def test_a_forbidden_pair_is_never_chosen() -> None:
    gain = np.full((60, 60), -np.inf)
    gain[0, 1] = gain[1, 0] = 0.1
    assert match(gain).pairs == ((0, 1),)


def test_a_table_that_is_not_symmetric_is_refused() -> None:
    with pytest.raises(BadInput, match="not symmetric"):
        match(np.array([[0.0, 0.3], [0.2, 0.0]]))
    with pytest.raises(BadInput, match="square"):
        match(np.zeros((2, 3)))


def test_an_empty_table_has_no_pairs() -> None:
    assert match(np.zeros((0, 0))).pairs == ()
