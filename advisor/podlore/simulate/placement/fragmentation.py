"""F_n(M): the GPU milli idle on a node that the expected mix of pods cannot use.

Source: Weng et al., "Beware of Fragmentation", USENIX ATC 2023, section 3. For a pod shape m of the mix: all that is
idle where m asks for no GPU, may not use the node's GPU model, or lacks CPU or GPUs there; else the remnants smaller
than m's share.
"""

import numpy as np

from podlore.simulate.jit import jit
from podlore.simulate.placement.cluster import GPUS_PER_NODE_MAX, Ints, Mix

# Sums are kept by class and added in this order, as the published implementation does: the policy compares rounded
# scores, so that the order of additions decides ties.
_LACKS_BOTH, _LACKS_GPU, _LACKS_CPU, _CPU_ONLY, _CPU_ONLY_LACKS_CPU, _NO_ACCESS = range(6)


@jit
def node_fragmentation(cpu_left_milli: int, gpu_left_milli: Ints, model_bit: np.uint64, mix: Mix) -> float:
    """Return F_n(M) in GPU milli for one node, of shape (8,) in ``gpu_left_milli``."""
    idle = 0
    for gpu in range(GPUS_PER_NODE_MAX):
        idle += max(gpu_left_milli[gpu], 0)
    if idle == 0:
        return 0.0
    sums = np.zeros(6)
    for m in range(mix.share.size):
        has_cpu = cpu_left_milli >= mix.cpu_milli[m]
        if mix.gpus[m] == 0:
            sums[_CPU_ONLY if has_cpu else _CPU_ONLY_LACKS_CPU] += mix.share[m] * idle
        elif mix.models[m] & model_bit == 0:
            sums[_NO_ACCESS] += mix.share[m] * idle
        else:
            fitting, remnants = _fitting(gpu_left_milli, mix.gpu_milli[m])
            if fitting < mix.gpus[m]:
                sums[_LACKS_GPU if has_cpu else _LACKS_BOTH] += mix.share[m] * idle
            elif not has_cpu:
                sums[_LACKS_CPU] += mix.share[m] * idle
            else:
                sums[_LACKS_GPU] += mix.share[m] * remnants
    total = 0.0
    for value in sums:
        total += value
    return total


@jit
def _fitting(gpu_left_milli: Ints, wanted_milli: int) -> tuple[int, int]:
    """Count the GPUs with room for the share, and sum what is left on the others."""
    fitting = 0
    remnants = 0
    for gpu in range(GPUS_PER_NODE_MAX):
        left = gpu_left_milli[gpu]
        if left >= wanted_milli:
            fitting += 1
        elif left > 0:
            remnants += left
    return fitting, remnants
