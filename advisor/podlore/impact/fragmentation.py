"""F_n(M) of a node: the idle GPU that the expected mix of pods cannot use, in plain Python.

The compiled twin is `podlore.simulate.placement.fragmentation`; this one is for a live cluster's few thousand nodes.

References
----------
Weng et al., "Beware of Fragmentation", USENIX ATC 2023, section 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Expected:
    """A pod shape of the mix with its share (0-1); ``products`` are those it may use, empty for any."""

    share: float
    cpu_milli: int
    gpus: int
    gpu_milli: int
    products: tuple[str, ...] = ()


def fragmented_milli(
    cpu_left_milli: int, gpu_left_milli: Sequence[int], product: str, mix: Sequence[Expected]
) -> float:
    """Return the GPU milli idle on a node that the mix cannot use.

    >>> fragmented_milli(8000, [1000, 300], "T4", [Expected(0.5, 4000, 1, 500), Expected(0.5, 4000, 0, 0)])
    800.0
    """
    return sum(pod.share * _lost(cpu_left_milli, gpu_left_milli, product, pod) for pod in mix)


def _lost(cpu_left_milli: int, gpu_left_milli: Sequence[int], product: str, pod: Expected) -> int:
    idle = sum(gpu_left_milli)
    if pod.gpus == 0 or cpu_left_milli < pod.cpu_milli or (pod.products and product not in pod.products):
        return idle
    if sum(left >= pod.gpu_milli for left in gpu_left_milli) < pod.gpus:
        return idle
    return sum(left for left in gpu_left_milli if left < pod.gpu_milli)
