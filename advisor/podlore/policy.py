"""What a cluster's people can set: thresholds by pattern, scope, topology levels, prices and metric names.

The defaults are the definitions of the patterns. ``AdvisorPolicy`` objects are read into `Policy` by the operator;
every stage of the advisor takes it as an argument.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

HOUR_SECONDS = 3600.0
MINUTE_SECONDS = 60.0


class Mode(StrEnum):
    """How far podlore may go; each mode includes the one before it."""

    DRY_RUN = "DryRun"
    ADVISE = "Advise"
    ASSIST = "Assist"


@dataclass(frozen=True, slots=True)
class ResourceHoarding:
    """All GPUs of a workload idle for long, seen on nearly every sample."""

    enabled: bool = True
    activity_percent_max: float = 1.0
    idle_seconds_min: float = 2 * HOUR_SECONDS
    coverage_percent_min: float = 90.0


@dataclass(frozen=True, slots=True)
class OverRequest:
    """Asked for and unused at a high quantile, after warm-up."""

    enabled: bool = True
    quantile_percent: float = 95.0
    window_seconds: float = 2 * HOUR_SECONDS


@dataclass(frozen=True, slots=True)
class QueueSpiral:
    """Requeues, preemptions or resubmissions without net progress."""

    enabled: bool = True
    requeues_min: int = 4
    window_seconds: float = 2 * HOUR_SECONDS


@dataclass(frozen=True, slots=True)
class AccessibilityBarrier:
    """A wait that is long, and long beside comparable jobs that started meanwhile."""

    enabled: bool = True
    wait_seconds_min: float = HOUR_SECONDS
    wait_ratio_min: float = 3.0


@dataclass(frozen=True, slots=True)
class Fragmentation:
    """Enough free in sum, nowhere together."""

    enabled: bool = True
    pending_seconds_min: float = 15 * MINUTE_SECONDS


@dataclass(frozen=True, slots=True)
class Interference:
    """Slower while a neighbour is there."""

    enabled: bool = True
    slowdown_percent_min: float = 15.0
    company_changes_min: int = 2


@dataclass(frozen=True, slots=True)
class GangScattered:
    """Spans more domains than it must, and pays for it."""

    enabled: bool = True
    penalty_percent_min: float = 10.0


@dataclass(frozen=True, slots=True)
class Straggler:
    """One rank off while the others wait for it."""

    enabled: bool = True
    off_percent_min: float = 20.0
    seconds_min: float = 20 * MINUTE_SECONDS


@dataclass(frozen=True, slots=True)
class CrashLoop:
    """Failures other than out-of-memory that go on; images that cannot be pulled."""

    enabled: bool = True
    failures_min: int = 3
    window_seconds: float = HOUR_SECONDS
    image_pull_seconds_min: float = 15 * MINUTE_SECONDS


@dataclass(frozen=True, slots=True)
class OutOfMemoryLoop:
    """Repeated out-of-memory kills of one container."""

    enabled: bool = True
    kills_min: int = 2
    window_seconds: float = 6 * HOUR_SECONDS


@dataclass(frozen=True, slots=True)
class BlackHoleNode:
    """Failures that concentrate on a node that calls itself Ready."""

    enabled: bool = True
    workloads_min: int = 2
    pods_min: int = 5


@dataclass(frozen=True, slots=True)
class HardwareFault:
    """Evidence of the device or the node itself."""

    enabled: bool = True


@dataclass(frozen=True, slots=True)
class NetworkDegradation:
    """Link errors that climb or flap while runs stall because of it."""

    enabled: bool = True


@dataclass(frozen=True, slots=True)
class StorageStall:
    """Mounts that fail, or work that stands still on I/O."""

    enabled: bool = True
    seconds_min: float = 15 * MINUTE_SECONDS


@dataclass(frozen=True, slots=True)
class SecurityIncident:
    """Repeated refused access, guessing, enumeration."""

    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The numbers of every pattern."""

    resource_hoarding: ResourceHoarding = ResourceHoarding()
    over_request: OverRequest = OverRequest()
    queue_spiral: QueueSpiral = QueueSpiral()
    accessibility_barrier: AccessibilityBarrier = AccessibilityBarrier()
    fragmentation: Fragmentation = Fragmentation()
    interference: Interference = Interference()
    gang_scattered: GangScattered = GangScattered()
    straggler: Straggler = Straggler()
    crash_loop: CrashLoop = CrashLoop()
    out_of_memory_loop: OutOfMemoryLoop = OutOfMemoryLoop()
    black_hole_node: BlackHoleNode = BlackHoleNode()
    hardware_fault: HardwareFault = HardwareFault()
    network_degradation: NetworkDegradation = NetworkDegradation()
    storage_stall: StorageStall = StorageStall()
    security_incident: SecurityIncident = SecurityIncident()


@dataclass(frozen=True, slots=True)
class Prices:
    """What GPU time and energy cost; products are matched by the longest prefix, ``default`` otherwise."""

    usd_per_gpu_hour: Mapping[str, float] = field(default_factory=lambda: {"default": 2.0})
    usd_per_kwh: float = 0.12
    pue: float = 1.3
    grams_co2_per_kwh: float = 400.0

    def usd_of(self, gpu_product: str) -> float | None:
        """Return a GPU-hour's price: that of the longest product prefix that fits, else the default's, else None.

        >>> Prices({"default": 2.0, "NVIDIA-A100": 3.0}).usd_of("NVIDIA-A100-SXM4-80GB")
        3.0
        """
        fitting = [product for product in self.usd_per_gpu_hour if gpu_product.startswith(product)]
        return self.usd_per_gpu_hour.get(max(fitting, key=len, default="default"))


METRIC_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "smActive": "DCGM_FI_PROF_SM_ACTIVE",
        "grEngineActive": "DCGM_FI_PROF_GR_ENGINE_ACTIVE",
        "gpuUtil": "DCGM_FI_DEV_GPU_UTIL",
        "dramActive": "DCGM_FI_PROF_DRAM_ACTIVE",
        "fbUsed": "DCGM_FI_DEV_FB_USED",
        "fbFree": "DCGM_FI_DEV_FB_FREE",
        "powerUsage": "DCGM_FI_DEV_POWER_USAGE",
        "xidErrors": "DCGM_FI_DEV_XID_ERRORS",
        "pcieTxBytes": "DCGM_FI_PROF_PCIE_TX_BYTES",
        "pcieRxBytes": "DCGM_FI_PROF_PCIE_RX_BYTES",
        "nvlinkBytes": "DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL",
    }
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on how much advice there may be at once."""

    active_per_namespace_max: int = 200
    active_max: int = 5000
    per_namespace_day_max: int = 50
    per_team_day_max: int = 20


@dataclass(frozen=True, slots=True)
class Policy:
    """All settings; an empty ``namespaces_include`` means every namespace.

    ``topology_levels`` lists node labels from the widest domain to the narrowest; empty means that the known label
    families are tried.
    """

    mode: Mode = Mode.ADVISE
    namespaces_include: tuple[str, ...] = ()
    namespaces_exclude: tuple[str, ...] = ("kube-system",)
    thresholds: Thresholds = Thresholds()
    topology_levels: tuple[str, ...] = ()
    prices: Prices = field(default_factory=Prices)
    metric_names: Mapping[str, str] = field(default_factory=lambda: dict(METRIC_NAMES))
    cluster_matcher: str = ""
    logs_enabled: bool = False
    annotations_enabled: bool = False
    events_enabled: bool = False
    limits: Limits = Limits()

    def covers(self, namespace: str) -> bool:
        """Say whether advice about this namespace is wanted.

        >>> Policy(namespaces_exclude=("kube-system",)).covers("vision")
        True
        """
        if namespace in self.namespaces_exclude:
            return False
        return not self.namespaces_include or namespace in self.namespaces_include
