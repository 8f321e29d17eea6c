"""What happened to a metric over the last hours: series come in, differences and means leave.

Detectors that compare times, ranks or neighbours read `Series` through these. A series is a row of equal steps;
all series of a snapshot share the same steps, counted back from the last one. A missing value is never zero.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import fmean

from podlore.view import ClusterView
from podlore.vocabulary import Pod, Series

Values = Sequence[float | None]
ACTIVITY_KEYS = ("smActive", "grEngineActive", "gpuUtil")
PERCENT_KEYS = frozenset({"gpuUtil"})


def activity_of(view: ClusterView, namespace: str, pod: str) -> tuple[float | None, ...]:
    """Return a pod's mean GPU activity, step by step, by the first metric that exists; empty if there is none."""
    return view.once(("activity", namespace, pod), lambda: _activity(view, namespace, pod))


def _activity(view: ClusterView, namespace: str, pod: str) -> tuple[float | None, ...]:
    found = by_metric(view.series_by_pod.get((namespace, pod), ()))
    for key in ACTIVITY_KEYS:
        if series := found.get(view.policy.metric_names.get(key, ""), ()):
            scale = 0.01 if key in PERCENT_KEYS else 1.0
            return tuple(None if value is None else value * scale for value in mean_of(series))
    return ()


def by_metric(series: Iterable[Series]) -> Mapping[str, list[Series]]:
    """Return series by metric."""
    found: defaultdict[str, list[Series]] = defaultdict(list)
    for one in series:
        found[one.metric].append(one)
    return found


def mean_of(series: Sequence[Series]) -> tuple[float | None, ...]:
    """Return the mean over several series, step by step, of those that have a value there."""
    if len(series) == 1:
        return tuple(series[0].values)
    length = max((len(one.values) for one in series), default=0)
    padded = [(*[None] * (length - len(one.values)), *one.values) for one in series]
    columns = ([value for value in column if value is not None] for column in zip(*padded, strict=True))
    return tuple(fmean(column) if column else None for column in columns)


def last(values: Values, steps: int) -> tuple[float | None, ...]:
    """Return the last steps; shorter if there are fewer."""
    return tuple(values[-steps:]) if steps > 0 else ()


def known(values: Values) -> list[float]:
    """Return the values that are there."""
    return [value for value in values if value is not None]


def growths(values: Values) -> list[float | None]:
    """Return by how much a counter grew in each step; a reset counts from zero, a gap is unknown.

    >>> growths([3, 3, None, 5, 1])
    [None, 0, None, None, 1]
    """
    grown: list[float | None] = [None] * min(len(values), 1)
    for before, value in pairwise(values):
        grown.append(None if before is None or value is None else value - before if value >= before else value)
    return grown


def steps_in(series: Series, seconds: float) -> int:
    """Return how many steps a span of time has."""
    return max(int(seconds // series.step_seconds), 1)


def pods_activity(view: ClusterView, pods: Iterable[Pod]) -> Mapping[str, tuple[float | None, ...]]:
    """Return the activity of each pod by name, of those that have any."""
    found = {pod.name: activity_of(view, pod.namespace, pod.name) for pod in pods}
    return {name: values for name, values in found.items() if values}
