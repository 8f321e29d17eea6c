"""What is inside a node, where something tells it: GPUs and NICs with their PCIe switch or NUMA node.

`devices` reads DRA ResourceSlices and NodeResourceTopology objects as the API server shows them; nothing in them is
trusted. ``podlore topology --objects`` brings them to the graph.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

DEVICES_PER_NODE_MAX = 1024
NAME_CHARACTERS_MAX = 253
PCIE_ROOT = "resource.kubernetes.io/pcieRoot"


class Device(NamedTuple):
    """A GPU, a slice of one (``parent`` is the GPU's name then) or a NIC; ``group`` is its PCIe switch or NUMA node."""

    kind: str
    name: str
    group: str = ""
    parent: str = ""


def devices(objects: Iterable[Mapping[str, Any]]) -> Mapping[str, tuple[Device, ...]]:
    """Return the devices of each node, sorted.

    >>> attributes = {"uuid": {"string": "GPU-1"}, "type": {"string": "gpu"}, PCIE_ROOT: {"string": "pci0000:00"}}
    >>> spec = {"nodeName": "n1", "devices": [{"name": "gpu-0", "attributes": attributes}]}
    >>> devices([{"kind": "ResourceSlice", "spec": spec}])
    {'n1': (Device(kind='gpu', name='GPU-1', group='pci0000:00', parent=''),)}
    """
    found: defaultdict[str, set[Device]] = defaultdict(set)
    for one in objects:
        if one.get("kind") == "ResourceSlice":
            node, inside = _of_slice(one)
        elif one.get("kind") == "NodeResourceTopology":
            node, inside = _of_numa_zones(one)
        else:
            continue
        if node:
            found[node] |= set(list(inside)[:DEVICES_PER_NODE_MAX])
    return {node: tuple(sorted(inside)) for node, inside in sorted(found.items())}


def _of_slice(one: Mapping[str, Any]) -> tuple[str, Iterator[Device]]:
    spec = _mapping(one.get("spec"))
    return _name(spec.get("nodeName")), _slice_devices(spec)


def _slice_devices(spec: Mapping[str, Any]) -> Iterator[Device]:
    for device in _list(spec.get("devices")):
        body = _mapping(_mapping(device).get("basic")) or _mapping(device)  # v1beta1 nests, v1 does not
        told = {str(key).rsplit("/", 1)[-1]: _value(value) for key, value in _mapping(body.get("attributes")).items()}
        kind = {"gpu": "gpu", "mig": "mig", "nic": "nic"}.get(told.get("type", "gpu"), "")
        name = told.get("uuid") or _name(_mapping(device).get("name"))
        if kind and name:
            group = told.get("pcieRoot") or told.get("numaNode") or told.get("numa") or ""
            yield Device(kind, name, group, told.get("parentUUID", "") if kind == "mig" else "")


def _of_numa_zones(one: Mapping[str, Any]) -> tuple[str, Iterator[Device]]:
    """Return a GPU for each that a NUMA zone counts: its name is the zone's and a number."""
    return _name(_mapping(one.get("metadata")).get("name")), _zone_devices(one)


def _zone_devices(one: Mapping[str, Any]) -> Iterator[Device]:
    for zone in _list(one.get("zones")):
        name = _name(_mapping(zone).get("name"))
        for resource in _list(_mapping(zone).get("resources")):
            told = _mapping(resource)
            count = str(told.get("capacity", ""))
            if name and str(told.get("name", "")).endswith("/gpu") and count.isdecimal() and len(count) < 5:
                yield from (Device("gpu", f"{name}-{index}", name) for index in range(int(count)))


def _value(attribute: object) -> str:
    """Return the value of an attribute, which is wrapped by its type: ``{"string": "GPU-1"}``."""
    return _name(next(iter(_mapping(attribute).values()), ""))


def _name(value: object) -> str:
    text = str(value) if isinstance(value, (str, int)) else ""
    return text if len(text) <= NAME_CHARACTERS_MAX and text.isprintable() else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
