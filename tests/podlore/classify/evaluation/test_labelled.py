from pathlib import Path

import numpy as np
import pytest

from podlore.classify.evaluation.labelled import Labelled, is_open, join_families, read_labelled
from podlore.errors import BadInput


def test_rows_come_with_truth_family_and_origin(data: Labelled) -> None:
    assert len(data) == len(data.truth) == len(data.family) == len(data.collection) > 500
    assert set(data.collection) == {"house/a", "house/b", "house/c"}
    assert 0.8 < data.is_clear.mean() < 1
    assert data.is_event.any()
    assert not data.is_event.all()


def test_some_rows_are_those_rows(data: Labelled) -> None:
    some = data.take([3, 1])
    assert some.texts == (data.texts[3], data.texts[1])
    assert some.family.tolist() == [data.family[3], data.family[1]]


def test_a_chain_of_names_and_likeness_joins_all_of_it() -> None:
    assert join_families(["a", "", "b", "b", ""], np.array([0, 0, 0, 1, 2])).tolist() == [0, 0, 0, 0, 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("message,target_category\nx,Network\ny,Nonsense\n", "row 3: target_category is 'Nonsense'"),
        ("message,target_category\nx,Network\n", "no rows of Application, Memory"),
        ("text\nx\n", "no column 'message'"),
    ],
)
def test_a_set_that_cannot_be_measured_on_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "rows.csv").write_text(content)
    with pytest.raises(BadInput, match=message):
        read_labelled(tmp_path / "rows.csv")


def test_only_the_plain_licence_is_open() -> None:
    assert is_open("Apache-2.0")
    assert not is_open("Apache-2.0 / excerpt")
    assert not is_open("GPL-2.0-or-later")
