"""What is learned while a cluster runs: slowdowns of pairs as they are observed, blended with what was believed.

`Learner` keeps a mean and a spread of each pair's speed and an offset of each GPU type: how far off beliefs were there
lately. A pair seen once says little: its estimate moves from belief to observation with the count, and its interval
stays wide until three co-runs agree. The state is plain numbers, bounded, for whoever keeps it over a restart.
"""

from collections import OrderedDict
from dataclasses import dataclass
from math import isfinite, sqrt

from podlore.errors import BadInput

PAIRS_MAX = 10_000
WEIGHT_OF_BELIEF = 3.0
"""A belief counts as much as so many co-runs."""
SPREAD_PRIOR = 0.2
"""Standard deviation of speeds of pairs nobody has seen."""
OFFSET_MEMORY = 50.0
Z_90 = 1.645


@dataclass(frozen=True, slots=True)
class Estimate:
    """A speed (0-1) with a 90 % interval, after so many co-runs."""

    speed: float
    low: float
    high: float
    co_runs: int


@dataclass(slots=True)
class _Seen:
    count: int = 0
    mean: float = 0.0
    squares: float = 0.0


class Learner:
    """Speeds of (GPU type, job, neighbour), learned one by one.

    Examples
    --------
    >>> learner = Learner()
    >>> for _ in range(9):
    ...     learner.observe("h100", "bert", "resnet", speed=0.6, believed=0.9)
    >>> round(learner.predict("h100", "bert", "resnet", believed=0.9).speed, 2)
    0.62
    """

    def __init__(self) -> None:
        self._pairs: OrderedDict[tuple[str, str, str], _Seen] = OrderedDict()
        self._offsets: dict[str, tuple[float, float]] = {}

    def observe(self, gpu_type: str, job: str, neighbour: str, *, speed: float, believed: float | None = None) -> None:
        """Take in one co-run; ``believed`` is what would have been predicted.

        Raises
        ------
        BadInput
            For a speed that is none: NaN, negative, or more than half as fast again.
        """
        if not (isfinite(speed) and 0 <= speed <= 1.5):
            raise BadInput(f"{speed} is no speed of {job} beside {neighbour}")
        key = gpu_type, job, neighbour
        seen = self._pairs.setdefault(key, _Seen())
        self._pairs.move_to_end(key)
        seen.count += 1
        off = speed - seen.mean
        seen.mean += off / seen.count
        seen.squares += off * (speed - seen.mean)
        if believed is not None and isfinite(believed):
            count, offset = self._offsets.get(gpu_type, (0.0, 0.0))
            count = min(count + 1.0, OFFSET_MEMORY)
            self._offsets[gpu_type] = count, offset + (speed - believed - offset) / count
        while len(self._pairs) > PAIRS_MAX:
            self._pairs.popitem(last=False)

    def offset(self, gpu_type: str) -> float:
        """Return how much faster jobs were on a GPU type than believed, the nearer to 0 the less was seen."""
        count, offset = self._offsets.get(gpu_type, (0.0, 0.0))
        return offset * count / (count + WEIGHT_OF_BELIEF)

    def predict(
        self, gpu_type: str, job: str, neighbour: str, *, believed: float, deviation: float = SPREAD_PRIOR
    ) -> Estimate:
        """Return what is expected of a pair, from a belief with its deviation and from what was seen."""
        belief = min(max(believed + self.offset(gpu_type), 0.0), 1.0)
        seen = self._pairs.get((gpu_type, job, neighbour), _Seen())
        weight = seen.count / (seen.count + WEIGHT_OF_BELIEF)
        speed = weight * seen.mean + (1 - weight) * belief
        spread = (seen.squares + WEIGHT_OF_BELIEF * deviation**2) / (seen.count + WEIGHT_OF_BELIEF)
        width = Z_90 * sqrt(spread * (1 + 1 / (seen.count + WEIGHT_OF_BELIEF)))
        return Estimate(min(speed, 1.0), max(speed - width, 0.0), min(speed + width, 1.0), seen.count)

    def state(self) -> dict[str, object]:
        """Return everything learned as plain lists."""
        pairs = [[*key, seen.count, seen.mean, seen.squares] for key, seen in self._pairs.items()]
        return {"pairs": pairs, "offsets": {gpu: list(values) for gpu, values in sorted(self._offsets.items())}}

    @classmethod
    def restored(cls, state: dict[str, object]) -> "Learner":
        """Return a learner with a state that `state` gave; what does not fit is refused as a whole."""
        learner = cls()
        try:
            for gpu, job, neighbour, count, mean, squares in state["pairs"]:  # type: ignore[attr-defined]
                learner._pairs[str(gpu), str(job), str(neighbour)] = _Seen(int(count), float(mean), float(squares))
            for gpu, (count, offset) in state["offsets"].items():  # type: ignore[attr-defined]
                learner._offsets[str(gpu)] = float(count), float(offset)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(f"not what a learner keeps: {error}") from error
        return learner
