"""The thresholds of an AdvisorPolicy: one model for each dataclass of `podlore.policy`, field by field, unit by unit.

What is not set keeps podlore's default, which is named in the field's description and not stored in the object: a later
podlore may have learned a better one.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from podlore import policy
from podlore_operator.api.resource import ApiModel
from podlore_operator.api.scalars import Flag, Measure, Percent, Seconds, Threshold

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def defaults_said(**defaults: object) -> ConfigDict:
    """Return the configuration of a model whose JSON schema names the default of each of these fields."""

    def say(schema: dict[str, Any]) -> None:
        for name, value in defaults.items():
            schema["properties"][to_camel(name)]["description"] += f" Default: {_written(value)}."

    return ConfigDict(json_schema_extra=say)


def mirrors(settings: "DataclassInstance") -> ConfigDict:
    """Return the configuration of a model with the fields of ``settings``, whose values are the defaults."""
    return defaults_said(**{field.name: getattr(settings, field.name) for field in fields(settings)})


def _written(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case tuple():
            return ", ".join(value) or "none"
        case Mapping():
            return ", ".join(f"{key} {_written(one)}" for key, one in value.items())
        case _:
            return str(value) or "none"


class ResourceHoarding(ApiModel):
    """All GPUs of a workload idle for long, seen on nearly every sample."""

    model_config = mirrors(policy.ResourceHoarding())

    enabled: Flag | None = None
    """Look for it."""
    activity_percent_max: Percent | None = None
    """A GPU counts as idle up to this activity, in percent."""
    idle_seconds_min: Seconds | None = None
    """Idle for at least so long, in seconds."""
    coverage_percent_min: Percent | None = None
    """With at least so many of the expected samples there, in percent; missing samples never count as idle."""


class OverRequest(ApiModel):
    """Asked for and unused at a high quantile, after warm-up."""

    model_config = mirrors(policy.OverRequest())

    enabled: Flag | None = None
    """Look for it."""
    quantile_percent: Percent | None = None
    """Use is judged at this percentile."""
    window_seconds: Seconds | None = None
    """Over at least so long, in seconds."""


class QueueSpiral(ApiModel):
    """Requeues, preemptions or resubmissions without net progress."""

    model_config = mirrors(policy.QueueSpiral())

    enabled: Flag | None = None
    """Look for it."""
    requeues_min: Threshold | None = None
    """At least so many requeues, preemptions or resubmissions."""
    window_seconds: Seconds | None = None
    """Within so long, in seconds."""


class AccessibilityBarrier(ApiModel):
    """A wait that is long, and long beside comparable jobs that started meanwhile."""

    model_config = mirrors(policy.AccessibilityBarrier())

    enabled: Flag | None = None
    """Look for it."""
    wait_seconds_min: Seconds | None = None
    """Waits for at least so long, in seconds."""
    wait_ratio_min: Measure | None = None
    """And at least so many times as long as comparable jobs that started meanwhile."""


class Fragmentation(ApiModel):
    """Enough free in sum, nowhere together."""

    model_config = mirrors(policy.Fragmentation())

    enabled: Flag | None = None
    """Look for it."""
    pending_seconds_min: Seconds | None = None
    """Pending for at least so long, in seconds."""


class Interference(ApiModel):
    """Slower while a neighbour is there."""

    model_config = mirrors(policy.Interference())

    enabled: Flag | None = None
    """Look for it."""
    slowdown_percent_min: Percent | None = None
    """Slower by at least so much at the lower bound, in percent."""
    company_changes_min: Threshold | None = None
    """Seen over at least so many changes of company."""


class GangScattered(ApiModel):
    """Spans more domains than it must, and pays for it."""

    model_config = mirrors(policy.GangScattered())

    enabled: Flag | None = None
    """Look for it."""
    penalty_percent_min: Percent | None = None
    """Slower by at least so much at the lower bound, in percent."""


class Straggler(ApiModel):
    """One rank off while the others wait for it."""

    model_config = mirrors(policy.Straggler())

    enabled: Flag | None = None
    """Look for it."""
    off_percent_min: Percent | None = None
    """Off the other ranks by at least so much, in percent."""
    seconds_min: Seconds | None = None
    """For at least so long, in seconds."""


class CrashLoop(ApiModel):
    """Failures other than out-of-memory that go on; images that cannot be pulled."""

    model_config = mirrors(policy.CrashLoop())

    enabled: Flag | None = None
    """Look for it."""
    failures_min: Threshold | None = None
    """At least so many failures."""
    window_seconds: Seconds | None = None
    """Within so long, in seconds."""
    image_pull_seconds_min: Seconds | None = None
    """Or an image that cannot be pulled for so long, in seconds."""


class OutOfMemoryLoop(ApiModel):
    """Repeated out-of-memory kills of one container."""

    model_config = mirrors(policy.OutOfMemoryLoop())

    enabled: Flag | None = None
    """Look for it."""
    kills_min: Threshold | None = None
    """At least so many kills of one container."""
    window_seconds: Seconds | None = None
    """Within so long, in seconds."""


class BlackHoleNode(ApiModel):
    """Failures that concentrate on a node that calls itself Ready."""

    model_config = mirrors(policy.BlackHoleNode())

    enabled: Flag | None = None
    """Look for it."""
    workloads_min: Threshold | None = None
    """At least so many workloads failed there."""
    pods_min: Threshold | None = None
    """With at least so many pods."""


class HardwareFault(ApiModel):
    """Evidence of the device or the node itself."""

    model_config = mirrors(policy.HardwareFault())

    enabled: Flag | None = None
    """Look for it."""


class NetworkDegradation(ApiModel):
    """Link errors that climb or flap while runs stall because of it."""

    model_config = mirrors(policy.NetworkDegradation())

    enabled: Flag | None = None
    """Look for it."""


class StorageStall(ApiModel):
    """Mounts that fail, or work that stands still on I/O."""

    model_config = mirrors(policy.StorageStall())

    enabled: Flag | None = None
    """Look for it."""
    seconds_min: Seconds | None = None
    """For at least so long, in seconds."""


class SecurityIncident(ApiModel):
    """Repeated refused access, guessing, enumeration."""

    model_config = mirrors(policy.SecurityIncident())

    enabled: Flag | None = None
    """Look for it."""


class Thresholds(ApiModel):
    """The numbers of every pattern; what is not set keeps its default."""

    resource_hoarding: ResourceHoarding | None = None
    """All GPUs of a workload idle for long."""
    over_request: OverRequest | None = None
    """Asked for and unused."""
    queue_spiral: QueueSpiral | None = None
    """Requeued again and again without net progress."""
    accessibility_barrier: AccessibilityBarrier | None = None
    """Waits long, and longer than comparable jobs."""
    fragmentation: Fragmentation | None = None
    """Enough free in sum, nowhere together."""
    interference: Interference | None = None
    """Slower while a neighbour is there."""
    gang_scattered: GangScattered | None = None
    """Spans more domains than it must, and pays for it."""
    straggler: Straggler | None = None
    """One rank off while the others wait for it."""
    crash_loop: CrashLoop | None = None
    """Fails again and again."""
    out_of_memory_loop: OutOfMemoryLoop | None = None
    """Killed for memory again and again."""
    black_hole_node: BlackHoleNode | None = None
    """A Ready node on which pods fail."""
    hardware_fault: HardwareFault | None = None
    """A device or a node is broken."""
    network_degradation: NetworkDegradation | None = None
    """Links fail and runs stall because of it."""
    storage_stall: StorageStall | None = None
    """Mounts fail or work waits for I/O."""
    security_incident: SecurityIncident | None = None
    """Refused access again and again."""
