"""Kubernetes quantities, exactly: a text such as ``1500m`` or ``2Gi`` comes in, a whole number of nano units leaves.

Nano is the finest unit that Kubernetes keeps; what is finer is rounded up, as there. Sums are made in nano units and
rounded once, by `milli` and `whole`. Called by the readers of pods, nodes and pod templates.
"""

import re
from fractions import Fraction
from functools import lru_cache
from math import ceil

from podlore.errors import BadInput

NANO = 10**9
MAX_WHOLE = 2**63 - 1

_FORM = re.compile(
    r"(?P<number>[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})"
    r"(?P<suffix>[numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2}|)"
)
_DECIMAL = ("n", "u", "m", "", "k", "M", "G", "T", "P", "E")
_BINARY = ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_FACTORS = {suffix: Fraction(1000) ** power for power, suffix in enumerate(_DECIMAL, start=-3)} | {
    suffix: Fraction(1024) ** power for power, suffix in enumerate(_BINARY, start=1)
}


@lru_cache(maxsize=4096)
def nano(quantity: str | int | float) -> int:
    """Return how many nano units a quantity is.

    Raises
    ------
    BadInput
        If it is negative, no quantity, or larger than Kubernetes can count.

    Examples
    --------
    >>> nano("1500m"), nano("0.5"), nano("2Ki"), nano("1e3")
    (1500000000, 500000000, 2048000000000, 1000000000000)
    """
    text = str(quantity)
    if text.startswith("-"):
        raise BadInput(f"quantity {text[:40]!r} is negative: requests and capacities are amounts of zero or more")
    form = _FORM.fullmatch(text.removeprefix("+"))
    if form is None:
        raise BadInput(f"{text[:40]!r} is no quantity: write a number with a suffix such as 500m, 2Gi or 1e3")
    amount = Fraction(form["number"]) * _factor(form["suffix"])
    if amount > MAX_WHOLE:
        raise BadInput(f"quantity {text[:40]!r} is larger than 2^63-1: no machine has that much")
    return ceil(amount * NANO)


def milli(amount_nano: int) -> int:
    """Return thousandths, rounded up as Kubernetes does.

    >>> milli(nano("100u") * 5)
    1
    """
    return -(-amount_nano // 1_000_000)


def whole(amount_nano: int) -> int:
    """Return whole units, rounded up as Kubernetes does.

    >>> whole(nano("128974848m"))
    128975
    """
    return -(-amount_nano // NANO)


def _factor(suffix: str) -> Fraction:
    if len(suffix) > 1 and suffix[0] in "eE" and suffix != "Ei":
        return Fraction(10) ** int(suffix[1:])
    return _FACTORS[suffix]
