"""One placement study: nodes, pods and an order of arrival in; allocation and fragmentation by arrived percent out."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from podlore.errors import BadInput
from podlore.simulate.placement.cluster import (
    ANY_MODEL,
    GPUS_PER_NODE_MAX,
    MODELS_MAX,
    WHOLE_GPU_MILLI,
    Floats,
    Ints,
    Mix,
    Nodes,
    Shapes,
    shape_kind,
)
from podlore.simulate.placement.engine import Course, compiled
from podlore.simulate.placement.policies import PlacementPolicy
from podlore.traces.job import Job, NodeShape

TYPICAL_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class PlacementResult:
    """Percentages of the cluster's GPU capacity, one entry for each whole percent that arrived.

    ``nodes`` has an entry for each arrival: the index of the node in the order given, -1 for a pod that was dropped.
    """

    arrived_percent: Ints
    allocation_percent: Floats
    fragmentation_percent: Floats
    nodes: Ints
    n_dropped: int
    wall_seconds: float


def run_study(
    nodes: Sequence[NodeShape],
    pods: Sequence[Job],
    arrivals: Sequence[str],
    policy: PlacementPolicy,
    *,
    seed: int = 0,
) -> PlacementResult:
    """Let pods (jobs of one pod) arrive by name, in order, at nodes that stand in tie-breaking order.

    The expected mix is that of ``pods``: their most frequent shapes up to 95 % of them. Nothing departs.

    Raises
    ------
    BadInput
        If an arrival names no pod, a job has several pods, or a node has more GPUs than the engine knows.
    """
    ready = prepare(nodes, pods, arrivals)
    run = compiled(policy.score, policy.pick)
    run(*_nothing(ready), seed)  # compiles, so that the wall time is that of the study
    started = time.perf_counter()
    course = run(ready.nodes, ready.shapes, ready.mix, ready.order, seed)
    wall_seconds = time.perf_counter() - started
    return result_of(ready, course, wall_seconds)


class Ready(NamedTuple):
    """A study as arrays: the empty cluster, the shapes, the expected mix and the shape of each arrival in order."""

    nodes: Nodes
    shapes: Shapes
    mix: Mix
    order: Ints

    @property
    def capacity_milli(self) -> int:
        """All GPUs of the cluster."""
        return int(self.nodes.gpus.sum()) * WHOLE_GPU_MILLI

    @property
    def request_milli(self) -> Ints:
        """The GPU milli that each arrival asks for."""
        return (self.shapes.gpus * self.shapes.gpu_milli)[self.order]


def prepare(nodes: Sequence[NodeShape], pods: Sequence[Job], arrivals: Sequence[str]) -> Ready:
    """Check the input and lay it out as arrays; the nodes of the result are changed by a run."""
    if several := next((pod for pod in pods if pod.pods != 1), None):
        raise BadInput(f"{several.name} has {several.pods} pods; a placement study takes jobs of one pod")
    bits = _model_bits(nodes, pods)
    shape_of, shapes = _shapes(pods, bits)
    try:
        order = np.array([shape_of[name] for name in arrivals], dtype=np.int64)
    except KeyError as error:
        raise BadInput(f"the order of arrival names pod {error.args[0]!r}, which the pod list lacks") from None
    return Ready(_nodes(nodes, bits), shapes, typical_pods(pods, bits), order)


def result_of(ready: Ready, course: Course, wall_seconds: float) -> PlacementResult:
    """Read the percentages off a run."""
    percent, (allocation, fragmentation) = _by_percent(
        course.arrived_milli, ready.capacity_milli, course.used_milli, course.fragmented_milli
    )
    dropped = int((course.node < 0).sum())
    return PlacementResult(percent, allocation, fragmentation, course.node, dropped, wall_seconds)


def _nothing(ready: Ready) -> tuple[Nodes, Shapes, Mix, Ints]:
    """Return arguments of a run without arrivals."""
    return ready.nodes, ready.shapes, ready.mix, ready.order[:0]


def typical_pods(pods: Sequence[Job], bits: dict[str, int]) -> Mix:
    """Return the mix of a list of pods; see `typical`."""
    return typical(Counter((pod.cpu_milli, pod.gpu_milli, pod.gpus, _mask(pod.products, bits)) for pod in pods))


def typical_mix(shapes: Shapes, arrivals: Ints) -> Mix:
    """Return the mix of the arrivals so far; see `typical`."""
    columns = (shapes.cpu_milli, shapes.gpu_milli, shapes.gpus, shapes.models)
    requests = list(zip(*(column.tolist() for column in columns), strict=True))
    return typical(Counter(requests[shape] for shape in arrivals))


def typical(counts: Counter[tuple[int, int, int, int]]) -> Mix:
    """Return the most frequent requests (CPU, GPU milli, GPUs, models), 95 % of the pods, with their shares."""
    chosen: list[tuple[tuple[int, int, int, int], int]] = []
    covered = 0
    for request, count in counts.most_common():
        if covered >= TYPICAL_SHARE * counts.total():
            break
        covered += count
        chosen.append((request, count))
    share = np.array([count / counts.total() for _, count in chosen]) / (covered / counts.total())
    cpu_milli, gpu_milli, gpus = (np.array([request[i] for request, _ in chosen], np.int64) for i in range(3))
    models = np.array([request[3] for request, _ in chosen], np.uint64)
    return Mix(share, cpu_milli, gpus, gpu_milli, models, np.zeros(0, np.int64))


def _model_bits(nodes: Sequence[NodeShape], pods: Sequence[Job]) -> dict[str, int]:
    models = sorted({node.product for node in nodes} | {model for pod in pods for model in pod.products})
    if len(models) > MODELS_MAX:
        raise BadInput(f"{len(models)} GPU models; at most {MODELS_MAX} are told apart")
    return {model: bit for bit, model in enumerate(models)}


def _mask(models: tuple[str, ...], bits: dict[str, int]) -> int:
    return sum(1 << bits[model] for model in set(models)) if models else int(ANY_MODEL)


def _shapes(pods: Sequence[Job], bits: dict[str, int]) -> tuple[dict[str, int], Shapes]:
    index: dict[tuple[int, int, int, int, tuple[str, ...]], int] = {}
    shape_of = {
        pod.name: index.setdefault((pod.cpu_milli, pod.memory_mib, pod.gpus, pod.gpu_milli, pod.products), len(index))
        for pod in pods
    }
    columns = [np.array(column, np.int64) for column in zip(*(shape[:4] for shape in index), strict=True)]
    masks = np.array([_mask(shape[4], bits) for shape in index], np.uint64)
    kinds = np.array([shape_kind(shape[2], shape[3]) for shape in index], np.int64)
    return shape_of, Shapes(columns[0], columns[1], columns[2], columns[3], masks, kinds)


def _nodes(nodes: Sequence[NodeShape], bits: dict[str, int]) -> Nodes:
    gpus = np.array([node.gpus for node in nodes], np.int64)
    if gpus.max(initial=0) > GPUS_PER_NODE_MAX:
        raise BadInput(f"a node has {gpus.max()} GPUs; at most {GPUS_PER_NODE_MAX} are simulated")
    left = np.where(np.arange(GPUS_PER_NODE_MAX) < gpus[:, None], WHOLE_GPU_MILLI, -1).astype(np.int64)
    return Nodes(
        np.array([node.cpu_milli for node in nodes], np.int64),
        np.array([node.memory_mib for node in nodes], np.int64),
        left,
        gpus * WHOLE_GPU_MILLI,
        gpus,
        np.array([1 << bits[node.product] for node in nodes], np.uint64),
        np.zeros((len(nodes), 7), np.int64),
        np.array([node.cpu_milli for node in nodes], np.int64),
        np.array([node.memory_mib for node in nodes], np.int64),
    )


def _by_percent(arrived_milli: Ints, capacity_milli: int, *values: Floats | Ints) -> tuple[Ints, tuple[Floats, ...]]:
    """Average each series over the arrivals that round to the same whole percent of capacity."""
    percent = np.round(100 * arrived_milli / capacity_milli).astype(np.int64)
    cells, inverse, counts = np.unique(percent, return_inverse=True, return_counts=True)
    return cells, tuple(100 * np.bincount(inverse, value) / counts / capacity_milli for value in values)
