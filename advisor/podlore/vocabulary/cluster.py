"""What stands in a cluster at one moment: nodes, pods, their controllers and budgets, and what they make up."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from podlore.vocabulary.names import ObjectRef


@dataclass(frozen=True, slots=True)
class Resources:
    """An amount of what a node has and a pod asks for; a whole GPU is 1,000 ``gpu_milli``."""

    cpu_milli: int = 0
    memory_bytes: int = 0
    gpu_milli: int = 0


@dataclass(frozen=True, slots=True)
class Termination:
    """How a container ended."""

    exit_code: int
    reason: str = ""
    started_at: float | None = None
    finished_at: float | None = None


@dataclass(frozen=True, slots=True)
class Container:
    """A container as its status tells; ``ended`` is the present state, ``ended_before`` the run before a restart."""

    name: str
    restart_count: int = 0
    running_since: float | None = None
    ready: bool = False
    waiting_reason: str = ""
    waiting_message: str = ""
    ended: Termination | None = None
    ended_before: Termination | None = None
    memory_limit_bytes: int = 0
    is_init: bool = False


@dataclass(frozen=True, slots=True)
class Requirement:
    """One node-selector requirement; ``operator`` is In, NotIn, Exists, DoesNotExist, Gt or Lt."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Toleration:
    """A pod's toleration; an empty key with operator Exists tolerates everything, an empty effect every effect."""

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""


@dataclass(frozen=True, slots=True)
class Taint:
    """A node's taint."""

    key: str
    effect: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """A status condition of a node or a workload."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    changed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Pod:
    """What podlore keeps of a pod. No environment, no arguments, no volumes' contents: nothing secret is ever read.

    ``affinity_terms`` is an OR of ANDs: the required node affinity. ``controller`` is the owner reference that controls
    the pod. ``gpu_resource`` is the resource name under which GPUs are asked for, e.g. ``nvidia.com/gpu``.
    """

    namespace: str
    name: str
    uid: str
    created_at: float
    phase: str = "Pending"
    node: str = ""
    controller: ObjectRef | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    requests: Resources = Resources()
    gpu_resource: str = ""
    containers: tuple[Container, ...] = ()
    scheduled_at: float | None = None
    started_at: float | None = None
    deleted_at: float | None = None
    reason: str = ""
    message: str = ""
    unschedulable_message: str = ""
    scheduler: str = "default-scheduler"
    priority: int = 0
    node_selector: Mapping[str, str] = field(default_factory=dict)
    affinity_terms: tuple[tuple[Requirement, ...], ...] = ()
    tolerations: tuple[Toleration, ...] = ()
    scheduling_gates: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """What podlore keeps of a node; ``allocatable`` is what pods may ask for."""

    name: str
    uid: str
    created_at: float
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    is_ready: bool = True
    is_cordoned: bool = False
    allocatable: Resources = Resources()
    gpu_resource: str = ""
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class DisruptionBudget:
    """How many of the pods that it selects may be disrupted now; one that asks for nothing covers its namespace.

    ``match_labels`` is None where there is no selector at all: it then covers nothing.
    """

    namespace: str
    name: str
    match_labels: Mapping[str, str] | None = field(default_factory=dict)
    disruptions_allowed: int = 0
    match_expressions: tuple[Requirement, ...] = ()
    uid: str = ""
    created_at: float = 0.0

    def covers(self, pod: "Pod") -> bool:
        """Say whether a pod counts towards it.

        >>> budget = DisruptionBudget("vision", "b", {}, match_expressions=(Requirement("app", "In", ("a", "b")),))
        >>> [budget.covers(Pod("vision", "p", "u", 0.0, labels={"app": app})) for app in ("a", "c")]
        [True, False]
        """
        if pod.namespace != self.namespace or self.match_labels is None:
            return False
        asked = all(_is_met(requirement, pod.labels) for requirement in self.match_expressions)
        return asked and self.match_labels.items() <= pod.labels.items()


def _is_met(asked: Requirement, labels: Mapping[str, str]) -> bool:
    """Say whether labels meet a label selector's expression, as Kubernetes has them."""
    value = labels.get(asked.key)
    if asked.operator in ("Exists", "DoesNotExist"):
        return (value is not None) is (asked.operator == "Exists")
    return (value in asked.values) is (asked.operator == "In")


@dataclass(frozen=True, slots=True)
class Controller:
    """A workload object that owns pods, or owns those that do: a Job, a ReplicaSet, a JobSet, ...

    ``controller`` is its own controlling owner; ``pods_wanted`` how many pods run at once when all is well, 0 where
    only the object's metadata was seen. ``requests`` is what those pods ask for together.
    """

    ref: ObjectRef
    created_at: float
    controller: ObjectRef | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    pods_wanted: int = 1
    is_suspended: bool = False
    finished_at: float | None = None
    deadline_seconds: float | None = None
    requests: Resources = Resources()
    conditions: tuple[Condition, ...] = ()
    pods_succeeded: int = 0


@dataclass(frozen=True, slots=True)
class Workload:
    """A top-level workload with its present pods, as users know it: the thing that advice is about.

    ``pods_wanted`` is how many pods run at once when all is well, and ``is_gang`` says that they only help together.
    """

    ref: ObjectRef
    pods: tuple[Pod, ...]
    created_at: float
    pods_wanted: int = 1
    is_gang: bool = False
    is_suspended: bool = False
    deadline_seconds: float | None = None
    queue: str = ""
