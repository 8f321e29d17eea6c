"""What a trace says: jobs, nodes, and what was planted among them.

Readers make these, one file a format; ``podlore trace``, the lab's replay and the simulators take them. A time is in
seconds since the trace began, an amount is of one pod. What a trace does not tell is None or empty, never a guess.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from podlore.traces.curve import Curve
from podlore.traces.presses import Press


class Kind(StrEnum):
    """What owns the pods: a Job ends by itself, a Deployment runs until it is deleted."""

    JOB = "Job"
    DEPLOYMENT = "Deployment"


class Outcome(StrEnum):
    """How a pod's run ends; the values are those of the pod label ``lab.podlore.io/outcome``."""

    RUN = "run"
    COMPLETE = "complete"
    FAIL = "fail"
    OOM = "oom"
    CRASH_LOOP = "crash-loop"
    IMAGE_PULL = "image-pull"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a job's pods behave once they are placed.

    A crash loop or an out-of-memory loop runs for ``run_seconds``, ends with ``exit_code``, pauses for
    ``back_off_seconds`` and starts again: for ever, or ``restarts`` times if that is given, and then it runs on.
    ``idle_gpus`` of each pod's devices do nothing; the others follow ``curve``. ``xid`` is ``CODE@SECONDS``.
    ``presses`` is what each pod takes from the others on its node.
    """

    outcome: Outcome = Outcome.COMPLETE
    run_seconds: float | None = None
    back_off_seconds: float | None = None
    restarts: int | None = None
    exit_code: int | None = None
    curve: Curve | None = None
    gpu_memory_share: float | None = None
    idle_gpus: int = 0
    xid: str = ""
    presses: tuple[Press, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """One submission: ``pods`` equal pods, each asking for ``gpus`` devices and ``gpu_milli`` thousandths of each.

    ``products`` are the GPU products it may run on (empty: any), ``zone`` the only zone it may run in. ``nodes`` is
    where its pods ran, in order, where the trace records placement. ``status`` is the trace's own word for the end.
    """

    name: str
    tenant: str = "default"
    kind: Kind = Kind.JOB
    submit_seconds: float | None = None
    duration_seconds: float | None = None
    wait_seconds: float | None = None
    pods: int = 1
    gpus: int = 0
    gpu_milli: int = 1000
    cpu_milli: int = 0
    memory_mib: int = 0
    products: tuple[str, ...] = ()
    zone: str = ""
    qos: str = ""
    status: str = ""
    is_gang: bool = False
    behaviour: Behaviour = Behaviour()
    nodes: tuple[str, ...] = ()

    @property
    def gpu_request(self) -> float:
        """GPUs that all pods ask for together; a fraction where devices are shared."""
        return self.pods * self.gpus * self.gpu_milli / 1000

    @property
    def target(self) -> str:
        """The workload's name as advice writes it, ``namespace/Kind/name``.

        >>> Job(name="train", tenant="vision").target
        'vision/Job/train'
        """
        return f"{self.tenant}/{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class NodeShape:
    """A node of a trace's cluster; zone, rack and clique are empty where the trace does not tell."""

    name: str
    product: str = ""
    gpus: int = 0
    gpu_memory_mib: int = 0
    cpu_milli: int = 0
    memory_mib: int = 0
    zone: str = ""
    rack: str = ""
    clique: str = ""


@dataclass(frozen=True, slots=True)
class Planted:
    """A pattern that was put into a trace: from ``found_from_seconds`` on, by its definition, it must be found."""

    target: str
    pattern: str
    found_from_seconds: float
    cause: str
    why: str


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A job that looks like ``pattern`` and is not: advice of that pattern about it is wrong."""

    target: str
    pattern: str
    why: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a trace; ``row`` is the line in the file (1 is the header), None for the whole of it.

    ``is_left_out`` says that the row is not among the jobs; else it is there, and something about it is off.
    """

    row: int | None
    reason: str
    is_left_out: bool = False

    def __str__(self) -> str:
        place = "whole trace" if self.row is None else f"row {self.row}"
        return f"{place}: {self.reason}{' (left out)' if self.is_left_out else ''}"


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace as it was read: jobs and nodes in the order of their files, and every problem that was met.

    ``rows`` has each job's line in its file. ``format`` names the reader. ``begins`` is the wall time of second 0
    where the trace tells it, as it was written there.
    """

    name: str
    format: str
    jobs: tuple[Job, ...] = ()
    nodes: tuple[NodeShape, ...] = ()
    problems: tuple[Problem, ...] = ()
    rows: tuple[int, ...] = field(default=(), repr=False)
    planted: tuple[Planted, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
    begins: str = ""
