"""What following an advice brings: GPU-hours, seconds of waiting and money, each with a 90 % interval.

Three factors make a gain, and each adds to the interval's width (their logarithms' half-widths add as squares do for
independent factors):

* how long the matter would go on, from its age by Lindy's law (`podlore.patterns.stake`), or, where the workload was
  seen to come and go, also from the spells that it had before;
* how many GPUs it is about, as the finding counts them;
* which share of that the action brings back (`podlore.advice.remedy.Effect`).

A deadline bounds it from above, and so does a day. Money is GPU-hours times the policy's price of the target's product;
without a price there is none. Steps keep the figures still: a quiet cluster repeats them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, exp, floor, hypot, log, log10

from podlore.advice.remedy import Effect, Remedy
from podlore.patterns import stake
from podlore.patterns.idle_spells import IdleSpells, idle_spells
from podlore.patterns.lindy import Lindy
from podlore.patterns.products import product_of
from podlore.patterns.stake import DAY_HOURS, HIGH_RATIO, LOW_SHARE, two_digits
from podlore.policy import HOUR_SECONDS
from podlore.view import ClusterView
from podlore.vocabulary import Action, Finding, Gain, Pattern

GPU_HOURS, WAIT_SECONDS, USD = "GPUHours", "WaitSeconds", "USD"
WAITS = frozenset({Pattern.ACCESSIBILITY_BARRIER, Pattern.FRAGMENTATION, Pattern.QUEUE_SPIRAL})
"""Patterns of workloads that wait: what they gain is also time."""
PRIOR = Lindy(4.0, 4.0)
"""What is believed of idle spells before any was seen to end: an exponent of 1, as firmly as after 4 of them."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """Gains in all units, the leading one first, and how they were reckoned, a line each."""

    gains: tuple[Gain, ...] = ()
    arithmetic: tuple[str, ...] = ()


def predicted(view: ClusterView, finding: Finding, remedy: Remedy) -> Predicted:
    """Return what following a remedy is expected to bring; nothing where it is not counted in GPUs.

    A deadline that has passed says of what runs that nothing is left to gain, and of what never ran nothing at all.
    """
    if finding.gpus <= 0 or (finding.gpu_hours_at_stake <= 0 and finding.pattern in WAITS):
        return Predicted()
    hours, lines = _gpu_hours(view, finding, remedy.effect, remedy.action)
    gains = [hours]
    if finding.pattern in WAITS:
        gains.append(_scaled(hours, WAIT_SECONDS, HOUR_SECONDS / finding.gpus))
    price = view.policy.prices.usd_of(_product(view, finding))
    if price is not None:
        gains.append(_scaled(hours, USD, price))
        lines.append(f"at {price:g} USD a GPU-hour: {two_digits(hours.expected * price):g} USD")
    return Predicted(tuple(gains), tuple(lines))


def combined(expected: float, *spans: tuple[float, float]) -> tuple[float, float]:
    """Return the ends of a product of factors, given each factor's ends as ratios of its middle.

    >>> low, high = combined(10.0, (0.5, 2.0), (0.5, 2.0))
    >>> round(low, 2), round(high, 2)
    (3.75, 26.65)
    """
    below = hypot(*(log(max(low, 1e-9)) for low, _ in spans))
    above = hypot(*(log(max(high, 1.0)) for _, high in spans))
    return expected * exp(-below), expected * exp(above)


def _gpu_hours(view: ClusterView, finding: Finding, effect: Effect, action: Action) -> tuple[Gain, list[str]]:
    at_stake = finding.gpu_hours_at_stake
    spells = idle_spells(view, finding.target) if action is Action.RELEASE_IDLE else IdleSpells()
    hours, duration = _duration(spells)
    if hours is not None:
        at_stake = min(at_stake, finding.gpus * finding.share * hours)
    low, high = combined(at_stake * effect.expected, duration, _ratios(effect))
    ceiling = finding.gpus * min(finding.share * max(effect.high, 1.0), 1.0) * _hours_left(view, finding)
    gain = _gain(GPU_HOURS, at_stake * effect.expected, low, min(high, ceiling))
    return gain, _lines(finding, spells, effect, at_stake, gain)


def _ratios(effect: Effect) -> tuple[float, float]:
    return effect.low / effect.expected, effect.high / effect.expected


def _duration(spells: IdleSpells) -> tuple[float | None, tuple[float, float]]:
    """Return how many hours more the present idle spell lasts, if earlier ones tell, and the ends as ratios of that."""
    if not spells.ended:
        return None, (LOW_SHARE, HIGH_RATIO)
    present_hours = stake.expected_hours(spells.present_seconds)  # in steps: it must not flicker
    belief = PRIOR
    for seconds in spells.ended:
        belief = belief.and_spell(seconds / spells.least_seconds)
    passed = log(max(present_hours * HOUR_SECONDS / spells.least_seconds, 1.0))
    belief = Lindy(belief.shape, belief.rate + passed)
    sooner, middle, later = (belief.longer(chance) for chance in (0.95, 0.5, 0.05))
    return present_hours * middle, (sooner / middle, later / middle)


def _hours_left(view: ClusterView, finding: Finding) -> float:
    workload = view.workload_by_ref.get(finding.target)
    rest_seconds = stake.rest_seconds(workload, view.now) if workload else None
    if rest_seconds is None:
        return DAY_HOURS
    return min(stake.expected_hours(rest_seconds + HOUR_SECONDS, rest_seconds) * 2, DAY_HOURS)


def _lines(finding: Finding, spells: IdleSpells, effect: Effect, at_stake: float, gain: Gain) -> list[str]:
    per_gpu = finding.gpu_hours_at_stake / finding.gpus
    lines = [
        f"{finding.gpus:g} GPUs x {two_digits(per_gpu):g} h each until the expected end, 24 h at most = "
        f"{finding.gpu_hours_at_stake:g} GPU-hours"
    ]
    if spells.ended:
        lines.append(f"{len(spells.ended)} idle spells that ended before make that {two_digits(at_stake):g} GPU-hours")
    lines.append(
        f"x {effect.expected:g} ({effect.low:g} to {effect.high:g}), because {effect.why} = {gain.expected:g} "
        f"GPU-hours, 90 % interval {gain.low:g} to {gain.high:g}"
    )
    return lines


def _gain(unit: str, expected: float, low: float, high: float) -> Gain:
    expected = two_digits(expected)
    return Gain(unit, expected, min(outward(low, floor), expected), max(outward(high, ceil), expected))


def outward(value: float, rounding: Callable[[float], int]) -> float:
    """Round the end of an interval to two significant digits, away from its middle: a width must not be lost.

    >>> outward(14.4, ceil), outward(0.0567, floor), outward(0.0, floor)
    (15.0, 0.056, 0.0)
    """
    if value <= 0:
        return 0.0
    step = 10.0 ** (floor(log10(value)) - 1)
    return two_digits(rounding(round(value / step, 6)) * step)


def _scaled(gain: Gain, unit: str, ratio: float) -> Gain:
    return _gain(unit, gain.expected * ratio, gain.low * ratio, gain.high * ratio)


def _product(view: ClusterView, finding: Finding) -> str:
    """Return the product that a target holds: that of the node, or of the first node its pods run on."""
    names = [finding.target.name] if finding.target.kind == "Node" else []
    if workload := view.workload_by_ref.get(finding.target):
        names = [pod.node for pod in workload.pods if pod.node]
    return next((product_of(view.nodes[name]) for name in names if name in view.nodes), "")
