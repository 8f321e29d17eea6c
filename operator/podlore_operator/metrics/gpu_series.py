"""Whose sample it is: the labels of DCGM's exporters come in, a device and its holder leave. Called by `gpu_windows`.

Labels differ by the exporter's version and by how it is scraped. Under ``honor_labels: false`` the holder is in
``exported_pod``, and ``pod`` is the exporter's own; Prometheus cannot tell an empty label from a missing one, so a
device that nobody holds has ``pod`` alone. Whether that means its holder or its exporter shows in its job's others.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from podlore_operator.metrics.promql import STAT

Labels = Mapping[str, str]
Merge = Callable[[float, float], float]
Holds = Callable[[str, str], bool]
"""Says of a namespace and the name of a pod whether that can hold a device."""

HOLDER_LABELS = (("exported_pod", "exported_namespace"), ("pod_name", "pod_namespace"))
NODE_LABELS = ("Hostname", "hostname", "node")
LABEL_CHARACTERS_MAX = 253


class Series(NamedTuple):
    """A device, and the pod that held it; ``pod`` is empty where nobody did."""

    node: str
    uuid: str
    namespace: str
    pod: str
    product: str
    job: str


Stats = Mapping[str, Mapping[Series, float]]


def read_stats(
    labels: Iterable[Labels], values: Iterable[float], merge: Mapping[str, Merge], holds: Holds = lambda _ns, _pod: True
) -> Stats:
    """Return the values by statistic and series.

    Series that differ only in what is not read here, such as the exporter's address, are merged by the function that
    ``merge`` has for the statistic (its last part, after a dot), the maximum where it has none. A pod that cannot hold
    a device is the exporter's own: nobody holds it then.
    """
    samples = list(zip(labels, values, strict=True))
    exporting = {found.get("job", "") for found, _ in samples if any(found.get(pod) for pod, _ in HOLDER_LABELS)}
    stats: defaultdict[str, dict[Series, float]] = defaultdict(dict)
    for found, value in samples:
        stat = found.get(STAT, "")
        series = read_series(found, pod_is_exporter=found.get("job", "") in exporting)
        if series.pod and not holds(series.namespace, series.pod):
            series = series._replace(namespace="", pod="")
        seen = stats[stat].get(series)
        stats[stat][series] = value if seen is None else merge.get(stat.rpartition(".")[2], max)(seen, value)
    return stats


def read_series(labels: Labels, *, pod_is_exporter: bool) -> Series:
    """Return the device and its holder.

    >>> read_series({"UUID": "GPU-1", "Hostname": "gpu-1", "exported_pod": "train-0", "exported_namespace": "vision",
    ...     "pod": "dcgm-x", "namespace": "gpu-operator"}, pod_is_exporter=True)[:4]
    ('gpu-1', 'GPU-1', 'vision', 'train-0')
    """
    node = next((_label(labels, name) for name in NODE_LABELS if labels.get(name)), "")
    namespace, pod = _holder(labels, pod_is_exporter)
    return Series(node, _device(labels, node), namespace, pod, _label(labels, "modelName"), _label(labels, "job"))


def _holder(labels: Labels, pod_is_exporter: bool) -> tuple[str, str]:
    for pod, namespace in HOLDER_LABELS:
        if labels.get(pod):
            return _label(labels, namespace), _label(labels, pod)
    if pod_is_exporter or not labels.get("pod"):
        return "", ""
    return _label(labels, "namespace"), _label(labels, "pod")


def _device(labels: Labels, node: str) -> str:
    """Return the device's UUID, with the instance's number on a partitioned one."""
    device = _label(labels, "UUID") or f"{node}/gpu{_label(labels, 'gpu')}"
    instance = _label(labels, "GPU_I_ID")
    return f"{device}/{instance}" if instance else device


def _label(labels: Labels, name: str) -> str:
    """Return a label, bounded and printable: it is as foreign as everything else."""
    value = labels.get(name, "")[:LABEL_CHARACTERS_MAX]
    return value if value.isprintable() else ""
