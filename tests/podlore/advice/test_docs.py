"""What docs/advice.md says is what the code does."""

from pathlib import Path

import pytest

from podlore.advice import PASSES
from podlore.advice.advised import Withholding
from podlore.advice.conditions import DO_NOT_DISRUPT
from podlore.advice.outcome import OUTCOMES_MIN, PRIOR_WEIGHT
from podlore.advice.veto import IGNORE

TEXT = (Path(__file__).parents[3] / "docs" / "advice.md").read_text()


def test_the_passes_are_told_in_their_order() -> None:
    rows = [line.split("|")[1].strip() for line in TEXT.splitlines() if line.startswith("| ")][1:]
    assert rows == ["propose", *(one.__name__ for one in PASSES)]


@pytest.mark.parametrize(
    "said",
    [
        f"has {OUTCOMES_MIN} outcomes",
        f"weight of {PRIOR_WEIGHT:g}",
        f"`{IGNORE}=true`",
        *(key for key, _ in DO_NOT_DISRUPT),
        Withholding.NO_ACTION_OPEN,
        Withholding.GAIN_COVERS_ZERO,
    ],
)
def test_its_numbers_and_names_are_those_of_the_code(said: str) -> None:
    assert said in TEXT
