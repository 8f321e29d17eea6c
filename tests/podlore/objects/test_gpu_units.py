import pytest

from podlore.errors import BadInput
from podlore.objects.gpu_units import gpu_capacity, gpu_request, is_gpu_resource
from podlore.objects.quantity import nano


def amounts(**by_name):
    return {name: nano(amount) for name, amount in by_name.items()}


@pytest.mark.parametrize(
    ("resources", "gpu_milli", "name"),
    [
        ({"nvidia.com/gpu": 8}, 8000, "nvidia.com/gpu"),
        ({"nvidia.com/gpu.shared": 2}, 2000, "nvidia.com/gpu.shared"),
        ({"amd.com/gpu": 1}, 1000, "amd.com/gpu"),
        ({"gpu.intel.com/i915": 1}, 1000, "gpu.intel.com/i915"),
        ({"gpu.intel.com/i915": 1, "gpu.intel.com/millicores": 300}, 300, "gpu.intel.com/millicores"),
        ({"nvidia.com/mig-1g.5gb": 1}, 142, "nvidia.com/mig-1g.5gb"),
        ({"nvidia.com/mig-3g.20gb": 2}, 856, "nvidia.com/mig-3g.20gb"),
        ({"nvidia.com/mig-7g.80gb": 1}, 1000, "nvidia.com/mig-7g.80gb"),
        ({"nvidia.com/mig-2g.12gb": 1}, 500, "nvidia.com/mig-2g.12gb"),
        ({"nvidia.com/mig-1g.10gb.me": 1}, 142, "nvidia.com/mig-1g.10gb.me"),
        ({"nvidia.com/gpu": 2, "nvidia.com/gpucores": 50}, 1000, "nvidia.com/gpu"),
        ({"volcano.sh/vgpu-number": 1, "volcano.sh/vgpu-memory-percentage": 30}, 300, "volcano.sh/vgpu-number"),
        ({"koordinator.sh/gpu": 150}, 1500, "koordinator.sh/gpu"),
        ({"koordinator.sh/gpu-core": 50, "koordinator.sh/gpu-memory-ratio": 80}, 800, "koordinator.sh/gpu"),
        (
            {"deviceclass.resource.kubernetes.io/gpu.nvidia.com": 1},
            1000,
            "deviceclass.resource.kubernetes.io/gpu.nvidia.com",
        ),
        ({}, 0, ""),
        ({"nvidia.com/gpu": 0}, 0, ""),
    ],
)
def test_a_pods_gpus_count_under_every_known_name(resources, gpu_milli, name):
    assert gpu_request(amounts(**resources), {}) == (gpu_milli, name)


@pytest.mark.parametrize(
    ("annotations", "gpu_milli"),
    [
        ({"gpu-fraction": "0.25"}, 250),
        ({"gpu-fraction": "0.5", "gpu-fraction-num-devices": "3"}, 1500),
        ({"gpu-memory": "4096"}, 1000),
        ({"alibabacloud.com/gpu-milli": "460", "alibabacloud.com/gpu-count": "1"}, 460),
        ({"alibabacloud.com/gpu-milli": "1000", "alibabacloud.com/gpu-count": "8"}, 8000),
    ],
)
def test_shares_are_read_from_annotations(annotations, gpu_milli):
    assert gpu_request({}, annotations) == (gpu_milli, "nvidia.com/gpu")


def test_a_share_that_is_no_number_names_its_place():
    with pytest.raises(BadInput, match=r"'half'.*\$\.metadata\.annotations"):
        gpu_request({}, {"gpu-fraction": "half"})


def test_a_node_adds_its_devices_and_its_mig_instances():
    node = amounts(**{"nvidia.com/gpu": 4, "nvidia.com/mig-3g.40gb": 8})
    assert gpu_capacity(node) == (4000 + 8 * 428, "nvidia.com/gpu")


def test_a_node_with_virtual_devices_offers_its_cores_once():
    node = amounts(**{"volcano.sh/vgpu-number": 40, "volcano.sh/vgpu-cores": 400})
    assert gpu_capacity(node) == (4000, "volcano.sh/vgpu-number")


def test_what_comes_with_a_gpu_is_none():
    assert not any(map(is_gpu_resource, ["nvidia.com/nvlink", "cpu", "rdma/ib", "gpu.intel.com/i915_monitoring"]))
