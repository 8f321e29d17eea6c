"""What is shared is shared: tests of one group run in one worker, or each worker starts a lab of its own."""

import os

import pytest


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process runs everything")
@pytest.mark.xdist_group("groups")
def test_a_group_is_part_of_a_tests_name(request):
    assert request.node.nodeid.endswith("@groups")
