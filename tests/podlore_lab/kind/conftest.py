"""The one kind cluster of a run; minutes, root and a container engine, so only where PODLORE_TEST_KIND=1 says so."""

import os

import pytest

from podlore_lab.kind import dockerd, host_state
from podlore_lab.kind.kind_lab import KindLab, check_needs
from podlore_lab.kind.operator_image import build_operator_image, operator_image_name

SWITCH = "PODLORE_TEST_KIND"


def pytest_collection_modifyitems(items):
    """Mark what needs the cluster, keep it in one worker, and skip it where nobody asked for it."""
    for item in items:
        if "on_kind" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.kind)
            item.add_marker(pytest.mark.xdist_group("kind"))
            item.add_marker(pytest.mark.timeout(1800))
            if os.environ.get(SWITCH) != "1":
                item.add_marker(pytest.mark.skip(reason=f"a kind cluster takes minutes; set {SWITCH}=1"))


@pytest.fixture(scope="session")
def on_kind(tmp_path_factory):
    """A kind cluster with podlore's image on its nodes; the host is compared at the end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PODLORE_LABS", str(tmp_path_factory.mktemp("labs")))
        check_needs(own_dockerd=True, build=False)  # somebody asked for these tests: what is missing is an error
        before = host_state.record()
        with KindLab("test", own_dockerd=True) as lab:
            build_operator_image(lab.engine, operator_image_name(), say=print)
            lab.load_image(operator_image_name())
            yield lab
        assert lab.left_behind == []
        assert host_state.differences(before, host_state.record()) == []
        assert dockerd.running() is None
