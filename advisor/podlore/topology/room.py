"""How much of a node is free, and how often a request fits into it.

Free is what is allocatable less the requests of all pods that are bound and not finished, terminating ones included:
they hold their devices until they are gone.
"""

from collections.abc import Iterable, Mapping

from podlore.vocabulary import Node, Pod, Resources
from podlore.workloads import is_finished

NOTHING = Resources()
GPU_MILLI = 1000


def add(left: Resources, right: Resources) -> Resources:
    """Return the sum of two amounts."""
    return Resources(
        left.cpu_milli + right.cpu_milli, left.memory_bytes + right.memory_bytes, left.gpu_milli + right.gpu_milli
    )


def less(left: Resources, right: Resources) -> Resources:
    """Return what is left, never below nothing: a node may be overcommitted."""
    return Resources(
        max(left.cpu_milli - right.cpu_milli, 0),
        max(left.memory_bytes - right.memory_bytes, 0),
        max(left.gpu_milli - right.gpu_milli, 0),
    )


def free_by_node(nodes: Iterable[Node], pods: Iterable[Pod]) -> Mapping[str, Resources]:
    """Return what is free on each node.

    >>> node = Node("gpu-1", "u1", 0.0, allocatable=Resources(gpu_milli=8000))
    >>> pod = Pod("nlp", "p", "u2", 0.0, node="gpu-1", requests=Resources(gpu_milli=3000))
    >>> free_by_node([node], [pod])["gpu-1"].gpu_milli
    5000
    """
    used: dict[str, Resources] = {}
    for pod in pods:
        if pod.node and not is_finished(pod):
            used[pod.node] = add(used.get(pod.node, NOTHING), pod.requests)
    return {node.name: less(node.allocatable, used.get(node.name, NOTHING)) for node in nodes}


def times(request: Resources, room: Resources) -> int:
    """Return how many such requests fit side by side; a request for nothing fits once.

    >>> times(Resources(cpu_milli=2000, gpu_milli=4000), Resources(cpu_milli=9000, gpu_milli=8000))
    2
    """
    ratios = [have // want for want, have in _pairs(request, room) if want > 0]
    return min(ratios, default=1)


def fits(request: Resources, room: Resources) -> bool:
    """Say whether a request fits."""
    return times(request, room) > 0


def usable_gpu_milli(request: Resources, room: Resources) -> int:
    """Return the free GPU that pods of this shape could use if they could be divided, in whole GPUs where they ask so.

    GPUs whose node has no CPU or memory left to feed them are stranded and do not count: per GPU the pod's own share
    of CPU and memory must be free as well.

    >>> asked = Resources(cpu_milli=80_000, gpu_milli=8000)
    >>> usable_gpu_milli(asked, Resources(cpu_milli=96_000, gpu_milli=3000))
    3000
    >>> usable_gpu_milli(asked, Resources(cpu_milli=15_000, gpu_milli=3000))
    1000
    """
    if request.gpu_milli <= 0:
        return 0
    usable = min(have * request.gpu_milli // want for want, have in _pairs(request, room) if want > 0)
    return usable if request.gpu_milli % GPU_MILLI else usable - usable % GPU_MILLI


def _pairs(request: Resources, room: Resources) -> tuple[tuple[int, int], ...]:
    return (
        (request.cpu_milli, room.cpu_milli),
        (request.memory_bytes, room.memory_bytes),
        (request.gpu_milli, room.gpu_milli),
    )
