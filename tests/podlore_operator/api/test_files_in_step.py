"""The generated files are those that the code generates."""

from pathlib import Path

import pytest

from podlore_operator.api.reference import reference
from podlore_operator.cli.crds import check

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("folder", ["crds", "charts/podlore/files/crds"])
def test_the_crds_in_the_repository_are_generated(folder):
    check(ROOT / folder)


def test_the_reference_in_the_docs_is_generated():
    assert (ROOT / "docs" / "api.md").read_text() == reference(), "run: podlore crds reference > docs/api.md"
