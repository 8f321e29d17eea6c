"""The node lists of openb."""

from collections import Counter
from pathlib import Path

import pytest

from podlore.errors import BadInput
from podlore.traces import read_nodes

HEADER = "sn,cpu_milli,memory_mib,gpu,model\n"


def test_a_node_without_gpus_has_no_product(tmp_path: Path) -> None:
    path = tmp_path / "nodes.csv"
    path.write_text(HEADER + "a,32000,262144,0,\nb,64000,262144,2,P100\n")
    first, second = read_nodes(path)
    assert (first.product, first.gpus) == ("", 0)
    assert (second.product, second.gpus, second.gpu_memory_mib) == ("P100", 2, 16384)


@pytest.mark.parametrize(
    ("row", "reason"), [("a,1,1,4,\n", "4 GPUs and no model"), (",1,1,0,\n", "no sn"), ("a,0,1,0,\n", "cpu_milli 0")]
)
def test_a_cluster_with_a_bad_row_is_refused(tmp_path: Path, row: str, reason: str) -> None:
    path = tmp_path / "nodes.csv"
    path.write_text(HEADER + row)
    with pytest.raises(BadInput, match=f"row 2: {reason}"):
        read_nodes(path)


def test_a_list_of_pods_is_no_list_of_nodes(tmp_path: Path) -> None:
    path = tmp_path / "pods.csv"
    path.write_text("name,submit_seconds\na,1\n")
    with pytest.raises(BadInput, match="is no list of nodes: it is a podlore jobs"):
        read_nodes(path)


def test_the_public_lists_have_the_published_sizes(data: Path) -> None:
    nodes = read_nodes(data / "openb" / "openb_node_list_all_node.csv")
    assert (len(nodes), sum(node.gpus > 0 for node in nodes), sum(node.gpus for node in nodes)) == (1523, 1213, 6212)
    gpus = Counter[str]()
    for node in nodes:
        gpus[node.product] += node.gpus
    assert (gpus["G2"], gpus["T4"], gpus["A10"]) == (4392, 842, 2)
    assert len(read_nodes(data / "openb" / "openb_node_list_gpu_node.csv")) == 1213
