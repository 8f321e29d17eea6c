"""Slow and obvious twins of the statistics of ``podlore.impact``: straight from the definitions."""

from collections.abc import Sequence
from itertools import product


def gini(values: Sequence[float]) -> float:
    """Return half the mean absolute difference over the mean."""
    n, total = len(values), sum(values)
    return sum(abs(one - other) for one in values for other in values) / (2 * n * total) if total else 0.0


def paired_permutation(differences: Sequence[float]) -> float:
    """Return the share of sign patterns with a sum at least as far from 0."""
    observed = abs(sum(differences))
    sums = [
        abs(sum(sign * value for sign, value in zip(signs, differences, strict=True)))
        for signs in product((1, -1), repeat=len(differences))
    ]
    return sum(value >= observed - 1e-9 for value in sums) / len(sums)


def wilcoxon(differences: Sequence[float]) -> float:
    """Return the two-sided p-value by listing all sign patterns of the mid-ranks."""
    values = [value for value in differences if value]
    ranks = [_mid_rank(abs(value), [abs(other) for other in values]) for value in values]
    positive = sum(rank for rank, value in zip(ranks, values, strict=True) if value > 0)
    extreme = min(positive, sum(ranks) - positive)
    patterns = [
        sum(rank for rank, is_positive in zip(ranks, signs, strict=True) if is_positive)
        for signs in product((True, False), repeat=len(ranks))
    ]
    return min(1.0, 2 * sum(value <= extreme for value in patterns) / len(patterns))


def _mid_rank(value: float, values: Sequence[float]) -> float:
    return sum(other < value for other in values) + (sum(other == value for other in values) + 1) / 2
