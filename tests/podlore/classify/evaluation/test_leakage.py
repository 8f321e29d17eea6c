import numpy as np
import pytest

from podlore.classify.evaluation import folds
from podlore.classify.evaluation.folds import Fold
from podlore.classify.evaluation.labelled import Labelled
from podlore.classify.evaluation.leakage import require_clean, scan
from podlore.errors import BadInput


def sides(data: Labelled, fold: Fold) -> tuple[Labelled, Labelled]:
    return data.take(fold.train), data.take(fold.test)


@pytest.mark.parametrize("maker", [folds.by_family, folds.by_collection, folds.in_halves])
def test_no_split_of_the_protocol_leaks(data: Labelled, maker) -> None:
    for fold in maker(data):
        trained, tested = sides(data, fold)
        assert scan(trained.texts, tested.texts, (trained.family, tested.family)).is_clean, fold.name


def test_the_split_by_row_leaks_and_says_so(data: Labelled) -> None:
    fold = next(folds.by_row(data))
    trained, tested = sides(data, fold)
    found = scan(trained.texts, tested.texts, (trained.family, tested.family))
    assert fold.is_leaky
    assert found.shared_families > 0
    with pytest.raises(BadInput, match="rows-leaky leaks: on both sides are"):
        require_clean(found, "rows-leaky")


def test_a_near_copy_is_found_though_it_is_not_equal() -> None:
    found = scan(["the filesystem was corrupted badly"], ["the filesystem is corrupted badly"])
    assert (found.same_text, found.near_copies) == (0, 1)


def test_every_fold_tests_every_row_once(data: Labelled) -> None:
    for maker in (folds.by_family, folds.by_row, folds.by_collection):
        tested = np.concatenate([fold.test for fold in maker(data)])
        assert sorted(tested.tolist()) == list(range(len(data)))


def test_folds_are_the_same_each_time_and_balanced(data: Labelled) -> None:
    first, second = list(folds.by_family(data)), list(folds.by_family(data))
    assert all(np.array_equal(a.test, b.test) for a, b in zip(first, second, strict=True))
    shares = [np.bincount(data.truth[fold.test], minlength=6) / len(fold.test) for fold in first]
    assert np.std(shares, axis=0).max() < 0.12
