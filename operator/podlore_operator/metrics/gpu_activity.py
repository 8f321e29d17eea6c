"""How busy each device was, by each metric of activity: statistics come in, shares leave; blanks are taken out.

Called by `gpu_windows`, which chooses the metric.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from podlore_operator.metrics.gpu_queries import ACTIVITY_SCALES, ACTIVITY_SHARE_MAX
from podlore_operator.metrics.gpu_series import Series, Stats


@dataclass(frozen=True, slots=True)
class Activity:
    """How busy a device was, as shares (0-1), and by how many samples we know."""

    largest: float
    mean: float
    samples: float

    @property
    def is_blank(self) -> bool:
        """Whether values were among the samples that are none."""
        return not (0 <= self.largest <= ACTIVITY_SHARE_MAX and self.mean >= 0)


ActivityByMetric = Mapping[str, Mapping[Series, Activity]]


def read_activity(stats: Stats) -> ActivityByMetric:
    """Return the activity by metric and series, where there were samples."""
    return {key: dict(_activity(stats, key)) for key in ACTIVITY_SCALES}


def has_blanks(activity: ActivityByMetric) -> bool:
    """Say whether any device reported values that are none."""
    return any(found.is_blank for by_series in activity.values() for found in by_series.values())


def without_blanks(activity: ActivityByMetric, filtered: ActivityByMetric) -> ActivityByMetric:
    """Take the filtered answer for series that reported blanks, and leave those out that reported nothing else."""
    return {
        key: {
            series: _filtered(found, filtered[key][series]) if found.is_blank else found
            for series, found in by_series.items()
            if not found.is_blank or (series in filtered[key] and not filtered[key][series].is_blank)
        }
        for key, by_series in activity.items()
    }


def _activity(stats: Stats, key: str) -> Iterator[tuple[Series, Activity]]:
    scale, sums, counts = ACTIVITY_SCALES[key], stats.get(f"{key}.sum", {}), stats.get(f"{key}.samples", {})
    for series, largest in stats.get(f"{key}.max", {}).items():
        if counts.get(series, 0.0) > 0 and series in sums:
            yield series, Activity(largest * scale, sums[series] * scale / counts[series], counts[series])


def _filtered(found: Activity, clean: Activity) -> Activity:
    """Return the clean values; both counts are upper bounds of the good samples."""
    return replace(clean, samples=min(found.samples, clean.samples))
