"""How the windowed statistics do on planted changes and on nothing: ``python benchmarks/patterns_statistics.py``.

Streams are a week of counts in bins of 30 minutes. Recall is the share of planted changes that are found within half a
day; a discovery where nothing was planted is any change. The bar: recall 0.95, at most 18 discoveries in 200 streams
at a level of 0.05. For the martingale it is any alarm in the whole week.
"""

import argparse
from collections.abc import Callable

import numpy as np

from podlore.patterns.statistics import (
    ChangeMartingale,
    Cusum,
    PageHinkley,
    change_points,
    distribution_test,
    rate_test,
    without_season,
)
from podlore.patterns.statistics.windows import Floats

DAY, DAYS, BLOCK = 48, 7, 12
NULLS = ("shuffled", "bursty", "diurnal")
ALPHA = 0.05
Rng = np.random.Generator


def rates(name: str, rng: Rng) -> Floats:
    """Return the rate of each bin of a week in which nothing changes."""
    level = np.full(DAY * DAYS, 12.0)
    if name == "bursty":  # bursts of about an hour, five times the rate
        hot = np.convolve(rng.random(len(level)) < 0.04, [1, 1, 1], mode="same") > 0
        return np.where(hot, 5.0, 1.0) * level
    if name == "diurnal":
        return level * (1.0 + 0.9 * np.sin(2 * np.pi * np.arange(len(level)) / DAY))
    return level


def stream(name: str, rng: Rng, *, ratio: float = 1.0) -> tuple[Floats, int]:
    """Return counts, and the bin from which their rate is so many times larger."""
    level = rates(name, rng)
    at = int(rng.integers(2 * DAY, (DAYS - 2) * DAY))
    level[at:] *= ratio
    counts = rng.poisson(level).astype(np.float64)
    return (rng.permutation(counts) if name == "shuffled" and ratio == 1 else counts), at


def by_change_points(counts: Floats, rng: Rng) -> list[int]:
    return [one.index for one in change_points(counts, block=BLOCK, period=DAY, rng=rng, alpha=ALPHA)]


def by_martingale(counts: Floats, rng: Rng) -> list[int]:
    martingale = ChangeMartingale(rng)
    for index, total in enumerate(counts.reshape(-1, BLOCK).sum(axis=1)):
        martingale.update(float(total), phase=index % (DAY // BLOCK))
        if martingale.e_value >= 1 / ALPHA:
            return [index * BLOCK]
    return []


def by_cusum(counts: Floats, rng: Rng) -> list[int]:
    return _online(Cusum(learn=DAY * 2), counts)


def by_page_hinkley(counts: Floats, rng: Rng) -> list[int]:
    return _online(PageHinkley(learn=DAY * 2), counts)


def by_rate_test(counts: Floats, rng: Rng) -> list[int]:
    """Test the last three days against the first three."""
    days = counts.reshape(DAYS, DAY).sum(axis=1)
    return [3 * DAY] if rate_test(days[:3], days[4:]).p_value <= ALPHA else []


def by_distribution(counts: Floats, rng: Rng) -> list[int]:
    level = without_season(counts, DAY)
    return [3 * DAY] if distribution_test(level[: 3 * DAY], level[4 * DAY :]).p_shift <= ALPHA else []


def _online(detector: Cusum | PageHinkley, counts: Floats) -> list[int]:
    scaled = without_season(2 * np.sqrt(counts + 0.375), DAY)
    for index, value in enumerate(scaled):
        detector.update(float(value))
        if detector.drift_detected:
            return [index]
    return []


WAYS: dict[str, tuple[Callable[[Floats, Rng], list[int]], int]] = {
    "change points": (by_change_points, DAY // 2),
    "martingale": (by_martingale, DAY * DAYS),
    "rate test": (by_rate_test, DAY * DAYS),
    "distribution test": (by_distribution, DAY * DAYS),
    "CUSUM": (by_cusum, DAY * DAYS),
    "Page-Hinkley": (by_page_hinkley, DAY * DAYS),
}
"""Each way, and how far from the truth its moment may be to count as found."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--ratios", type=float, nargs="*", default=[1.2, 1.5, 2.0, 3.0])
    options = parser.parse_args()
    print("way | null: discoveries in", options.runs, "| recall by ratio", options.ratios)
    for way, (found_by, tolerance) in WAYS.items():
        for name in NULLS:
            rngs = [np.random.default_rng([1, run]) for run in range(options.runs)]
            false = sum(len(found_by(stream(name, rng)[0], rng)) for rng in rngs)
            recalls = [_recall(found_by, name, ratio, tolerance, options.runs) for ratio in options.ratios]
            print(f"{way} | {name}: {false} | {' '.join(f'{recall:.2f}' for recall in recalls)}", flush=True)


def _recall(found_by: Callable[[Floats, Rng], list[int]], name: str, ratio: float, tolerance: int, runs: int) -> float:
    found = 0
    for run in range(runs):
        rng = np.random.default_rng([2, run])
        counts, at = stream(name, rng, ratio=ratio)
        found += any(abs(index - at) <= tolerance for index in found_by(counts, rng))
    return found / runs


if __name__ == "__main__":
    main()
