"""How much advice there may be at once: the advisor's order decides, and what it does not say comes last.

Called by ``podlore_operator.reconcile``. The advisor knows the caps too, and those of a day (`podlore.advice.cap`), but
not the advice that the cluster still holds from before.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from podlore.advice import Withholding
from podlore.policy import Limits
from podlore_operator.said import Said
from podlore_operator.writes import Key


@dataclass(frozen=True, slots=True)
class Admission:
    """Which advice gets a place, and how much of what is said did not, by the limit that stopped it."""

    admitted: frozenset[Key]
    withheld: Counter[str]


def admit(said: Iterable[Said], silent: Iterable[Key], limits: Limits) -> Admission:
    """Give places to the most valuable.

    Parameters
    ----------
    said
        What the advisor says, most valuable first.
    silent
        Advice that the cluster holds and that is active although it is not said at present: it is worth least.
    limits
        The policy's.

    >>> admit([], [Key("vision", "a")], Limits()).admitted
    frozenset({Key(namespace='vision', name='a')})
    """
    admitted, withheld = set[Key](), Counter[str]()
    taken = Counter[str]()
    for key, is_said in chain(((one.key, True) for one in said), ((key, False) for key in silent)):
        if limit := _limit_reached(len(admitted), taken[key.namespace], limits):
            withheld[limit] += is_said
            continue
        admitted.add(key)
        taken[key.namespace] += 1
    return Admission(frozenset(admitted), +withheld)


def _limit_reached(active: int, in_namespace: int, limits: Limits) -> str:
    if active >= limits.active_max:
        return Withholding.CLUSTER_CAP
    return Withholding.NAMESPACE_CAP if in_namespace >= limits.active_per_namespace_max else ""
