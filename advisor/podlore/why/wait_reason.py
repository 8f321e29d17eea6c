"""The closed list of reasons for which a workload waits, the most dominant first.

The first that applies is named: it would still hold the workload back if all later ones were solved. Whoever is held
back before a scheduler sees it does not wait for GPUs, and whoever has a place does not wait for one.
"""

from collections.abc import Mapping
from enum import StrEnum


class WaitReason(StrEnum):
    """Why a workload waits, the most dominant first."""

    MISCONFIGURED = "Misconfigured"
    SUSPENDED = "Suspended"
    QUOTA = "Quota"
    TOPOLOGY = "Topology"
    GATE = "Gate"
    VOLUME = "Volume"
    PREEMPTION = "Preemption"
    SCALE_UP = "ScaleUp"
    CONSTRAINT = "Constraint"
    FRAGMENTATION = "Fragmentation"
    PRIORITY = "Priority"
    CAPACITY = "Capacity"
    GANG = "Gang"
    SCHEDULER = "Scheduler"
    IMAGE = "Image"
    STARTING = "Starting"


WORDS: Mapping[WaitReason, str] = {
    WaitReason.MISCONFIGURED: "what it names does not exist or is refused",
    WaitReason.SUSPENDED: "it is suspended or on hold",
    WaitReason.QUOTA: "its quota is used up",
    WaitReason.TOPOLOGY: "its rules about where its pods may stand together leave no place",
    WaitReason.GATE: "a gate or an admission check holds it back",
    WaitReason.VOLUME: "a volume that it needs is not there, lies in another zone or cannot be mounted",
    WaitReason.PREEMPTION: "those who must leave for it have not left yet",
    WaitReason.SCALE_UP: "a node is on its way",
    WaitReason.CONSTRAINT: "its constraints keep it off nodes",
    WaitReason.FRAGMENTATION: "enough is free in sum, but nowhere together",
    WaitReason.PRIORITY: "work of higher priority was placed first",
    WaitReason.CAPACITY: "the nodes that it may use are full",
    WaitReason.GANG: "it waits for the rest of its gang",
    WaitReason.SCHEDULER: "no scheduler has placed it although a node has room",
    WaitReason.IMAGE: "an image cannot be pulled",
    WaitReason.STARTING: "it has its place and is starting",
}
FREES: Mapping[WaitReason, str] = {
    WaitReason.MISCONFIGURED: "correct what it names: the queue, the service account, the object that is missing",
    WaitReason.SUSPENDED: "resume it, or reopen its queue",
    WaitReason.QUOTA: "work in its queue ends, the quota is raised, or another queue lends",
    WaitReason.TOPOLOGY: "prefer the topology instead of requiring it, or wait until one domain is free",
    WaitReason.GATE: "whoever set the gate removes it: see the controller that it is named after",
    WaitReason.VOLUME: "bind or create the volume, in a zone with free nodes",
    WaitReason.PREEMPTION: "the preempted pods end their grace period",
    WaitReason.SCALE_UP: "the new node becomes ready",
    WaitReason.CONSTRAINT: "drop or widen the selector, affinity or taint that the evidence names",
    WaitReason.FRAGMENTATION: "small work on one node ends or moves, or the pods become smaller",
    WaitReason.PRIORITY: "work of higher priority ends, or its own priority is raised",
    WaitReason.CAPACITY: "work on the nodes that it may use ends, or nodes are added",
    WaitReason.GANG: "its missing pods are created, or its least size is lowered",
    WaitReason.SCHEDULER: "the scheduler that it names must run and look at it",
    WaitReason.IMAGE: "correct the image's name or its pull secret, or wait for the registry",
    WaitReason.STARTING: "nothing: it starts by itself",
}
BY_ITSELF = frozenset(
    {
        WaitReason.QUOTA,
        WaitReason.TOPOLOGY,
        WaitReason.PREEMPTION,
        WaitReason.SCALE_UP,
        WaitReason.FRAGMENTATION,
        WaitReason.PRIORITY,
        WaitReason.CAPACITY,
        WaitReason.GANG,
        WaitReason.SCHEDULER,
    }
)
"""Reasons that go by themselves sooner or later; the others stay until somebody acts."""
