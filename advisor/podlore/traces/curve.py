"""How busy a job's GPUs are over its life: a few points, straight lines between them.

Readers and generators of traces make curves; the lab's exporter evaluates them, once a scrape for every device.
The text form is that of the pod annotation ``lab.podlore.io/gpu-curve``: ``0:0.05,600:0.92,7200:0.9,7201:0``.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass

from podlore.errors import BadInput

POINTS_MAX = 1000


@dataclass(frozen=True, slots=True)
class Curve:
    """Activity (a share, 0-1) at seconds since the start; before the first and after the last point it is level.

    >>> curve = Curve((0, 600), (0.1, 0.9))
    >>> curve.at(-5), curve.at(300), curve.at(9000)
    (0.1, 0.5, 0.9)
    """

    seconds: tuple[float, ...]
    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.seconds or len(self.seconds) != len(self.shares):
            raise BadInput("a curve needs at least one point SECONDS:SHARE")
        if any(not math.isfinite(value) or value < 0 for value in self.seconds):
            raise BadInput(f"a curve's seconds are not negative: {self.seconds[:5]}")
        if any(late <= early for early, late in zip(self.seconds, self.seconds[1:], strict=False)):
            raise BadInput(f"a curve's seconds must rise: {self.seconds[:5]}")
        if any(not 0 <= share <= 1 for share in self.shares):
            raise BadInput(f"a curve's shares lie between 0 and 1: {self.shares[:5]}")

    def at(self, seconds: float) -> float:
        """Return the activity at this many seconds after the start."""
        after = bisect_right(self.seconds, seconds)
        if after == 0:
            return self.shares[0]
        if after == len(self.seconds):
            return self.shares[-1]
        x0, x1 = self.seconds[after - 1], self.seconds[after]
        y0, y1 = self.shares[after - 1], self.shares[after]
        return y0 + (y1 - y0) * (seconds - x0) / (x1 - x0)

    def __str__(self) -> str:
        return ",".join(f"{x:.10g}:{y:.4g}" for x, y in zip(self.seconds, self.shares, strict=True))


def parse_curve(text: str) -> Curve:
    """Read a curve; points are separated by commas or spaces.

    >>> parse_curve("0:0.05 600:0.92")
    Curve(seconds=(0.0, 600.0), shares=(0.05, 0.92))

    Raises
    ------
    BadInput
        Where it is no curve.
    """
    points = text.replace(",", " ").split()
    if len(points) > POINTS_MAX:
        raise BadInput(f"a curve of {len(points)} points; at most {POINTS_MAX}")
    pairs = [_point(point) for point in points]
    return Curve(tuple(x for x, _ in pairs), tuple(y for _, y in pairs))


def _point(text: str) -> tuple[float, float]:
    seconds, separator, share = text.partition(":")
    try:
        if separator:
            return float(seconds), float(share)
    except ValueError:
        pass
    raise BadInput(f"{text[:40]!r} is no point of a curve; write SECONDS:SHARE, such as 600:0.92")
