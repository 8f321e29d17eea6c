"""What kube-scheduler's message says of a pod that it could not place, as a closed set.

The text itself goes no further: it may name other teams' objects, and its numbers change with every attempt.
"""

from enum import StrEnum


class Obstacle(StrEnum):
    """What keeps a pod off nodes, in the scheduler's own words."""

    RESOURCES = "Insufficient "
    NODE_AFFINITY = "node affinity/selector"
    TAINT = "untolerated taint"
    CORDON = "were unschedulable"
    POD_AFFINITY = "match pod affinity"
    POD_ANTI_AFFINITY = "anti-affinity"
    SPREAD = "topology spread"
    VOLUME_ZONE = "volume node affinity conflict"
    VOLUME_UNBOUND = "unbound immediate PersistentVolumeClaims"
    VOLUME_MISSING = "persistentvolumeclaim"
    VOLUME_NONE = "available persistent volumes to bind"
    VOLUME_COUNT = "max volume count"
    CLAIM = "cannot allocate all claims"
    PORT = "free ports"
    QUOTA = "quota"


VOLUMES = frozenset(
    {
        Obstacle.VOLUME_ZONE,
        Obstacle.VOLUME_UNBOUND,
        Obstacle.VOLUME_MISSING,
        Obstacle.VOLUME_NONE,
        Obstacle.VOLUME_COUNT,
    }
)
UNSEEN = VOLUMES | {Obstacle.POD_AFFINITY, Obstacle.POD_ANTI_AFFINITY, Obstacle.SPREAD, Obstacle.CLAIM, Obstacle.PORT}
"""Obstacles that `podlore.topology.eligibility` cannot see in a pod and a node alone."""
MESSAGE_LENGTH_MAX = 4096


def obstacles(message: str) -> frozenset[Obstacle]:
    """Return the obstacles that a message names.

    >>> sorted(obstacles("0/4 nodes: 3 Insufficient nvidia.com/gpu, 1 node(s) had untolerated taint {x: }"))
    [<Obstacle.RESOURCES: 'Insufficient '>, <Obstacle.TAINT: 'untolerated taint'>]
    """
    text = message[:MESSAGE_LENGTH_MAX]
    return frozenset(obstacle for obstacle in Obstacle if obstacle.value in text)
