"""F_n(M): the GPU milli idle on a node that the expected mix of pods cannot use.

Source: Weng et al., "Beware of Fragmentation", USENIX ATC 2023, section 3. For a pod shape m of the mix: all that is
idle where m asks for no GPU, may not use the node's GPU model, or lacks CPU or GPUs there; else the remnants smaller
than m's share.
"""

import numpy as np

from podlore.simulate.jit import jit
from podlore.simulate.placement.cluster import GPUS_PER_NODE_MAX, Ints, Mix


@jit
def node_fragmentation(cpu_left_milli: int, gpu_left_milli: Ints, model_bit: np.uint64, mix: Mix) -> float:  # noqa: PLR0912  (one table of cases)
    """Return F_n(M) in GPU milli for one node, of shape (8,) in ``gpu_left_milli``."""
    idle = 0
    for gpu in range(GPUS_PER_NODE_MAX):
        idle += max(gpu_left_milli[gpu], 0)
    if idle == 0:
        return 0.0
    # Sums are kept by class and added in this order, as the published implementation does: the policy compares rounded
    # scores, so that the order of additions decides ties.
    lacks_both = lacks_gpu = lacks_cpu = cpu_only = cpu_only_lacks_cpu = no_access = 0.0
    for m in range(mix.share.size):
        has_cpu = cpu_left_milli >= mix.cpu_milli[m]
        if mix.gpus[m] == 0:
            if has_cpu:
                cpu_only += mix.share[m] * idle
            else:
                cpu_only_lacks_cpu += mix.share[m] * idle
        elif mix.models[m] & model_bit == 0:
            no_access += mix.share[m] * idle
        else:
            fitting, remnants = _fitting(gpu_left_milli, mix.gpu_milli[m])
            if fitting < mix.gpus[m]:
                if has_cpu:
                    lacks_gpu += mix.share[m] * idle
                else:
                    lacks_both += mix.share[m] * idle
            elif not has_cpu:
                lacks_cpu += mix.share[m] * idle
            else:
                lacks_gpu += mix.share[m] * remnants
    return lacks_both + lacks_gpu + lacks_cpu + cpu_only + cpu_only_lacks_cpu + no_access


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
