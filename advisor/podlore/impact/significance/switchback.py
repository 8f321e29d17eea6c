"""Switchback: advice is switched on and off by periods of one live cluster."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from podlore.impact.significance.paired_permutation import paired_permutation


@dataclass(frozen=True, slots=True)
class Estimate:
    """An effect with its 95 % interval and the p-value of no effect."""

    effect: float
    low: float
    high: float
    p_value: float
    units: int


def switchback(values: Sequence[float], is_on: Sequence[bool], *, carry_over: int = 0) -> Estimate:
    """Return the mean of periods with advice minus that of periods without, from neighbouring pairs.

    Periods come in time's order; after each switch the first ``carry_over`` periods are left out, since the cluster
    still lives by what was before. Stretches are averaged, and each is compared with the one after it: slow trends
    cancel.

    >>> switchback([1, 3, 1, 3, 1, 3, 1, 3], [False, True] * 4).effect
    2.0

    References
    ----------
    Bojinov, Simchi-Levi and Zhao, "Design and Analysis of Switchback Experiments", Management Science 2023.
    """
    stretches: list[tuple[bool, list[float]]] = []
    for value, on in zip(values, is_on, strict=True):
        if not stretches or stretches[-1][0] != on:
            stretches.append((on, []))
        stretches[-1][1].append(value)
    means = [(on, float(np.mean(kept))) for on, stretch in stretches if (kept := stretch[carry_over:])]
    pairs = [
        (one if on else other) - (other if on else one)
        for (on, one), (on_too, other) in zip(means[::2], means[1::2], strict=False)
        if on != on_too
    ]
    return of_differences(pairs)


def of_differences(differences: Sequence[float]) -> Estimate:
    """Return the mean of independent differences with Student's interval and the permutation p-value."""
    from scipy.special import stdtrit  # noqa: PLC0415

    array = np.asarray(differences, float)
    if array.size < 2:
        raise ValueError(f"{array.size} pairs; an effect needs at least 2")
    half = float(stdtrit(array.size - 1, 0.975)) * float(array.std(ddof=1)) / array.size**0.5
    mean = float(array.mean())
    return Estimate(mean, mean - half, mean + half, paired_permutation(differences), array.size)
