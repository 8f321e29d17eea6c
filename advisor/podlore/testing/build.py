"""Small clusters in a few words: every argument has the value of an ordinary case.

Times are given in seconds before now (``age``), because that is how tests think; `NOW` is an arbitrary fixed moment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from podlore.snapshot import Snapshot
from podlore.vocabulary import (
    Container,
    Controller,
    GpuWindow,
    Node,
    ObjectRef,
    Pod,
    Requirement,
    Resources,
    Series,
    Taint,
    Toleration,
)

NOW = 1_800_000_000.0
MINUTE = 60.0
HOUR = 3600.0
GIB = 2**30


def node(
    name: str = "gpu-1",
    *,
    gpus: float = 8,
    cpus: float = 128,
    memory_gib: float = 1024,
    rack: str = "",
    zone: str = "",
    labels: Mapping[str, str] | None = None,
    taints: tuple[Taint, ...] = (),
    is_ready: bool = True,
    is_cordoned: bool = False,
    age: float = 30 * 24 * HOUR,
) -> Node:
    """Return a GPU node.

    >>> node("gpu-7", gpus=4, rack="r1").allocatable.gpu_milli
    4000
    """
    places = {"topology.podlore.io/rack": rack, "topology.kubernetes.io/zone": zone}
    return Node(
        name=name,
        uid=f"node-{name}",
        created_at=NOW - age,
        labels={key: value for key, value in places.items() if value} | dict(labels or {}),
        taints=taints,
        is_ready=is_ready,
        is_cordoned=is_cordoned,
        allocatable=Resources(int(cpus * 1000), int(memory_gib * GIB), int(gpus * 1000)),
        gpu_resource="nvidia.com/gpu" if gpus else "",
    )


def pod(
    name: str = "train-0",
    *,
    namespace: str = "vision",
    gpus: float = 1,
    cpus: float = 4,
    memory_gib: float = 16,
    node: str = "",
    phase: str = "",
    age: float = 3 * HOUR,
    waited: float = 0.0,
    controller: ObjectRef | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    node_selector: Mapping[str, str] | None = None,
    affinity_terms: tuple[tuple[Requirement, ...], ...] = (),
    tolerations: tuple[Toleration, ...] = (),
    containers: tuple[Container, ...] | None = None,
    priority: int = 0,
) -> Pod:
    """Return a pod that is ``age`` old; it runs where a node is given, and waits otherwise.

    >>> pod(node="gpu-1").phase, pod().phase
    ('Running', 'Pending')
    """
    placed_at = NOW - age + waited if node else None
    running = Container("main", running_since=placed_at, ready=bool(node), memory_limit_bytes=int(memory_gib * GIB))
    return Pod(
        namespace=namespace,
        name=name,
        uid=f"pod-{namespace}-{name}",
        created_at=NOW - age,
        phase=phase or ("Running" if node else "Pending"),
        node=node,
        controller=controller,
        labels=dict(labels or {}),
        annotations=dict(annotations or {}),
        requests=Resources(int(cpus * 1000), int(memory_gib * GIB), int(gpus * 1000)),
        gpu_resource="nvidia.com/gpu" if gpus else "",
        containers=containers if containers is not None else (running,),
        scheduled_at=placed_at,
        started_at=placed_at,
        node_selector=dict(node_selector or {}),
        affinity_terms=affinity_terms,
        tolerations=tolerations,
        priority=priority,
    )


def job(
    name: str = "train", *, namespace: str = "vision", kind: str = "Job", group: str = "batch", **more: object
) -> Controller:
    """Return a controller, a Job unless told otherwise; further arguments are those of `Controller`.

    >>> job(kind="Deployment", group="apps").ref.kind
    'Deployment'
    """
    ref = ObjectRef(group, kind, namespace, name, uid=f"{kind}-{namespace}-{name}")
    return replace(Controller(ref, NOW - 3 * HOUR), **more)  # type: ignore[arg-type]


def gang(
    name: str = "llm", *, nodes: tuple[str, ...] = (), waiting: int = 0, namespace: str = "nlp", gpus: float = 8
) -> tuple[Controller, tuple[Pod, ...]]:
    """Return a PyTorchJob and its workers: one on each of ``nodes``, and ``waiting`` ones without a node.

    >>> controller, pods = gang(nodes=("gpu-1", "gpu-2"), waiting=1)
    >>> controller.pods_wanted, [pod.node for pod in pods]
    (3, ['gpu-1', 'gpu-2', ''])
    """
    controller = job(
        name, namespace=namespace, kind="PyTorchJob", group="kubeflow.org", pods_wanted=len(nodes) + waiting
    )
    places = [*nodes, *[""] * waiting]
    pods = tuple(
        pod(f"{name}-worker-{rank}", namespace=namespace, gpus=gpus, node=place, controller=controller.ref)
        for rank, place in enumerate(places)
    )
    return controller, pods


def gpu_window(
    pod: Pod,
    *,
    gpu: int = 0,
    activity: float = 0.85,
    activity_max: float | None = None,
    window_seconds: float = 2 * HOUR,
    coverage: float = 1.0,
    **more: object,
) -> GpuWindow:
    """Return what was seen of a pod's GPU; ``activity`` is the mean, and the maximum too unless told otherwise.

    >>> gpu_window(pod(node="gpu-1"), activity=0.0).uuid
    'GPU-gpu-1-vision-train-0-0'
    """
    made = GpuWindow(
        node=pod.node,
        uuid=f"GPU-{pod.node}-{pod.namespace}-{pod.name}-{gpu}",
        namespace=pod.namespace,
        pod=pod.name,
        window_seconds=window_seconds,
        samples=240,
        coverage=coverage,
        activity_max=activity if activity_max is None else activity_max,
        activity_mean=activity,
        product="NVIDIA-H100-80GB-HBM3",
    )
    return replace(made, **more)  # type: ignore[arg-type]


def series(
    metric: str, values: Sequence[float | None], *, node: str = "gpu-1", gpu: str = "", pod: Pod | None = None
) -> Series:
    """Return a series in steps of five minutes that ends now, of a pod where one is given.

    >>> series("up", [1.0, None]).values
    (1.0, None)
    """
    return Series(
        metric=metric,
        node=pod.node if pod else node,
        until_at=NOW,
        step_seconds=5 * MINUTE,
        values=tuple(values),
        gpu=gpu,
        namespace=pod.namespace if pod else "",
        pod=pod.name if pod else "",
    )


def activity(pod: Pod, values: Sequence[float | None], *, gpu: int = 0) -> Series:
    """Return the activity of a pod's GPU in steps of five minutes that end now.

    >>> activity(pod(node="gpu-1"), [0.9]).gpu
    'GPU-gpu-1-vision-train-0-0'
    """
    device = f"GPU-{pod.node}-{pod.namespace}-{pod.name}-{gpu}"
    return series("DCGM_FI_PROF_GR_ENGINE_ACTIVE", values, gpu=device, pod=pod)


def snapshot(**more: object) -> Snapshot:
    """Return a snapshot of `NOW`, watched for a week; further arguments are those of `Snapshot`.

    >>> snapshot(nodes=(node(),)).nodes[0].name
    'gpu-1'
    """
    return Snapshot(now=NOW, observed_since=NOW - 7 * 24 * HOUR, **more)  # type: ignore[arg-type]
