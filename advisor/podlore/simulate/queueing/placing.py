"""Where replicas go once a queueing policy has said who runs: on the emptiest nodes, so that few nodes are spanned."""

from collections.abc import Iterable, Mapping

from podlore.simulate.queueing.training_job import TrainingJob


def keep_or_place(
    running: Iterable[str], jobs: Mapping[str, TrainingJob], before: Mapping[str, list[int]], gpus_by_node: list[int]
) -> dict[str, list[int]]:
    """Return the nodes of each running job: those it had, or the emptiest, taken in the order of ``running``."""
    names = list(running)
    allocations = {name: nodes for name, nodes in before.items() if name in set(names)}
    free = list(gpus_by_node)
    for nodes in allocations.values():
        for node in nodes:
            free[node] -= 1
    for name in names:
        if name not in allocations:
            allocations[name] = _take_emptiest(free, jobs[name].replicas)
    return allocations


def _take_emptiest(free: list[int], wanted: int) -> list[int]:
    """Take GPUs from the node with the most left, the first of equals, until there are enough."""
    nodes: list[int] = []
    while len(nodes) < wanted:
        node = max(range(len(free)), key=free.__getitem__)
        count = min(free[node], wanted - len(nodes))
        nodes += [node] * count
        free[node] -= count
    return nodes
