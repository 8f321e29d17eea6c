"""What tests share: the one lab of a run, fresh namespaces, and where third-party data may lie."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from podlore_lab.cluster import Lab
from podlore_lab.programs import programs

ROOT = Path(__file__).parent.parent
LAB_FIXTURES = {"lab", "fresh_namespace", "several_labs"}


@pytest.hookimpl(tryfirst=True)  # before pytest reads `-m`
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the lab, and keep it in one worker: starting two on two cores takes longer than sharing one."""
    for item in items:
        if LAB_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.lab)
            item.add_marker(pytest.mark.xdist_group("lab"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build the control plane before the first test that needs it: no test's time limit covers that."""
    if not session.config.option.collectonly and any(item.get_closest_marker("lab") for item in session.items):
        programs()


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """A running lab, shared by the whole run; use `fresh_namespace` to stay out of each other's way."""
    with Lab() as running:
        yield running


@pytest.fixture
def fresh_namespace(lab: Lab) -> Iterator[str]:
    """A namespace of this test's own, in which pods can be created at once."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    lab.create_namespace(name)
    yield name
    lab.api.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of third-party data, ``$PODLORE_DATA`` or beside the checkout; without it the test is skipped."""
    folder = Path(os.environ.get("PODLORE_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no third-party data at {folder}; set PODLORE_DATA to where it lies")
    return folder
