import time

import pytest

from podlore.errors import BadInput
from podlore.traces import NodeShape
from podlore_lab.nodes import create_nodes, generate_nodes, list_nodes, node_object, read_shapes

OPENB = "sn,cpu_milli,memory_mib,gpu,model\n"


def nodes_of(lab, rack):
    return [node for node in list_nodes(lab.api) if node["metadata"]["labels"].get("topology.podlore.io/rack") == rack]


def test_a_node_has_the_labels_of_the_contract_and_a_lease(lab, pool):
    shape = NodeShape(
        f"{pool.namespace}-a", "NVIDIA-H100-80GB-HBM3", 8, 81559, 96_000, 1_048_576, "zone-b", pool.namespace, "c.1"
    )
    create_nodes(lab.api, [shape])
    node = nodes_of(lab, pool.namespace)[0]
    labels = {key: value for key, value in node["metadata"]["labels"].items() if not key.startswith("beta.")}
    assert labels == {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": shape.name,
        "kubernetes.io/os": "linux",
        "nvidia.com/gpu.clique": "c.1",
        "nvidia.com/gpu.count": "8",
        "nvidia.com/gpu.memory": "81559",
        "nvidia.com/gpu.present": "true",
        "nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3",
        "nvidia.com/gpu.replicas": "1",
        "nvidia.com/gpu.sharing-strategy": "none",
        "topology.kubernetes.io/region": "lab",
        "topology.kubernetes.io/zone": "zone-b",
        "topology.podlore.io/rack": pool.namespace,
    }
    assert node["metadata"]["annotations"]["kwok.x-k8s.io/node"] == "fake"
    assert {"key": "kwok.x-k8s.io/node", "value": "fake", "effect": "NoSchedule"} in node["spec"]["taints"]
    assert node["status"]["allocatable"]["nvidia.com/gpu"] == "8"
    assert node["status"]["nodeInfo"]["kubeletVersion"].startswith("kwok-")
    lease = lab.api.get(f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{shape.name}")
    assert lease["spec"]["leaseDurationSeconds"] == 40


def test_three_hundred_nodes_are_ready_quickly(lab, pool):
    shapes = [NodeShape(f"{pool.namespace}-{n}", "A10", 2, 24576, 8000, 32768, rack=pool.namespace) for n in range(300)]
    began = time.monotonic()
    create_nodes(lab.api, shapes)
    assert time.monotonic() - began < 60  # 4 s on two idle cores
    assert len(nodes_of(lab, pool.namespace)) == 300


def test_a_node_that_exists_is_named(lab, pool):
    name = pool.add_nodes(1, 0)[0]
    with pytest.raises(BadInput, match=f"node {name}: it exists already"):
        create_nodes(lab.api, [NodeShape(name, cpu_milli=1, memory_mib=1)])


def test_a_name_that_no_node_may_have_is_refused_with_the_servers_reason(lab):
    with pytest.raises(BadInput, match=r"node Not_A_Node: .*Invalid value"):
        create_nodes(lab.api, [NodeShape("Not_A_Node", cpu_milli=1, memory_mib=1)])


def test_time_slicing_multiplies_what_a_node_has():
    node = node_object(NodeShape("n", "A10", 4, 24576, 8000, 32768), slices=5)
    assert node["status"]["capacity"]["nvidia.com/gpu"] == "20"
    assert node["metadata"]["labels"]["nvidia.com/gpu.count"] == "4"
    assert node["metadata"]["labels"]["nvidia.com/gpu.replicas"] == "5"


def test_a_node_without_gpus_has_no_gpu_labels():
    node = node_object(NodeShape("n", cpu_milli=8000, memory_mib=32768))
    assert not [label for label in node["metadata"]["labels"] if label.startswith("nvidia.com")]
    assert "nvidia.com/gpu" not in node["status"]["capacity"]


def test_generated_racks_lie_in_one_zone_each():
    shapes = generate_nodes(100, nodes_per_rack=8, zones=3, racks_per_clique=2)
    assert len({shape.name for shape in shapes}) == 100
    zones_by_rack = {shape.rack: {s.zone for s in shapes if s.rack == shape.rack} for shape in shapes}
    assert len(zones_by_rack) == 13
    assert all(len(zones) == 1 for zones in zones_by_rack.values())
    assert {shape.zone for shape in shapes} == {"zone-a", "zone-b", "zone-c"}
    assert len({shape.clique for shape in shapes}) == 7


@pytest.mark.parametrize("asked", [{"count": -1}, {"count": 1, "zones": 0}, {"count": 1, "nodes_per_rack": 0}])
def test_impossible_clusters_are_refused(asked):
    with pytest.raises(BadInput, match="no nodes with"):
        generate_nodes(**asked)


def test_bad_rows_of_a_list_are_told_and_left_out(tmp_path):
    file = tmp_path / "nodes.csv"
    file.write_text(f"{OPENB}a,64000,262144,2,P100\nb,many,262144,2,P100\nc,64000,262144,8,G2\n")
    shapes, problems = read_shapes(file)
    assert [shape.name for shape in shapes] == ["a", "c"]
    assert len(problems) == 1
    assert str(problems[0]).startswith("row 3: ")
    assert "many" in str(problems[0])


def test_strict_stops_at_the_first_bad_row(tmp_path):
    file = tmp_path / "nodes.csv"
    file.write_text(f"{OPENB}a,64000,262144,2,P100\nb,many,262144,2,P100\n")
    with pytest.raises(BadInput, match="row 3: "):
        read_shapes(file, strict=True)


def test_a_list_without_a_node_is_refused(tmp_path):
    file = tmp_path / "nodes.csv"
    file.write_text(OPENB)
    with pytest.raises(BadInput, match="is no list of nodes"):
        read_shapes(file)


def test_openbs_nodes_are_read_whole(data):
    shapes, problems = read_shapes(data / "openb" / "openb_node_list_gpu_node.csv", strict=True)
    assert (len(shapes), sum(shape.gpus for shape in shapes), problems) == (1213, 6212, ())
