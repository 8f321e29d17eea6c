"""Where each pod stands and which GPUs it holds, so that it can leave again: for studies with moves or departures."""

from typing import NamedTuple

import numpy as np

from podlore.simulate.jit import jit
from podlore.simulate.placement.cluster import GPUS_PER_NODE_MAX, WHOLE_GPU_MILLI, Ints, Nodes, Shapes

NOWHERE = -1


class Stands(NamedTuple):
    """Where each pod stands: its node, the milli it holds of each GPU, and the pods of a node as a linked list."""

    node: Ints
    held_milli: Ints
    first: Ints
    following: Ints


@jit
def nobody(n_nodes: int, n_pods: int) -> Stands:
    """Return a cluster on which no pod stands."""
    return Stands(
        np.full(n_pods, NOWHERE, np.int64),
        np.zeros((n_pods, GPUS_PER_NODE_MAX), np.int64),
        np.full(n_nodes, NOWHERE, np.int64),
        np.full(n_pods, NOWHERE, np.int64),
    )


@jit
def take(nodes: Nodes, shapes: Shapes, stands: Stands, node: int, shape: int, gpu: int, pod: int) -> None:  # noqa: PLR0917  (compiled: no keywords)
    """Place a pod and remember which GPUs it holds: a share ``gpu``, whole GPUs the first that are free."""
    milli, wanted = shapes.gpu_milli[shape], shapes.gpus[shape]
    is_share = wanted == 1 and milli < WHOLE_GPU_MILLI
    for index in range(GPUS_PER_NODE_MAX):
        stands.held_milli[pod, index] = 0
        if wanted > 0 and (index == gpu if is_share else nodes.gpu_left_milli[node, index] >= milli):
            stands.held_milli[pod, index] = milli
            wanted -= 1
    change(nodes, shapes, stands, node, shape, pod, -1)
    stands.node[pod] = node
    stands.following[pod] = stands.first[node]
    stands.first[node] = pod


@jit
def change(nodes: Nodes, shapes: Shapes, stands: Stands, node: int, shape: int, pod: int, sign: int) -> None:  # noqa: PLR0917
    """Add what a pod holds to what is left on a node, or take it (-1), without moving the pod."""
    nodes.cpu_left_milli[node] += sign * shapes.cpu_milli[shape]
    nodes.memory_left_mib[node] += sign * shapes.memory_mib[shape]
    for index in range(GPUS_PER_NODE_MAX):
        nodes.gpu_left_milli[node, index] += sign * stands.held_milli[pod, index]
        nodes.gpu_total_left_milli[node] += sign * stands.held_milli[pod, index]
    if shapes.kind[shape] > 0:
        nodes.kinds[node, shapes.kind[shape]] -= sign


@jit
def leave(nodes: Nodes, shapes: Shapes, stands: Stands, shape: int, pod: int) -> None:
    """Take a pod off its node."""
    node = stands.node[pod]
    change(nodes, shapes, stands, node, shape, pod, 1)
    if stands.first[node] == pod:
        stands.first[node] = stands.following[pod]
        return
    before = stands.first[node]
    while stands.following[before] != pod:
        before = stands.following[before]
    stands.following[before] = stands.following[pod]
