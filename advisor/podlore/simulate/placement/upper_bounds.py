"""What no policy can exceed on a list, and what knowing the whole order reaches: a study comes in, percents leave.

`linear_bound` relaxes the placement to a linear program over kinds of nodes: any fraction of a pod may be dropped or
spread over nodes of a kind. `repacked` is a real placement of the same arrivals, made offline: FGD with terms from all
that arrives, in several orders, of which the best is kept. It may drop other pods than a policy would. What a policy
could gain lies between the two; `podlore simulate ladder` prints which share of it a rung closes.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, vstack

from podlore.simulate.placement.advised import advised
from podlore.simulate.placement.cluster import WHOLE_GPU_MILLI, Floats, Ints, Shapes
from podlore.simulate.placement.engine import compiled
from podlore.simulate.placement.learn import SCARCE_WEIGHTS, Situation, copy_of, from_arrivals, scarcity
from podlore.simulate.placement.policies import FGD
from podlore.simulate.placement.study import Ready

FOLDS = range(1, 13)


def arrived_until(ready: Ready, percent: int) -> Ints:
    """Return the shapes that arrive in the cells up to this percent of the GPUs."""
    cells = np.round(100 * np.cumsum(ready.request_milli) / ready.capacity_milli)
    return ready.order[: int(np.searchsorted(cells, percent, side="right"))]


def repacked(ready: Ready, percent: int) -> float:
    """Return how much GPU, in percent, an offline placement of the arrivals so far allocates."""
    arrived = arrived_until(ready, percent)
    situation = Situation(ready.nodes, ready.shapes, arrived, 0, 0)
    terms = from_arrivals(situation)._replace(scarce_weight=SCARCE_WEIGHTS[-1], scarce_permille=scarcity(situation))
    mix = ready.mix._replace(terms=terms.as_array())
    run = compiled(advised(FGD.score), FGD.pick)
    played = (run(copy_of(ready.nodes), ready.shapes, mix, order, 0) for order in _packing_orders(ready, arrived))
    return float(100 * max(course.used_milli[-1] for course in played) / ready.capacity_milli)


def _packing_orders(ready: Ready, arrived: Ints) -> tuple[Ints, ...]:
    """Return the arrivals as they came; those first that the linear program takes; and the largest of these first."""
    taken = np.floor(_relaxed(ready, arrived).taken + 1e-6)
    nth = np.zeros(arrived.size)
    for shape in np.unique(arrived):
        nth[arrived == shape] = np.arange((arrived == shape).sum())
    is_left = nth >= taken[arrived]
    request = (ready.shapes.gpus * ready.shapes.gpu_milli)[arrived]
    return arrived, arrived[np.argsort(is_left, kind="stable")], arrived[np.lexsort((-request, is_left))]


def linear_bound(ready: Ready, percent: int) -> float:
    """Return the most GPU, in percent, that any placement of the arrivals so far can allocate."""
    return 100 * _relaxed(ready, arrived_until(ready, percent)).used_milli / ready.capacity_milli


class Relaxed(NamedTuple):
    """The linear program's answer: GPU milli allocated, and how many pods of each shape it takes."""

    used_milli: float
    taken: Floats


def _relaxed(ready: Ready, arrivals: Ints) -> Relaxed:
    """Solve the relaxed placement of these arrivals.

    Variables are pods by (shape, kind of node). Rows hold each kind's CPU, memory and GPUs, and that no GPU holds more
    than fits: for a share x, any dual feasible function f gives the sum of f(x) over a GPU's pods at most 1.

    References
    ----------
    Fekete and Schepers, "New classes of fast lower bounds for bin packing problems", Mathematical Programming 91, 2001.
    """
    arrived = np.bincount(arrivals, minlength=ready.shapes.gpus.size)
    kinds = _node_kinds(ready)
    shape, kind = _pairs(ready.shapes, kinds)
    weights = [ready.shapes.cpu_milli, ready.shapes.memory_mib, *_gpu_rows(ready.shapes)]
    rooms = [kinds.size[:, 0], kinds.size[:, 1], *[kinds.size[:, 2]] * (len(weights) - 2)]
    rows, room = [_row_block(shape, np.ones(shape.size), arrived.size)], [arrived]
    for weight, capacity in zip(weights, rooms, strict=True):
        rows.append(_row_block(kind, weight[shape], kinds.how_many.size))
        room.append(capacity * kinds.how_many)
    request = (ready.shapes.gpus * ready.shapes.gpu_milli)[shape].astype(np.float64)
    limits = np.concatenate(room).astype(np.float64)
    found = linprog(-request, A_ub=vstack(rows), b_ub=limits, method="highs")  # type: ignore[call-overload]  # sparse
    taken: Floats = np.bincount(shape, found.x, minlength=arrived.size).astype(np.float64)
    return Relaxed(float(-found.fun), taken)


class NodeKinds(NamedTuple):
    """Nodes that are alike, counted: rows of (CPU milli, memory MiB, GPUs), the models' masks, and how many."""

    size: Ints
    models: Ints
    how_many: Ints


def _node_kinds(ready: Ready) -> NodeKinds:
    nodes = ready.nodes
    table = np.column_stack([nodes.cpu_milli, nodes.memory_mib, nodes.gpus, nodes.model_bit.astype(np.int64)])
    kinds, how_many = np.unique(table, axis=0, return_counts=True)
    return NodeKinds(kinds[:, :3], kinds[:, 3], how_many)


def _pairs(shapes: Shapes, kinds: NodeKinds) -> tuple[Ints, Ints]:
    """Return which shape may stand on which kind of node."""
    may = (shapes.models[:, None] & kinds.models.astype(np.uint64)[None, :]) != 0
    may |= (shapes.gpus == 0)[:, None]
    may &= shapes.gpus[:, None] <= kinds.size[None, :, 2]
    may &= shapes.cpu_milli[:, None] <= kinds.size[None, :, 0]
    shape, kind = np.nonzero(may)
    return shape.astype(np.int64), kind.astype(np.int64)


def _gpu_rows(shapes: Shapes) -> Iterator[Floats]:
    """Yield what a pod of each shape takes of a node's GPUs, by its share and by dual feasible functions of it."""
    gpus = shapes.gpus.astype(np.float64)
    share: Floats = shapes.gpu_milli / WHOLE_GPU_MILLI
    yield gpus * share
    for fold in FOLDS:
        scaled = np.round((fold + 1) * share, 9)
        yield gpus * np.where(scaled == np.floor(scaled), share, np.floor(scaled) / fold)
    for least in np.unique(share[share <= 0.5]):
        yield gpus * np.where(share > 1 - least, 1.0, np.where(share < least, 0.0, share))


def _row_block(row: Ints, value: NDArray[Any], n_rows: int) -> csr_array:
    return csr_array((value.astype(np.float64), (row, np.arange(row.size))), shape=(n_rows, row.size))
