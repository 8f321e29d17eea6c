"""What was seen over time: events, metrics, log lines, matched rules, starts and failures."""

from dataclasses import dataclass

from podlore.vocabulary.cluster import Resources
from podlore.vocabulary.names import Action, EvidenceSource, ObjectRef, Pattern, Severity


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
