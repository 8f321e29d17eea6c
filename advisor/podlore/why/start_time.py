"""When something that waits is likely to start, from how long it has waited and how long others waited on.

Waits are heavy-tailed, and queues change from hour to hour; what holds through all that is Lindy's law
(`podlore.patterns.lindy`). The waits of the last day by those who asked for as much, and had waited as long, sharpen
its exponent. ``benchmarks/advice_why.py`` replays traces and counts how often the interval holds.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from podlore.patterns.lindy import Lindy
from podlore.patterns.products import product_of, products_allowed
from podlore.patterns.waiting import Waiting
from podlore.view import ClusterView
from podlore.vocabulary import Resources, Start

LEVEL = 0.8
PRIOR = Lindy(8.0, 8.0)
"""What is believed before any wait was seen: an exponent of 1, as firmly as after 8 waits."""
OTHERS_MAX = 20.0
ALIKE_MIN, ALIKE_MAX = 0.5, 2.0
HALF_LIFE_SECONDS = 24 * 3600.0
"""A wait that ended a day before another one weighs half as much."""
AGE_SECONDS_MIN = 60.0


@dataclass(frozen=True, slots=True)
class StartTime:
    """Seconds from now until the start: the middle and an 80 % interval; ``others`` is how many waits it rests on."""

    expected_seconds: float
    low_seconds: float
    high_seconds: float
    others: int


def start_time(view: ClusterView, one: Waiting) -> StartTime:
    """Return when a workload is likely to start, if things go on as they do."""
    age = max(view.now - one.since, AGE_SECONDS_MIN)
    seen, others = Lindy(0.0, 0.0), 0
    for start in _alike(view, one):
        wait_seconds = start.scheduled_at - start.created_at
        if wait_seconds > age:
            weight = 0.5 ** (max(view.now - start.scheduled_at, 0.0) / HALF_LIFE_SECONDS)
            seen, others = seen.and_spell(wait_seconds / age, weight), others + 1
    seen = seen.at_most(OTHERS_MAX) if others else seen
    belief = Lindy(PRIOR.shape + seen.shape, PRIOR.rate + seen.rate)
    low, middle, high = (age * belief.longer(chance) for chance in ((1 + LEVEL) / 2, 0.5, (1 - LEVEL) / 2))
    return StartTime(middle, low, high, others)


def _alike(view: ClusterView, one: Waiting) -> Iterator[Start]:
    """Yield the starts of others who asked for as much, of a product that would do."""
    asked = one.largest.requests if one.largest is not None else one.requests
    allowed = products_allowed(one.largest, view) if one.largest is not None else frozenset()
    for start in view.starts:
        if start.workload == one.workload.ref or not _is_alike(asked, start.requests):
            continue
        node = view.nodes.get(start.node)
        if not allowed or node is None or product_of(node) in allowed:
            yield start


def _is_alike(asked: Resources, other: Resources) -> bool:
    if asked.gpu_milli > 0:
        return ALIKE_MIN * asked.gpu_milli <= other.gpu_milli <= ALIKE_MAX * asked.gpu_milli
    return other.gpu_milli == 0 and ALIKE_MIN * asked.cpu_milli <= other.cpu_milli <= ALIKE_MAX * asked.cpu_milli
