"""How metrics went over the last hours: a Prometheus and a range of steps come in, values by series and step leave.

Called by the metrics loop for the steps that are new, by ``podlore snapshot`` for all. Steps are five minutes of trace
time, numbered since the epoch, so that whoever reads them reads the same ones. Missing samples are never zero: they are
absent.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from podlore.clock import Clock
from podlore.policy import Policy
from podlore_operator.metrics.gpu_queries import ACTIVITY_SCALES, ACTIVITY_SHARE_MAX
from podlore_operator.metrics.gpu_series import HOLDER_LABELS, Holds, Labels, read_series
from podlore_operator.metrics.prometheus import Matrix, Range, Vector
from podlore_operator.metrics.promql import STAT, any_of, joined
from podlore_operator.metrics.step_queries import DEVICE_GAUGES, NODE_COUNTERS, POD_METRICS, metric_names, step_queries

STEP_SECONDS = 300.0
STEPS_KEPT = 144
"""Twelve hours, as far back as any detector looks."""
STEPS_A_QUERY = 24
GAUGE_MAX = 1e12
"""Above this a clock or a rate of bytes is none: DCGM's blanks are larger."""
NODE_LABELS = ("node", "nodename", "kubernetes_node", "Hostname", "hostname", "instance")
DIGITS = 4
"""Of a share: finer is noise, and makes snapshots large."""


class Queries(Protocol):
    """What answers PromQL; `podlore_operator.metrics.prometheus.Prometheus` does."""

    async def query(self, expression: str) -> Vector:
        """Evaluate an expression now."""

    async def query_range(self, expression: str, over: Range) -> Matrix:
        """Evaluate an expression at each moment of a range."""


class RowKey(NamedTuple):
    """Whose values they are; ``gpu`` and ``pod`` are empty for what belongs to the node."""

    metric: str
    node: str
    gpu: str = ""
    namespace: str = ""
    pod: str = ""


Rows = Mapping[RowKey, Mapping[int, float]]
"""Values by series and number of the step."""


@dataclass(frozen=True, slots=True)
class Known:
    """What names may mean: pods that hold GPUs now or did lately, pods whose use is looked at, and nodes."""

    holds: Holds
    holds_now: Holds
    measured: Callable[[str, str], bool]
    nodes: Collection[str]


def last_step(clock: Clock) -> int:
    """Return the number of the last step that is over.

    >>> last_step(Clock(read=lambda: 650.0))
    2
    """
    return int(clock.now() // STEP_SECONDS)


@dataclass(frozen=True, slots=True)
class StepReader:
    """Reads steps; one query asks which metrics there are, one more for each two hours asks for all of them."""

    prometheus: Queries
    policy: Policy
    clock: Clock
    known: Known

    async def read(self, first: int, last: int) -> tuple[Rows, tuple[str, ...]]:
        """Return values by series and step, the most telling metrics first, and what Prometheus said beside.

        Raises
        ------
        Unavailable, BadInput
            If Prometheus does not answer, or the policy names a metric that is none.
        """
        there = await self._there()
        rows: defaultdict[RowKey, dict[int, float]] = defaultdict(dict)
        warnings: dict[str, None] = {}
        for begin in range(first, last + 1, STEPS_A_QUERY) if there else ():
            matrix = await self._ask(there, begin, min(begin + STEPS_A_QUERY - 1, last))
            warnings |= dict.fromkeys(matrix.warnings)
            self._take(matrix, rows)
        place = {name: number for number, name in enumerate(metric_names(self.policy.metric_names))}
        ordered = sorted(rows, key=lambda key: (place.get(key.metric, len(place)), key))
        return {key: rows[key] for key in ordered}, tuple(warnings)

    async def _there(self) -> set[str]:
        """Return which of the metrics exist: most clusters have some of them only."""
        every = any_of(metric_names(self.policy.metric_names), self.policy.cluster_matcher)
        vector = await self.prometheus.query(f"group by (__name__) ({every})")
        return {labels.get("__name__", "") for labels in vector.labels}

    async def _ask(self, there: set[str], first: int, last: int) -> Matrix:
        step_seconds = self.clock.wall_seconds(STEP_SECONDS)
        over = Range(self.clock.to_wall(first * STEP_SECONDS), self.clock.to_wall(last * STEP_SECONDS), step_seconds)
        since = over.end_at - over.start_at + 2 * step_seconds
        names, matcher = self.policy.metric_names, self.policy.cluster_matcher
        return await self.prometheus.query_range(joined(step_queries(names, there, matcher, step_seconds, since)), over)

    def _take(self, matrix: Matrix, rows: defaultdict[RowKey, dict[int, float]]) -> None:
        names = self.policy.metric_names
        most = dict.fromkeys(DEVICE_GAUGES, GAUGE_MAX)
        most |= {names[key]: ACTIVITY_SHARE_MAX / scale for key, scale in ACTIVITY_SCALES.items() if key in names}
        exporting = {found.get("job", "") for found in matrix.labels if any(found.get(pod) for pod, _ in HOLDER_LABELS)}
        for labels, values in zip(matrix.labels, matrix.rows, strict=True):
            key = _key_of(labels, self.known, pod_is_exporter=labels.get("job", "") in exporting)
            if key is None:
                continue
            for at, value in values:
                if 0 <= value <= most.get(key.metric, math.inf):
                    _keep(rows[key], round(self.clock.from_wall(at) / STEP_SECONDS), round(value, DIGITS))


def _keep(row: dict[int, float], number: int, value: float) -> None:
    """Keep the largest where several series are one: a device that several containers share repeats its value."""
    row[number] = max(value, row.get(number, value))


def _key_of(labels: Labels, known: Known, *, pod_is_exporter: bool) -> RowKey | None:
    """Return whose values they are, None if they are nobody's that is known."""
    metric = labels.get(STAT, "")
    if metric in NODE_COUNTERS:
        node = next(_node_names(labels, known), "")
        return RowKey(metric, node) if node else None
    if metric in POD_METRICS:
        namespace, pod = labels.get("namespace", ""), labels.get("pod", "")
        node = next(_node_names(labels, known), "")
        return RowKey(metric, node, "", namespace, pod) if pod and known.measured(namespace, pod) else None
    found = read_series(labels, pod_is_exporter=pod_is_exporter)
    if found.pod and known.holds(found.namespace, found.pod):
        return RowKey(metric, found.node, found.uuid, found.namespace, found.pod)
    return RowKey(metric, found.node, found.uuid)


def _node_names(labels: Labels, known: Known) -> Iterator[str]:
    """Yield the node that a series names, by any of the labels that exporters use, with or without a port."""
    return (name for label in NODE_LABELS if (name := labels.get(label, "").partition(":")[0]) in known.nodes)
