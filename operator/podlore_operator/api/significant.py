"""Two significant digits: enough to act on, few enough that a quiet cluster repeats itself."""

import math
from decimal import Decimal

SMALLEST = 1e-6
LARGEST = 9.9e11


def two_digits(value: float) -> str:
    """Return a plain decimal of two significant digits; what is nearly nothing is ``0``, not finite is an error.

    >>> [two_digits(value) for value in (1234.5, 12, 9.96, 0.12345, 1e-9, -2.55)]
    ['1200', '12', '10', '0.12', '0', '-2.5']
    """
    if not math.isfinite(value):
        raise ValueError(f"{value=} is no finite number")
    if abs(value) < SMALLEST:
        return "0"
    text = format(Decimal(f"{max(-LARGEST, min(value, LARGEST)):.1e}"), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
