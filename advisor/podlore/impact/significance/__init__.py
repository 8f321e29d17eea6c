"""Whether two runs differ, and by how much: tests and intervals over paired units, and designs for live clusters.

Each function takes differences or pairs of one unit of analysis (a seed, a list, a day) and returns plain numbers.
Nothing here knows what is measured.
"""

from podlore.impact.significance.block_bootstrap import block_bootstrap, block_length
from podlore.impact.significance.bootstrap import bootstrap_interval
from podlore.impact.significance.diebold_mariano import diebold_mariano
from podlore.impact.significance.difference_in_differences import difference_in_differences
from podlore.impact.significance.effect_size import cliffs_delta, cohens_d
from podlore.impact.significance.holm import holm
from podlore.impact.significance.minimum_effect import minimum_detectable_effect
from podlore.impact.significance.paired_permutation import paired_permutation
from podlore.impact.significance.switchback import switchback
from podlore.impact.significance.wilcoxon import wilcoxon

__all__ = [
    "block_bootstrap",
    "block_length",
    "bootstrap_interval",
    "cliffs_delta",
    "cohens_d",
    "diebold_mariano",
    "difference_in_differences",
    "holm",
    "minimum_detectable_effect",
    "paired_permutation",
    "switchback",
    "wilcoxon",
]
