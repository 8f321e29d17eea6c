"""The fewest domains that hold a gang: by trying every set of domains, the small ones first."""

from collections.abc import Mapping
from itertools import combinations


def least_span(room: Mapping[tuple[str, ...], int], pods: int) -> int | None:
    """Return how many domains are needed at least; None where all together have no room."""
    for size in range(len(room) + 1):
        for chosen in combinations(room, size):
            if sum(room[domain] for domain in chosen) >= pods:
                return size
    return None
