"""How large requests should be: what was used at the busiest, with room for what was not seen.

CPU by its 95th percentile, memory by its peak and its growth since the window began, GPUs by how many of them worked.
A preview is given only for a template with one container, whose resources are then the pod's, and only if it asks for
less: more than its limit would be refused.
"""

from collections.abc import Mapping, Sequence
from math import ceil
from statistics import quantiles
from typing import Any

from podlore.patterns import trends
from podlore.patterns.over_request import CPU_METRIC, MEMORY_METRIC
from podlore.patterns.resource_hoarding import is_idle, long_windows
from podlore.topology.room import GPU_MILLI
from podlore.view import ClusterView
from podlore.vocabulary import Pod, Workload

CPU_ROOM = 1.25
MEMORY_ROOM = 1.2
"""Above what was seen: a quarter for CPU, which is only slower when short, a fifth and the growth for memory."""
VALUES_MIN = 20
MIB = 2**20
Patch = Mapping[str, Any]


def right_size(view: ClusterView, workload: Workload, cause: str) -> Patch:
    """Return the patch of a template's requests for what a workload uses; empty where that is not known."""
    pods = view.bound_pods(workload)
    names = {tuple(c.name for c in pod.containers if not c.is_init) for pod in pods}
    if not pods or len(names) != 1 or len(next(iter(names))) != 1:
        return {}
    resources = _resources(view, pods, cause)
    if not resources:
        return {}
    [name] = next(iter(names))
    return {"spec": {"template": {"spec": {"containers": [{"name": name, "resources": resources}]}}}}


def _resources(view: ClusterView, pods: Sequence[Pod], cause: str) -> Patch:
    if cause == "Gpus":
        return _gpus(view, pods)
    if cause == "Cpu":
        milli = max((_cpu_milli(view, pod) for pod in pods), default=0)
        return {"requests": {"cpu": f"{milli}m"}} if 0 < milli < min(pod.requests.cpu_milli for pod in pods) else {}
    if cause == "Memory":
        mib = max((_memory_mib(view, pod) for pod in pods), default=0)
        asked_bytes = min(pod.requests.memory_bytes for pod in pods)
        return {"requests": {"memory": f"{mib}Mi"}} if 0 < mib * MIB < asked_bytes else {}
    return {}


def _gpus(view: ClusterView, pods: Sequence[Pod]) -> Patch:
    """Return as many GPUs as worked in the pod where most did."""
    busy = [sum(not is_idle(view, window) for window in long_windows(view, pod)) for pod in pods]
    resource, asked = pods[0].gpu_resource, min(pod.requests.gpu_milli // GPU_MILLI for pod in pods)
    wanted = max(busy, default=0)
    if not resource or not 0 < wanted < asked:
        return {}
    return {"limits": {resource: str(wanted)}, "requests": {resource: str(wanted)}}


def _cpu_milli(view: ClusterView, pod: Pod) -> int:
    values = [value / step for value, step in _values(view, pod, CPU_METRIC, grown=True)]
    if len(values) < VALUES_MIN:
        return 0
    return 100 * ceil(10 * CPU_ROOM * quantiles(values, n=20)[-1])


def _memory_mib(view: ClusterView, pod: Pod) -> int:
    values = [value for value, _ in _values(view, pod, MEMORY_METRIC, grown=False)]
    if len(values) < VALUES_MIN:
        return 0
    growth = max(values[-1] - values[0], 0.0)
    return 256 * ceil((MEMORY_ROOM * max(values) + growth) / MIB / 256)


def _values(view: ClusterView, pod: Pod, metric: str, *, grown: bool) -> list[tuple[float, float]]:
    """Return the known values of a pod's metric, each with the length of its step."""
    rows = trends.by_metric(view.series_by_pod.get((pod.namespace, pod.name), ())).get(metric, ())
    return [
        (value, row.step_seconds)
        for row in rows[:1]
        for value in trends.known(trends.growths(row.values) if grown else row.values)
    ]
