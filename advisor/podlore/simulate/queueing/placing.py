"""Where replicas go once a queueing policy has said who runs: on the emptiest nodes, so that few nodes are spanned."""

from collections.abc import Iterable, Mapping

from podlore.simulate.queueing.schedulable import Schedulable


def keep_or_place(
    running: Iterable[str], jobs: Mapping[str, Schedulable], before: Mapping[str, list[int]], gpus_by_node: list[int]
) -> dict[str, list[int]]:
    """Return the nodes of each running job: those it had, or the emptiest, taken in the order of ``running``."""
    return keep_or_place_counts({name: jobs[name].replicas for name in running}, before, gpus_by_node)


def keep_or_place_counts(
    counts: Mapping[str, int], before: Mapping[str, list[int]], gpus_by_node: list[int]
) -> dict[str, list[int]]:
    """Return the nodes of each job with so many replicas: those it had if it had as many, else the emptiest."""
    allocations = {name: nodes for name, nodes in before.items() if counts.get(name) == len(nodes)}
    free = list(gpus_by_node)
    for nodes in allocations.values():
        for node in nodes:
            free[node] -= 1
    for name, count in counts.items():
        if name not in allocations:
            allocations[name] = _take_emptiest(free, count)
    return allocations


def together(allocations: dict[str, list[int]], gpus_by_node: list[int]) -> dict[str, list[int]]:
    """Move each job that spans several nodes to one on which all of it has room, if there is one."""
    free = list(gpus_by_node)
    for nodes in allocations.values():
        for node in nodes:
            free[node] -= 1
    moved = dict(allocations)
    for name, nodes in allocations.items():
        if len(set(nodes)) == 1:
            continue
        roomy = [node for node, gpus in enumerate(free) if gpus >= len(nodes)]
        if roomy:
            node = min(roomy, key=free.__getitem__)
            for left in nodes:
                free[left] += 1
            free[node] -= len(nodes)
            moved[name] = [node] * len(nodes)
    return moved


def _take_emptiest(free: list[int], wanted: int) -> list[int]:
    """Take GPUs from the node with the most left, the first of equals, until there are enough."""
    nodes: list[int] = []
    while len(nodes) < wanted:
        node = max(range(len(free)), key=free.__getitem__)
        count = min(free[node], wanted - len(nodes))
        nodes += [node] * count
        free[node] -= count
    return nodes
