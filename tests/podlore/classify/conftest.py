import pytest

from podlore.classify.training import Row, rows_of_generated
from podlore.events.generator import generate


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    """A small training set: enough of every class, quick to learn."""
    return list(rows_of_generated(generate(seed=3, n_incidents=200)))[:3_000]
