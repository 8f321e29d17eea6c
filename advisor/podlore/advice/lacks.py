"""What is missing from an advice that is given all the same: less is said, and why is counted.

Called by the operator, which counts it in ``podlore_advice_lacking``.
"""

from collections.abc import Iterator
from enum import StrEnum

from podlore.advice.gain import USD
from podlore.vocabulary import Recommendation
from podlore.workloads import ROLL_UP


class Lack(StrEnum):
    """Why an advice says less than it might."""

    NO_PRICE = "NoPrice"
    UNKNOWN_KIND = "UnknownKind"


def lacks(one: Recommendation) -> Iterator[Lack]:
    """Yield what an advice lacks: money where its GPUs have no price, a patch and an owner where its kind is unknown.

    >>> from podlore.patterns.found import found
    >>> from podlore.vocabulary import Action, Evidence, EvidenceSource, Gain, ObjectRef, Pattern
    >>> fact = Evidence(EvidenceSource.OBJECT, "Pod nlp/a", "3 failures")
    >>> made = found(Pattern.CRASH_LOOP, "Application", ObjectRef("x.io", "Odd", "nlp", "a"), "It fails.", [fact])
    >>> gain = Gain("GPUHours", 4.0, 2.0, 8.0)
    >>> [str(lack) for lack in lacks(Recommendation(made, Action.FIX_APPLICATION, "Read.", gain, gains=(gain,)))]
    ['NoPrice', 'UnknownKind']
    """
    if one.gain is not None and all(gain.unit != USD for gain in one.gains):
        yield Lack.NO_PRICE
    if one.target.namespace and (one.target.group, one.target.kind) not in ROLL_UP:
        yield Lack.UNKNOWN_KIND
