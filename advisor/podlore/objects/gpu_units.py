"""GPUs under their many names: amounts by resource and annotations come in, thousandths of a GPU leave.

A whole device is 1,000. A MIG instance is its share of compute slices. A replica of a time-sliced GPU counts as 1,000
on the pod and on the node alike, because a pod does not tell how many replicas its device has; `GpuWindow.sharing`
does. Called for pods, pod templates and nodes.

References
----------
NVIDIA device plugin and MIG user guide; AMD and Intel device plugins; HAMi, Volcano, Koordinator, KAI scheduler;
KEP-5004 for extended resources backed by DRA; Alibaba's openb trace for the annotations of its simulator.
"""

import re
from collections.abc import Mapping

from podlore.errors import BadInput
from podlore.objects.quantity import milli, nano

NVIDIA = "nvidia.com/gpu"

_MILLI_BY_DEVICE: Mapping[str, int] = {
    NVIDIA: 1000,
    "nvidia.com/gpu.shared": 1000,
    "amd.com/gpu": 1000,
    "gpu.intel.com/i915": 1000,
    "gpu.intel.com/xe": 1000,
    "deviceclass.resource.kubernetes.io/gpu.nvidia.com": 1000,
    "deviceclass.resource.kubernetes.io/gpu.amd.com": 1000,
    "volcano.sh/gpu-number": 1000,
    "volcano.sh/vgpu-number": 1000,
}
# Per device of the same pod: a percentage of it.
_PERCENT_OF_DEVICE: Mapping[str, tuple[str, ...]] = {
    NVIDIA: ("nvidia.com/gpucores", "nvidia.com/gpumem-percentage"),
    "volcano.sh/vgpu-number": ("volcano.sh/vgpu-cores", "volcano.sh/vgpu-memory-percentage"),
}
# In sum over the devices: 100 is one of them.
_PERCENT_IN_SUM = ("koordinator.sh/gpu", "koordinator.sh/gpu-core", "koordinator.sh/gpu-memory-ratio")
_INTEL_MILLI = "gpu.intel.com/millicores"

_NAMES = frozenset(
    {
        *_MILLI_BY_DEVICE,
        *_PERCENT_IN_SUM,
        _INTEL_MILLI,
        *(name for names in _PERCENT_OF_DEVICE.values() for name in names),
    }
)
_MIG = re.compile(r"nvidia\.com/mig-([0-9])g\.([0-9]{1,3})gb(?:\..*)?")
_MIG_SLICES = 7
_A30_PROFILES = frozenset({("1", "6"), ("2", "12"), ("4", "24")})
_A30_SLICES = 4


def is_gpu_resource(name: str) -> bool:
    """Say whether a resource name speaks of GPUs.

    >>> is_gpu_resource("nvidia.com/mig-1g.10gb"), is_gpu_resource("nvidia.com/nvlink")
    (True, False)
    """
    return name in _NAMES or name.startswith("nvidia.com/mig-")


def gpu_request(amounts_nano: Mapping[str, int], annotations: Mapping[str, str]) -> tuple[int, str]:
    """Return what a pod asks for: thousandths of a GPU, and the resource name that asks for most of it.

    >>> gpu_request({"nvidia.com/gpu": 2 * 10**9}, {})
    (2000, 'nvidia.com/gpu')
    >>> gpu_request({}, {"gpu-fraction": "0.5"})
    (500, 'nvidia.com/gpu')
    """
    by_name = {name: _devices_milli(name, amounts_nano) for name in amounts_nano}
    return _largest(by_name, _percent_in_sum(amounts_nano)) or _annotated(annotations) or (0, "")


def gpu_capacity(amounts_nano: Mapping[str, int]) -> tuple[int, str]:
    """Return what a node offers, likewise; percentages of virtual devices add up over the node.

    >>> gpu_capacity({"nvidia.com/gpu": 8 * 10**9})
    (8000, 'nvidia.com/gpu')
    """
    cores = amounts_nano.get("volcano.sh/vgpu-cores", 0)
    by_name = {name: milli(amount) * _unit(name) // 1000 for name, amount in amounts_nano.items()}
    if cores:
        by_name["volcano.sh/vgpu-number"] = milli(cores) // 100
    return _largest(by_name, _percent_in_sum(amounts_nano)) or (0, "")


def _largest(milli_by_name: Mapping[str, int], in_sum_milli: int) -> tuple[int, str] | None:
    devices = {name: amount for name, amount in milli_by_name.items() if amount}
    if in_sum_milli:  # a scheduler's own view of the same devices
        return in_sum_milli, "koordinator.sh/gpu"
    if not devices:
        return None
    return sum(devices.values()), max(devices, key=lambda name: (devices[name], name))


def _devices_milli(name: str, amounts_nano: Mapping[str, int]) -> int:
    whole_milli = milli(amounts_nano[name]) * _unit(name) // 1000
    percents = [amounts_nano[other] for other in _PERCENT_OF_DEVICE.get(name, ()) if other in amounts_nano]
    if name == "gpu.intel.com/i915" and _INTEL_MILLI in amounts_nano:
        return 0  # the millicores say it more exactly
    return whole_milli * min(milli(max(percents)), 100_000) // 100_000 if percents else whole_milli


def _unit(name: str) -> int:
    if mig := _MIG.fullmatch(name):
        return 1000 * int(mig[1]) // (_A30_SLICES if mig.groups() in _A30_PROFILES else _MIG_SLICES)
    return 1 if name == _INTEL_MILLI else _MILLI_BY_DEVICE.get(name, 0)


def _percent_in_sum(amounts_nano: Mapping[str, int]) -> int:
    return max((milli(amounts_nano.get(name, 0)) // 100 for name in _PERCENT_IN_SUM), default=0)


def _annotated(annotations: Mapping[str, str]) -> tuple[int, str] | None:
    """Read shares of a GPU from annotations; ``gpu-memory`` alone tells no share and counts the device as whole."""
    if share := annotations.get("alibabacloud.com/gpu-milli"):
        return _number(share) * _number(annotations.get("alibabacloud.com/gpu-count", "1")) // 10**18, NVIDIA
    if not (share := annotations.get("gpu-fraction") or ("gpu-memory" in annotations and "1") or ""):
        return None
    devices = _number(annotations.get("gpu-fraction-num-devices", "1"))
    return _number(share) * devices * 1000 // 10**18, NVIDIA


def _number(text: str) -> int:
    try:
        return nano(text)
    except BadInput as error:
        raise BadInput(f"{error} - at `$.metadata.annotations`") from None
