import gzip

import pytest

from podlore.errors import BadInput
from podlore.simulate.placement.orders import in_tie_order, read_order
from podlore.traces.job import NodeShape

NODES = [NodeShape(f"openb-node-{i:04d}") for i in range(3)]


def test_short_names_are_completed_and_gzip_is_read(tmp_path):
    path = tmp_path / "order.txt.gz"
    path.write_bytes(gzip.compress(b"0002\nopenb-node-0000\n"))
    assert read_order(path, NODES) == ["openb-node-0002", "openb-node-0000"]


def test_an_unknown_name_is_reported_with_its_line(tmp_path):
    path = tmp_path / "order.txt"
    path.write_text("0001\n0009\n")
    with pytest.raises(BadInput, match="line 2 names '0009'"):
        read_order(path, NODES)


@pytest.mark.parametrize("content", [b"\x1f\x8b cut off", b"\xff\xfe"])
def test_a_broken_file_is_a_clear_error(tmp_path, content):
    path = tmp_path / "order.txt.gz"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="cannot read the order"):
        read_order(path, NODES)


def test_a_node_order_must_name_each_node_once():
    with pytest.raises(BadInput, match="not each of the 3 nodes once"):
        in_tie_order(NODES, ["openb-node-0000"] * 3)
