"""The book of advice under word that comes early, late, twice, and broken."""

from typing import Any

import pytest

from podlore.errors import BadInput
from podlore_operator.advice_book import AdviceBook
from podlore_operator.api.advice import ClusterSchedulingAdvice, SchedulingAdvice
from podlore_operator.writes import Key

KEY = Key("vision", "job-train-crashloop-d5a0b6bc")


def advice(version: int = 1, uid: str = "a1", *, acknowledged: bool = False, **metadata: Any) -> dict[str, Any]:
    target = {"kind": "Job", "name": "train", "group": "batch"}
    return {
        "apiVersion": "podlore.io/v1alpha1",
        "kind": "SchedulingAdvice",
        "metadata": {
            "namespace": KEY.namespace,
            "name": KEY.name,
            "uid": uid,
            "resourceVersion": str(version),
            **metadata,
        },
        "spec": {"target": target, "acknowledged": acknowledged},
    }


@pytest.fixture
def book() -> AdviceBook:
    return AdviceBook()


def test_it_holds_what_it_was_told(book: AdviceBook) -> None:
    assert book.put(advice())
    assert book.held[KEY].spec.target.name == "train"


def test_late_word_changes_nothing(book: AdviceBook) -> None:
    book.put(advice(9, acknowledged=True))
    assert not book.put(advice(5))
    assert not book.put(advice(9))
    assert book.held[KEY].spec.acknowledged


def test_versions_are_compared_as_numbers(book: AdviceBook) -> None:
    book.put(advice(9))
    assert book.put(advice(10))


def test_late_word_does_not_bring_the_deleted_back(book: AdviceBook) -> None:
    book.put(advice(9))
    assert book.delete(KEY, "a1")
    assert not book.put(advice(8))
    assert not book.held
    assert book.put(advice(12, uid="a2"))


def test_late_word_of_a_deletion_spares_the_successor(book: AdviceBook) -> None:
    book.put(advice(9))
    book.put(advice(12, uid="a2"))
    assert not book.delete(KEY, "a1")
    assert KEY in book.held


def test_what_a_list_lacks_is_gone_unless_it_is_younger_than_the_list(book: AdviceBook) -> None:
    book.put(advice(9))
    book.put(advice(21, name="younger"))
    assert book.replace(SchedulingAdvice, [], "20") == []
    assert list(book.held) == [Key("vision", "younger")]


def test_a_list_of_one_kind_says_nothing_about_the_other(book: AdviceBook) -> None:
    book.put(advice())
    book.replace(ClusterSchedulingAdvice, [], "20")
    assert KEY in book.held


def test_a_list_need_not_repeat_the_kind(book: AdviceBook) -> None:
    listed = {key: value for key, value in advice().items() if key not in ("kind", "apiVersion")}
    assert book.replace(SchedulingAdvice, [listed], "20") == []
    assert KEY in book.held


@pytest.mark.parametrize(
    "broken",
    [
        {"spec": {"target": {"kind": "Job"}}},
        {"spec": None},
        {"kind": "Secret"},
        {"status": {"state": "Huge" * 1000}},
    ],
)
def test_what_cannot_be_read_is_told_and_left_alone_until_it_can(book: AdviceBook, broken: dict[str, Any]) -> None:
    book.put(advice())
    with pytest.raises(BadInput, match=r"vision/job-train") as told:
        book.put({**advice(2), **broken})
    assert len(str(told.value)) < 300
    assert book.unreadable == {KEY}
    assert KEY not in book.held
    book.put(advice(3))
    assert not book.unreadable


def test_one_broken_object_does_not_spoil_a_list(book: AdviceBook) -> None:
    errors = book.replace(SchedulingAdvice, [{"metadata": {"name": "x"}}, advice()], "20")
    assert len(errors) == 1
    assert KEY in book.held
