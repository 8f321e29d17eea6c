"""What links carry where nobody says: gigabytes a second by kind of link, each of which a policy or file may replace.

They are the nominal figures of a present eight-GPU node: NVLink 4 (450 GB/s a GPU and direction), PCIe 5 x16 (64 GB/s)
and eight ports of 400 Gb/s. Fabrics are taken as not oversubscribed until somebody says so: a bandwidth that is
assumed is an upper bound.
"""

from dataclasses import dataclass

UPLINK_LABEL = "topology.podlore.io/uplink-gigabytes-per-second"
"""A node's label with what its ports carry together."""
UPLINK_MAX = 100_000.0


@dataclass(frozen=True, slots=True)
class LinkSpeeds:
    """Gigabytes a second: of a GPU to its NVLink domain or its PCIe switch, and of a node to its fabric.

    ``oversubscription`` is how many times more the links into a switch carry than its uplinks, at each level.
    """

    nvlink: float = 450.0
    pcie: float = 64.0
    node: float = 400.0
    oversubscription: float = 1.0

    def of_node(self, label: str) -> float:
        """Return what a node's ports carry: what its label says, if that is a sensible number.

        >>> LinkSpeeds().of_node("50"), LinkSpeeds().of_node("fast"), LinkSpeeds().of_node("-1")
        (50.0, 400.0, 400.0)
        """
        try:
            told = float(label)
        except ValueError:
            return self.node
        return told if 0 < told <= UPLINK_MAX else self.node
