"""On which resource two neighbours meet: what rises when the aggressor comes, on the node or in its own use.

Stalls that the kernel counts (PSI) tell it best; then the aggressor's own use as a share of what the node has; then
what it asked for. Where nothing was measured, that is said. Called by `podlore.interference.observed`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from statistics import fmean

from podlore.patterns import trends
from podlore.view import ClusterView
from podlore.vocabulary import ObjectRef, Pod, Series

RISE_MIN = 0.02
"""A share of time stalled that company adds and that is worth naming."""
USE_MIN = 0.2
REQUEST_MIN = 0.5
STORAGE_BYTES_PER_SECOND = 1e9
NETWORK_BYTES_PER_SECOND = 12.5e9
PCIE_BYTES_PER_SECOND = 50e9
"""What is much for a disk, a port of 100 Gb/s and a PCIe 5 slot, where the node's own figures are not known."""


class Resource(StrEnum):
    """What neighbours can meet on."""

    GPU = "GPU"
    CPU = "CPU"
    MEMORY = "memory"
    STORAGE = "storage"
    NETWORK = "network"
    PCIE = "PCIe"
    UNKNOWN = "a resource that was not measured"


@dataclass(frozen=True, slots=True)
class MeetingPoint:
    """The resource, and how it is known."""

    resource: Resource
    because: str


PRESSURE: Mapping[str, Resource] = {
    "node_pressure_cpu_waiting_seconds_total": Resource.CPU,
    "node_pressure_io_waiting_seconds_total": Resource.STORAGE,
    "node_pressure_io_stalled_seconds_total": Resource.STORAGE,
    "node_pressure_memory_waiting_seconds_total": Resource.MEMORY,
    "node_pressure_memory_stalled_seconds_total": Resource.MEMORY,
}
USE: Mapping[str, Resource] = {
    "container_cpu_usage_seconds_total": Resource.CPU,
    "container_fs_reads_bytes_total": Resource.STORAGE,
    "container_fs_writes_bytes_total": Resource.STORAGE,
    "container_network_receive_bytes_total": Resource.NETWORK,
    "container_network_transmit_bytes_total": Resource.NETWORK,
    "DCGM_FI_PROF_PCIE_RX_BYTES": Resource.PCIE,
    "DCGM_FI_PROF_PCIE_TX_BYTES": Resource.PCIE,
}
GAUGES = frozenset({"DCGM_FI_PROF_PCIE_RX_BYTES", "DCGM_FI_PROF_PCIE_TX_BYTES"})


def meeting_point(
    view: ClusterView, victim: Pod, neighbours: Sequence[ObjectRef], presence: Sequence[bool]
) -> MeetingPoint:
    """Return where a victim and its neighbour, which may be several pods one after the other, meet."""
    own = view.series_by_pod.get((victim.namespace, victim.name), ())
    theirs = [
        series
        for one in neighbours
        for series in view.series_by_pod.get((one.namespace, one.name), ())
        if series.node == victim.node
    ]
    shared = {one.gpu for one in own if one.gpu} & {one.gpu for one in theirs if one.gpu}
    if shared:
        return MeetingPoint(Resource.GPU, f"both hold {min(shared)}")
    return (
        _by_pressure(view.series_by_node.get(victim.node, ()), presence)
        or _by_use(view, victim.node, theirs, presence)
        or _by_request(view, victim.node, neighbours[-1])
        or MeetingPoint(Resource.UNKNOWN, "neither stalls nor the neighbour's use were measured")
    )


def _by_pressure(series: Iterable[Series], presence: Sequence[bool]) -> MeetingPoint | None:
    rises = [
        (_rise(trends.growths(_bridged(one.values)), presence) / one.step_seconds, PRESSURE[one.metric], one.metric)
        for one in series
        if one.metric in PRESSURE and not one.pod
    ]
    rise, resource, metric = max(rises, default=(0.0, Resource.UNKNOWN, ""))
    return MeetingPoint(resource, f"{metric} rises with it") if rise >= RISE_MIN else None


def _bridged(counter: Sequence[float | None]) -> tuple[float | None, ...]:
    """Return a counter with its gaps bridged evenly: one that stands still is not read, and no time is lost to it.

    >>> _bridged([None, 5.0, None, None, 8.0])
    (None, 5.0, 6.0, 7.0, 8.0)
    """
    places = [place for place, value in enumerate(counter) if value is not None]
    bridged = list(counter)
    for before, after in pairwise(places):
        begin, end = counter[before] or 0.0, counter[after] or 0.0
        for place in range(before + 1, after):
            bridged[place] = begin + (end - begin) * (place - before) / (after - before)
    return tuple(bridged)


def _by_use(view: ClusterView, node: str, series: Iterable[Series], presence: Sequence[bool]) -> MeetingPoint | None:
    shares: dict[Resource, float] = {}
    for one in series:
        if resource := USE.get(one.metric):
            values = one.values if one.metric in GAUGES else trends.growths(one.values)
            used = _mean_in(values, presence, with_company=True) or 0.0
            each = 1.0 if one.metric in GAUGES else one.step_seconds
            shares[resource] = shares.get(resource, 0.0) + used / each / _much(view, node, resource)
    resource = max(shares, key=lambda name: shares[name], default=None)
    if resource is None or shares[resource] < USE_MIN:
        return None
    return MeetingPoint(resource, f"the neighbour uses much of the node's {resource}")


def _by_request(view: ClusterView, node: str, neighbour: ObjectRef) -> MeetingPoint | None:
    workload = view.workload_by_pod.get((neighbour.namespace, neighbour.name))
    room = view.nodes[node].allocatable if node in view.nodes else None
    pod = next((one for one in workload.pods if one.name == neighbour.name), None) if workload else None
    if pod is None or room is None:
        return None
    shares = {
        Resource.CPU: pod.requests.cpu_milli / room.cpu_milli if room.cpu_milli > 0 else 0.0,
        Resource.MEMORY: pod.requests.memory_bytes / room.memory_bytes if room.memory_bytes > 0 else 0.0,
    }
    resource = max(shares, key=lambda name: shares[name])
    if shares[resource] < REQUEST_MIN:
        return None
    return MeetingPoint(resource, f"the neighbour asked for most of the node's {resource}; its use was not measured")


def _much(view: ClusterView, node: str, resource: Resource) -> float:
    """Return how much of a resource a second is all, or much, of what a node has."""
    match resource:
        case Resource.CPU:
            room = view.nodes[node].allocatable.cpu_milli if node in view.nodes else 0
            return max(room / 1000, 1.0)
        case Resource.STORAGE:
            return STORAGE_BYTES_PER_SECOND
        case Resource.PCIE:
            return PCIE_BYTES_PER_SECOND
    return NETWORK_BYTES_PER_SECOND


def _rise(values: Sequence[float | None], presence: Sequence[bool]) -> float:
    together, apart = (_mean_in(values, presence, with_company=there) for there in (True, False))
    return together - apart if together is not None and apart is not None else 0.0


def _mean_in(values: Sequence[float | None], presence: Sequence[bool], *, with_company: bool) -> float | None:
    length = min(len(values), len(presence))
    pairs = zip(values[len(values) - length :], presence[len(presence) - length :], strict=True)
    found = [value for value, there in pairs if value is not None and there == with_company]
    return fmean(found) if found else None
