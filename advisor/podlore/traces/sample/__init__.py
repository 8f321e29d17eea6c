"""The generated sample: a cluster, some hours of its life, patterns planted at known places, and near-misses.

Its proportions are those published of real traces (see `podlore.traces.sample.arrivals`); no row is copied from any.
"""

from podlore.traces.sample.sample import END_SECONDS, sample

__all__ = ["END_SECONDS", "sample"]
