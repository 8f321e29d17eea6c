"""The fewest domains that hold a gang."""

from collections.abc import Mapping
from typing import TypeVar

Domain = TypeVar("Domain", bound=tuple[str, ...])


def least_domains(room: Mapping[Domain, int], pods: int) -> tuple[Domain, ...] | None:
    """Return the fewest domains that have room for so many equal pods; None where all together have not.

    Taking the roomiest first is optimal for equal pods; ties go to the first name.

    >>> least_domains({("r1",): 3, ("r2",): 8, ("r3",): 4}, 10)
    (('r2',), ('r3',))
    """
    chosen: list[Domain] = []
    for domain in sorted(room, key=lambda domain: (-room[domain], domain)):
        if pods <= 0:
            break
        chosen.append(domain)
        pods -= room[domain]
    return tuple(chosen) if pods <= 0 else None
