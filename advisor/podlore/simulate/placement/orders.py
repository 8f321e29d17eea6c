"""Orders of a study as files: which pod arrives when, and which node wins a tie. Plain or gzipped, one name a line.

Names may be shortened by the prefix they share (``0042`` for ``openb-pod-0042``), as the published orders are.
"""

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from podlore.errors import BadInput
from podlore.traces.job import Job, NodeShape

Named = TypeVar("Named", Job, NodeShape)

_LINES_MAX = 10_000_000


def read_order(path: Path, items: Sequence[Named]) -> list[str]:
    """Return the full names in the order of the file.

    Raises
    ------
    BadInput
        If the file cannot be read, or a line names none of the items; it says the line.
    """
    by_short = {item.name.rpartition("-")[2]: item.name for item in items} | {item.name: item.name for item in items}
    order = []
    for number, line in enumerate(_lines(path), 1):
        if (name := line.strip()) not in by_short:
            raise BadInput(f"{path}: line {number} names {name[:80]!r}, which is not in the list it orders")
        order.append(by_short[name])
        if number > _LINES_MAX:
            raise BadInput(f"{path}: more than {_LINES_MAX:,} lines")
    return order


def shuffled_arrivals(pods: Sequence[Job], gpus: int, percent: int, seed: int) -> list[str]:
    """Return names of pods in random order, the list over and over, until so many percent of the GPUs have arrived."""
    rng = np.random.default_rng(seed)
    wanted = gpus * percent / 100
    order: list[str] = []
    arrived = 0.0
    if not any(pod.gpus for pod in pods):
        raise BadInput("no pod of the list asks for a GPU")
    while True:
        for index in rng.permutation(len(pods)):
            order.append(pods[index].name)
            arrived += pods[index].gpu_request
            if arrived >= wanted:
                return order


def in_tie_order(nodes: Sequence[NodeShape], permuted: Sequence[str]) -> list[NodeShape]:
    """Return the nodes as ties are broken, given a permutation ``p`` whose line *i* is the ``p[i]``-th sorted name.

    The *i*-th node in sorted order then has rank ``p[i]``: that is how the published study prefixes its node names.

    >>> nodes = [NodeShape(name) for name in "abc"]
    >>> [node.name for node in in_tie_order(nodes, ["b", "c", "a"])]
    ['c', 'a', 'b']
    """
    in_sorted_order = sorted(nodes, key=lambda node: node.name)
    position = {node.name: index for index, node in enumerate(in_sorted_order)}
    if sorted(permuted) != list(position):
        raise BadInput(f"the node order has {len(permuted)} names, not each of the {len(nodes)} nodes once")
    ranked = sorted(zip((position[name] for name in permuted), range(len(nodes)), strict=True))
    return [in_sorted_order[index] for _, index in ranked]


def _lines(path: Path) -> list[str]:
    try:
        with gzip.open(path, "rt", encoding="ascii") if path.suffix == ".gz" else path.open(encoding="ascii") as file:
            return file.read(_LINES_MAX * 20).splitlines()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read the order {path}: {error}") from None
