"""Node labels that say where a node stands, by the family of tools that puts them there.

A level is a node label; levels run from the widest domain to the narrowest. A policy may name its own; else the places
(region, zone) are taken as they are found, and of the fabric families the first that a node carries.
"""

from collections.abc import Iterable, Sequence

from podlore.vocabulary import Node

NODE_LEVEL = "kubernetes.io/hostname"
"""The narrowest level: the node itself."""

PLACES: tuple[tuple[str, ...], ...] = (
    ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"),
    ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"),
)
"""Region and zone: the present label and the one before it."""

FABRICS: tuple[tuple[str, ...], ...] = (
    ("topology.podlore.io/rack",),
    tuple(f"fabric.topograph.run/tier-{tier}" for tier in reversed(range(8))),
    tuple(f"network.topology.nvidia.com/tier-{tier}" for tier in reversed(range(8))),
    ("network.topology.nvidia.com/core", "network.topology.nvidia.com/spine", "network.topology.nvidia.com/leaf"),
    (
        "network.topology.nvidia.com/datacenter",
        "network.topology.nvidia.com/spine",
        "network.topology.nvidia.com/block",
    ),
    ("cloud.google.com/gce-topology-block", "cloud.google.com/gce-topology-subblock"),
    tuple(f"topology.k8s.aws/network-node-layer-{layer}" for layer in range(1, 5)),
    ("cloud.provider.com/topology-block", "cloud.provider.com/topology-rack"),
)
"""One network fabric each, the widest level first: topograph (now and twice before), GKE, EKS, the example of Kueue."""

ACCELERATORS: tuple[tuple[str, ...], ...] = (
    ("accelerator.topograph.run/domain", "accelerator.topograph.run/sub-domain"),
    ("network.topology.nvidia.com/accelerator",),
    ("topology.k8s.aws/ultraserver-id",),
    ("nvidia.com/gpu.clique",),
)
"""Nodes that share one NVLink fabric."""

NO_FABRIC = frozenset({NODE_LEVEL, *(label for names in PLACES for label in names)})
KNOWN_LEVELS = frozenset(label for family in (*PLACES, *FABRICS, *ACCELERATORS) for label in family)


def levels_of(nodes: Iterable[Node], configured: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the labels that tell domains apart in this cluster, the widest first.

    >>> nodes = [Node("a", "u", 0.0, labels={"topology.kubernetes.io/zone": "z", "nvidia.com/gpu.clique": "c.1"})]
    >>> levels_of(nodes)
    ('topology.kubernetes.io/zone', 'nvidia.com/gpu.clique')
    """
    if configured:
        return tuple(configured)
    carried = {label for node in nodes for label in node.labels if label in KNOWN_LEVELS}
    places = [next((label for label in names if label in carried), "") for names in PLACES]
    found = [*places, *_first_carried(FABRICS, carried), *_first_carried(ACCELERATORS, carried)]
    return tuple(label for label in found if label)


def fabric_levels(levels: Iterable[str]) -> tuple[str, ...]:
    """Return the levels that are part of the fabric: neither region nor zone, nor the node itself.

    >>> fabric_levels(("topology.kubernetes.io/zone", "topology.podlore.io/rack", "kubernetes.io/hostname"))
    ('topology.podlore.io/rack',)
    """
    return tuple(level for level in levels if level not in NO_FABRIC)


def _first_carried(families: Iterable[tuple[str, ...]], carried: set[str]) -> tuple[str, ...]:
    """Return the levels of the first family that is there, less those that nobody carries.

    Families that share a name, as generations of one tool do, are told apart by how much of each is there.
    """
    present = [tuple(label for label in family if label in carried) for family in families]
    first = next(filter(None, present), ())
    return max((one for one in present if not set(one).isdisjoint(first)), key=len, default=())
