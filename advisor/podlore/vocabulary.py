"""The nouns of podlore: closed sets, what is seen in a cluster, and what is said about it.

Everything here is frozen and has no behaviour beyond checking itself. Each stage takes these and returns these:
``podlore.objects`` reads Kubernetes JSON into them, detectors turn them into `Finding`, ``podlore.advice`` turns those
into `Recommendation`, and the operator writes them down.

Times are seconds since the epoch of the clock in use (names end in ``_at``), lengths of time end in ``_seconds``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Pattern(StrEnum):
    """What podlore can find; the order is the one of the documentation."""

    RESOURCE_HOARDING = "ResourceHoarding"
    OVER_REQUEST = "OverRequest"
    QUEUE_SPIRAL = "QueueSpiral"
    ACCESSIBILITY_BARRIER = "AccessibilityBarrier"
    FRAGMENTATION = "Fragmentation"
    INTERFERENCE = "Interference"
    GANG_SCATTERED = "GangScattered"
    STRAGGLER = "Straggler"
    CRASH_LOOP = "CrashLoop"
    OUT_OF_MEMORY_LOOP = "OutOfMemoryLoop"
    BLACK_HOLE_NODE = "BlackHoleNode"
    HARDWARE_FAULT = "HardwareFault"
    NETWORK_DEGRADATION = "NetworkDegradation"
    STORAGE_STALL = "StorageStall"
    SECURITY_INCIDENT = "SecurityIncident"


class Action(StrEnum):
    """What podlore can recommend."""

    RELEASE_IDLE = "ReleaseIdle"
    RIGHT_SIZE = "RightSize"
    COLOCATE = "Colocate"
    SEPARATE = "Separate"
    CONSOLIDATE = "Consolidate"
    AVOID_NODE = "AvoidNode"
    CORDON_NODE = "CordonNode"
    RELAX_CONSTRAINT = "RelaxConstraint"
    DEFER = "Defer"
    BREAK_REQUEUE_LOOP = "BreakRequeueLoop"
    RAISE_MEMORY = "RaiseMemory"
    BORROW_QUOTA = "BorrowQuota"
    FIX_APPLICATION = "FixApplication"
    INVESTIGATE = "Investigate"


class Severity(StrEnum):
    """How much it hurts, the worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class EventClass(StrEnum):
    """The domain of the problem an event or a log line speaks of."""

    SECURITY = "Security"
    NETWORK = "Network"
    MEMORY = "Memory"
    STORAGE = "Storage"
    APPLICATION = "Application"
    OTHER = "Other"


class EvidenceSource(StrEnum):
    """Where a piece of evidence was read."""

    METRIC = "Metric"
    EVENT = "Event"
    OBJECT = "Object"
    LOG = "Log"
    RULE = "Rule"
    MODEL = "Model"
    TOPOLOGY = "Topology"


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """One Kubernetes object by name; ``namespace`` is empty where the kind is cluster-scoped.

    The uid says which incarnation was seen and takes no part in equality: a resubmitted job is the same target.

    >>> str(ObjectRef(group="batch", kind="Job", namespace="vision", name="train"))
    'vision/Job/train'
    >>> str(ObjectRef(group="", kind="Node", namespace="", name="gpu-7"))
    'Node/gpu-7'
    """

    group: str
    kind: str
    namespace: str
    name: str
    version: str = field(default="v1", compare=False)
    uid: str = field(default="", compare=False)

    def __str__(self) -> str:
        return "/".join(part for part in (self.namespace, self.kind, self.name) if part)


# --- what is seen -------------------------------------------------------------------------------------------------


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
class Event:
    """A Kubernetes event about ``about``; ``count`` is how often it was seen between the two times."""

    uid: str
    about: ObjectRef
    reason: str
    message: str
    type: str = "Normal"
    component: str = ""
    count: int = 1
    first_seen_at: float = 0.0
    last_seen_at: float = 0.0


@dataclass(frozen=True, slots=True)
class DisruptionBudget:
    """How many pods of a kind may be disrupted now; a budget with no ``match_labels`` covers its whole namespace."""

    namespace: str
    name: str
    match_labels: Mapping[str, str] = field(default_factory=dict)
    disruptions_allowed: int = 0

    def covers(self, pod: "Pod") -> bool:
        """Say whether a pod counts towards it."""
        return pod.namespace == self.namespace and self.match_labels.items() <= pod.labels.items()


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
class GpuWindow:
    """One device over one look-back window, for the pod that held it.

    ``coverage`` is the share (0-1) of expected samples that were there; missing samples are never zero. Activity is a
    share (0-1) by the first metric that exists of SM_ACTIVE, GR_ENGINE_ACTIVE, GPU_UTIL/100. ``sharing`` counts the
    pods that hold the device together. ``uuid`` names the device, also where several pods report it.
    """

    node: str
    uuid: str
    namespace: str
    pod: str
    window_seconds: float
    samples: int
    coverage: float
    activity_max: float
    activity_mean: float
    memory_used_share: float | None = None
    power_max_watts: float | None = None
    power_idle_watts: float | None = None
    product: str = ""
    sharing: int = 1


@dataclass(frozen=True, slots=True)
class Series:
    """One metric of one device, pod or node over the last hours, in equal steps that end at ``until_at``.

    ``values`` are ordered by time, one a step: the mean of a gauge, the last value of a counter or of a code such as an
    XID; None where there was no sample, which is never zero. ``gpu`` names the device and ``pod`` who held it; both are
    empty for what belongs to the node.
    """

    metric: str
    node: str
    until_at: float
    step_seconds: float
    values: tuple[float | None, ...]
    gpu: str = ""
    namespace: str = ""
    pod: str = ""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One masked line of a pod's log."""

    namespace: str
    pod: str
    at: float
    text: str


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """A rule that fired on what a cluster says, or of which ``steps_seen`` of ``steps_needed`` were seen.

    ``about`` is whom its last step was about, ``patterns`` what it is evidence of, the foremost first. One that
    ``speaks_alone`` is enough for a finding. A cluster's ``own`` rule says what ``severity`` it has, and may say which
    ``action`` is recommended.
    """

    rule: str
    title: str
    patterns: tuple[Pattern, ...]
    cause: str
    about: ObjectRef
    source: EvidenceSource
    first_at: float
    last_at: float
    steps_seen: int = 1
    steps_needed: int = 1
    speaks_alone: bool = False
    is_own: bool = False
    severity: Severity = Severity.INFO
    action: Action | None = None

    @property
    def is_whole(self) -> bool:
        """Whether every step was seen."""
        return self.steps_seen >= self.steps_needed


@dataclass(frozen=True, slots=True)
class Start:
    """A pod that was placed: how long it had waited, what it had asked for, and the node it got, if that is known."""

    pod: str
    namespace: str
    workload: ObjectRef
    created_at: float
    scheduled_at: float
    requests: Resources
    node: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A container's end with an error; ``estimated`` where it was inferred from a restart count, not seen."""

    namespace: str
    pod: str
    container: str
    workload: ObjectRef
    node: str
    at: float
    exit_code: int
    reason: str = ""
    estimated: bool = False


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


@dataclass(frozen=True, slots=True)
class Given:
    """An advice that was given: what it promised, and since when; ``followed_at`` where it was seen to be followed.

    ``team`` is who was told; ``low`` and ``high`` are the ends of the gain's 90 % interval, in ``unit``.
    """

    target: ObjectRef
    pattern: Pattern
    cause: str
    action: Action
    at: float
    team: str = ""
    confidence: float = 0.0
    unit: str = ""
    expected: float = 0.0
    low: float = 0.0
    high: float = 0.0
    gpus: float = 0.0
    share: float = 1.0
    node: str = ""


class Followed(StrEnum):
    """What became of an advice."""

    YES = "Followed"
    PARTLY = "Partly"
    NO = "NotFollowed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an advice: the gain that was observed beside what was promised.

    ``control`` is what the same span brought to untouched targets of the same pattern, where there were any;
    ``was_right`` is None where nobody can tell whether the finding was right.
    """

    given: Given
    followed: Followed
    observed: float
    measured_at: float
    control: float | None = None
    was_right: bool | None = None


# --- what is said -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact that speaks for a finding, with the bar it passed.

    ``reference`` says where to look it up: a PromQL expression, an object, an event's reason. ``observed`` and
    ``threshold`` are short texts with units. Facts are absolute ("since 12:03 UTC"): a quiet cluster repeats them.
    """

    source: EvidenceSource
    reference: str
    observed: str
    threshold: str = ""
    window_seconds: float | None = None
    samples: int | None = None
    p_value: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A pattern that was found on a target, with its cause (CamelCase) and its evidence.

    ``confidence`` is the share (0-1) of such findings that are right; ``gpus`` what the target holds or wants;
    ``share`` (0-1) how much of that is lost;
    ``blamed`` names other objects that the evidence points at, such as a node or an aggressor. ``action`` is what a
    cluster's own rule wants recommended instead of the pattern's usual action.
    """

    pattern: Pattern
    cause: str
    target: ObjectRef
    severity: Severity
    summary: str
    evidence: tuple[Evidence, ...]
    confidence: float
    gpus: float = 0.0
    gpu_hours_at_stake: float = 0.0
    since: float | None = None
    horizon_minutes: int = 0
    blamed: tuple[ObjectRef, ...] = ()
    ranked_nodes: tuple[str, ...] = ()
    action: Action | None = None
    share: float = 1.0

    def __post_init__(self) -> None:
        if not self.evidence:
            raise ValueError(f"{self.pattern} on {self.target} has no evidence")
        if not 0 <= self.confidence <= 1:
            raise ValueError(f"{self.confidence=} is no share")


@dataclass(frozen=True, slots=True)
class Gain:
    """What following the advice is expected to bring, with a 90 % interval, in GPUHours, WaitSeconds or USD."""

    unit: str
    expected: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One action for one target, with the finding that earned it.

    ``patch`` previews a merge patch on the target (or on its pod template), empty where none helps. ``steps`` is what a
    person does, in plain words. ``gains`` holds the gain in every unit, ``gain`` the leading one; ``arithmetic`` says
    how they were reckoned, a line each. ``gpu_hours_if_wrong`` is what following it costs if the finding is wrong.
    ``promised`` is the room on nodes that following it takes, which no other advice of the same time counts on.
    """

    because: Finding
    action: Action
    steps: str
    gain: Gain | None = None
    patch: str = ""
    alternatives: tuple[Action, ...] = ()
    gains: tuple[Gain, ...] = ()
    arithmetic: tuple[str, ...] = ()
    gpu_hours_if_wrong: float = 0.0
    promised: tuple[tuple[str, Resources], ...] = ()

    @property
    def target(self) -> ObjectRef:
        """The object the advice is about."""
        return self.because.target
