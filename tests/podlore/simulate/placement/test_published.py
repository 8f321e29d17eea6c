"""The published placement study, reproduced where its tables and the trace are at hand."""

import os
from pathlib import Path

import pytest

from podlore.simulate.placement.published import compare
from podlore.traces.read_trace import read_nodes, read_trace

DATA = Path(os.environ.get("PODLORE_DATA", Path(__file__).parents[4].parent / "shared" / "data"))

pytestmark = pytest.mark.skipif(not (DATA / "fgd").is_dir(), reason="needs the published tables: set PODLORE_DATA")


@pytest.fixture(scope="module")
def openb():
    return (
        read_nodes(DATA / "openb" / "openb_node_list_gpu_node.csv"),
        read_trace(DATA / "openb" / "openb_pod_list_default.csv").jobs,
    )


@pytest.mark.parametrize("policy", ["DotProd", "GpuClustering", "GpuPacking", "BestFit", "FGD"])
def test_every_cell_of_ten_seeds_equals_the_published_table(policy, openb):
    rows = list(compare(DATA / "fgd", *openb, [policy]))
    assert len(rows) == 10
    assert max(row.allocation_difference for row in rows) <= 0.0100001
    assert max(row.fragmentation_difference for row in rows) <= 0.0100001


def test_random_lies_within_the_published_spread(openb):
    rows = list(compare(DATA / "fgd", *openb, ["Random"]))
    ours = sum(row.ours[1] for row in rows) / len(rows)
    published = sum(row.published[1] for row in rows) / len(rows)
    assert abs(ours - published) < 0.32  # the published standard deviation over seeds
