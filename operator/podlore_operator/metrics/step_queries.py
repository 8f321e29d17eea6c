"""The questions about how metrics went, step by step: metric names and a step come in, one PromQL a metric leaves.

Which metrics are asked for is what the detectors read. Gauges are means over a step; counters and codes are their last
value, and are asked for only where they moved at all: in a large cluster hardly one does, and one that stands still
says nothing. Activity is asked for under the best of its names that a device has. The names' order is that in which
series are kept where there are too many: what only explains something comes last.
"""

from collections.abc import Callable, Collection, Mapping

from podlore.interference.meeting_point import GAUGES as BUS_METRICS
from podlore.interference.meeting_point import PRESSURE, USE
from podlore.interference.observed import SM_CLOCK
from podlore.patterns.hardware_fault import CORRECTABLE, LINK_ERRORS, UNCORRECTABLE
from podlore.patterns.network_degradation import ERROR_METRICS
from podlore.patterns.over_request import CPU_METRIC, MEMORY_METRIC
from podlore.patterns.storage_stall import BYTE_METRICS, NODE_PRESSURE_METRICS, PRESSURE_METRICS
from podlore.patterns.straggler import WORK_METRIC
from podlore_operator.metrics.gpu_queries import ACTIVITY_SCALES, SERIES
from podlore_operator.metrics.promql import duration, selector

DEVICE = "UUID, gpu, GPU_I_ID, Hostname, hostname, node"
"""A device whoever holds it: an error may come in the very moment when its holder goes."""
NODE = "node, nodename, kubernetes_node, Hostname, hostname, instance"
POD = "namespace, pod, node, instance"

DEVICE_COUNTERS = (*UNCORRECTABLE, *CORRECTABLE, *LINK_ERRORS)
NODE_COUNTERS = tuple(dict.fromkeys((*sorted(ERROR_METRICS), *NODE_PRESSURE_METRICS, *PRESSURE)))
CONTAINER_METRICS = (CPU_METRIC, MEMORY_METRIC, *PRESSURE_METRICS)
POD_METRICS = tuple(
    dict.fromkeys((*CONTAINER_METRICS, *BYTE_METRICS, *(name for name in USE if name not in BUS_METRICS)))
)
DEVICE_GAUGES = (WORK_METRIC, *sorted(BUS_METRICS), SM_CLOCK)
BUS_BYTES_MIN = 1e9
"""A bus that carries less a second has room for everybody, and most do: what is not read need not be kept."""
OF_CONTAINERS = 'container!="", container!="POD"'

Ask = Callable[[str, str, str], str]
"""Makes a question of a metric's name, a step and the whole span, both as durations."""


def metric_names(names: Mapping[str, str]) -> tuple[str, ...]:
    """Return every metric that is asked for, the most telling first; ``names`` are the policy's."""
    activity = [names[key] for key in ACTIVITY_SCALES if key in names]
    xid = [names["xidErrors"]] if "xidErrors" in names else []
    every = [*activity, *xid, *DEVICE_COUNTERS, WORK_METRIC, *NODE_COUNTERS, *POD_METRICS, *DEVICE_GAUGES]
    return tuple(dict.fromkeys(every))


def step_queries(
    names: Mapping[str, str], there: Collection[str], matchers: str, step_seconds: float, span_seconds: float
) -> dict[str, str]:
    """Return the questions by metric, of those that are ``there``; lengths of time are the wall's."""
    step, span = duration(step_seconds), f"{duration(span_seconds)}:{duration(step_seconds)}"
    activity = [names[key] for key in ACTIVITY_SCALES if key in names]
    asked: dict[str, str] = {}
    for name in metric_names(names):
        if name not in there:
            continue
        series = selector(name, matchers)
        if name in activity:
            better = [selector(one, matchers) for one in activity[: activity.index(name)] if one in there]
            asked[name] = _mean(series, step) + "".join(f" unless on (UUID, GPU_I_ID) {one}" for one in better)
        elif name in BUS_METRICS:
            asked[name] = f"{_mean(series, step)} > {BUS_BYTES_MIN:g}"
        elif name in DEVICE_GAUGES:
            asked[name] = _mean(series, step)
        elif name in NODE_COUNTERS:
            asked[name] = _moving("sum", NODE, series, step, span)
        elif name in POD_METRICS:
            asked[name] = _of_pods(name, matchers, step)
        else:
            asked[name] = _moving("max", DEVICE, series, step, span)
    return asked


def _mean(series: str, step: str) -> str:
    return f"max by ({SERIES}) (avg_over_time({series}[{step}]))"


def _moving(function: str, labels: str, series: str, step: str, span: str) -> str:
    """Ask for last values where they changed between the range's beginning and its end."""
    return (
        f"{function} by ({labels}) (last_over_time({series}[{step}])) "
        f"and (changes(({function} by ({labels}) ({series}))[{span}] @ end()) > 0)"
    )


def _of_pods(name: str, matchers: str, step: str) -> str:
    """Ask for a pod's sum over its containers, or over its network's devices."""
    narrowed = ", ".join(filter(None, (matchers, OF_CONTAINERS if name in CONTAINER_METRICS else "")))
    return f"sum by ({POD}) (last_over_time({selector(name, narrowed)}[{step}]))"
