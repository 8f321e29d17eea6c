"""How much advice there may be at once and a day: the advisor's order decides, and what it does not say comes last.

Called by ``podlore_operator.reconcile``. The advisor knows the caps too, but neither the advice that the cluster still
holds from before nor how much of it is new.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import chain

from podlore.policy import Limits
from podlore_operator.said import Said
from podlore_operator.writes import Key


@dataclass(frozen=True, slots=True)
class Admission:
    """Which advice gets a place, and how much of what is said did not, by the limit that stopped it."""

    admitted: frozenset[Key]
    withheld: Counter[str]


def admit(
    said: Iterable[Said], existing: Collection[Key], silent: Iterable[Key], new_today: Counter[str], limits: Limits
) -> Admission:
    """Give places to the most valuable.

    Parameters
    ----------
    said
        What the advisor says, most valuable first.
    existing
        Advice that the cluster holds.
    silent
        That of it which is active although it is not said at present: it is worth least.
    new_today
        By namespace, how much advice first appeared within the last day.
    limits
        The policy's.

    >>> admit([], [Key("vision", "a")], [Key("vision", "a")], Counter(), Limits()).admitted
    frozenset({Key(namespace='vision', name='a')})
    """
    admitted, withheld = set[Key](), Counter[str]()
    taken, new = Counter[str](), Counter(new_today)
    for key, is_said in chain(((one.key, True) for one in said), ((key, False) for key in silent)):
        is_new = key not in existing
        if limit := _limit_reached(len(admitted), taken[key.namespace], limits) or (
            is_new and _day_reached(key, new, limits)
        ):
            withheld[limit] += is_said
            continue
        admitted.add(key)
        taken[key.namespace] += 1
        new[key.namespace] += is_new
    return Admission(frozenset(admitted), +withheld)


def _limit_reached(active: int, in_namespace: int, limits: Limits) -> str:
    if active >= limits.active_max:
        return "cluster"
    return "namespace" if in_namespace >= limits.active_per_namespace_max else ""


def _day_reached(key: Key, new: Counter[str], limits: Limits) -> str:
    return "namespace-day" if key.namespace and new[key.namespace] >= limits.per_namespace_day_max else ""
