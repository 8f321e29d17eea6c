"""Difference in differences: some pools follow advice from a day on, others never do."""

from collections.abc import Mapping, Sequence

import numpy as np

from podlore.impact.significance.switchback import Estimate


def difference_in_differences(
    before: Mapping[str, Sequence[float]], after: Mapping[str, Sequence[float]], treated: set[str]
) -> Estimate:
    """Return how much more the treated units changed than the others.

    ``before`` and ``after`` have each unit's values in time. The interval is Welch's over units' changes; the p-value
    permutes which units are treated.

    >>> before = {"a": [1], "b": [2], "c": [1], "d": [2]}
    >>> after = {"a": [4], "b": [5], "c": [2], "d": [3]}
    >>> difference_in_differences(before, after, {"a", "b"}).effect
    2.0

    References
    ----------
    Bertrand, Duflo and Mullainathan, "How Much Should We Trust Differences-in-Differences Estimates?", QJE 2004.
    """
    from scipy.special import stdtrit  # noqa: PLC0415

    names = sorted(before)
    change = np.array([float(np.mean(after[name]) - np.mean(before[name])) for name in names])
    is_treated = np.array([name in treated for name in names])
    if is_treated.sum() < 2 or (~is_treated).sum() < 2:
        raise ValueError("at least 2 treated and 2 other units are needed")
    effect = float(change[is_treated].mean() - change[~is_treated].mean())
    errors = [float(group.var(ddof=1)) / group.size for group in (change[is_treated], change[~is_treated])]
    error = sum(errors)
    sizes = (int(is_treated.sum()), int((~is_treated).sum()))
    spread = sum(part**2 / (size - 1) for part, size in zip(errors, sizes, strict=True))
    half = float(stdtrit(error**2 / spread, 0.975)) * error**0.5 if spread > 0 else 0.0
    return Estimate(effect, effect - half, effect + half, _permuted(change, is_treated, effect), len(names))


def _permuted(change: np.ndarray, is_treated: np.ndarray, effect: float, draws: int = 4_999) -> float:
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(draws):
        drawn = rng.permutation(is_treated)
        hits += abs(change[drawn].mean() - change[~drawn].mean()) >= abs(effect) - 1e-12
    return (hits + 1) / (draws + 1)
