"""The closed sets of podlore, and how it names an object."""

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


class Followed(StrEnum):
    """What became of an advice."""

    YES = "Followed"
    PARTLY = "Partly"
    NO = "NotFollowed"


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
