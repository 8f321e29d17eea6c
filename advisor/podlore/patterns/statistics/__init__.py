"""Windowed statistics: has a rate or a distribution changed, and when; with false discoveries held.

Functions for what is there (`rate_test`, `distribution_test`, `change_points`), classes for what comes
(`PageHinkley`, `Cusum`, `ChangeMartingale`), and two ways to hold the share of false discoveries
(`benjamini_hochberg`, `e_benjamini_hochberg`).
"""

from podlore.patterns.statistics.change_points import ChangePoint, change_points
from podlore.patterns.statistics.distribution_test import Difference, distribution_test
from podlore.patterns.statistics.false_discovery import benjamini_hochberg, e_benjamini_hochberg
from podlore.patterns.statistics.martingale import ChangeMartingale
from podlore.patterns.statistics.online import Cusum, PageHinkley
from podlore.patterns.statistics.rate_test import RateRatio, rate_test
from podlore.patterns.statistics.season import season_of, without_season
from podlore.patterns.statistics.windows import binned

__all__ = [
    "ChangeMartingale",
    "ChangePoint",
    "Cusum",
    "Difference",
    "PageHinkley",
    "RateRatio",
    "benjamini_hochberg",
    "binned",
    "change_points",
    "distribution_test",
    "e_benjamini_hochberg",
    "rate_test",
    "season_of",
    "without_season",
]
