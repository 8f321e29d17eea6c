"""The interference graph: who stands out, who belongs together, and who should go."""

import pytest

from podlore.errors import BadInput
from podlore.interference.graph import Slowdown, communities, interference_graph, roles, separating_move


def slow(aggressor: str, victim: str, loss: float = 0.3) -> Slowdown:
    return Slowdown(aggressor, victim, loss, loss / 2, min(2 * loss, 1.0), "CPU")


def test_the_one_that_slows_all_others_is_moved_away() -> None:
    graph = interference_graph([slow("loud", name) for name in "abc"])
    assert separating_move(graph, ["a", "b", "c", "loud"]) == ("loud",)
    assert roles(graph)[0].name == "loud"


def test_of_two_the_one_that_inflicts_more_goes() -> None:
    assert separating_move(interference_graph([slow("z", "a")]), ["a", "z"]) == ("z",)
    assert separating_move(interference_graph([slow("a", "z")]), ["a", "z"]) == ("a",)


def test_two_pairs_that_are_at_odds_are_parted_crosswise() -> None:
    graph = interference_graph([slow("a", "b", 0.9), slow("c", "d", 0.9)])
    moved = set(separating_move(graph, list("abcd")))
    assert len(moved & set("ab")) <= 1
    assert len(moved & set("cd")) <= 1
    assert moved


def test_nobody_moves_where_nobody_is_slowed() -> None:
    assert separating_move(interference_graph([slow("a", "b")]), ["c", "d"]) == ()
    assert separating_move(interference_graph([]), ["a", "b"]) == ()


def test_groups_that_do_not_meet_are_apart() -> None:
    graph = interference_graph([slow("a", "b"), slow("b", "c"), slow("x", "y")])
    assert communities(graph) == (("a", "b", "c"), ("x", "y"))


def test_of_a_pair_seen_twice_the_surest_counts() -> None:
    graph = interference_graph([slow("a", "b", 0.2), slow("a", "b", 0.4), slow("a", "a")])
    assert graph.edges["a", "b"]["loss"] == 0.4
    assert graph.number_of_edges() == 1


@pytest.mark.parametrize("values", [(0.3, 0.4, 0.5), (float("nan"), 0.1, 0.2), (0.3, 0.1, 1.2)])
def test_what_is_no_share_with_its_interval_is_refused(values: tuple[float, float, float]) -> None:
    with pytest.raises(BadInput, match="no shares in ascending order"):
        Slowdown("a", "b", *values)
