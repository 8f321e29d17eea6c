"""Which pod holds which devices: nodes and claims come in as they change, holders leave.

The API server does not tell: a kubelet's device plugin would. Ours takes the lowest free devices and never moves a pod.
A device of a time-sliced node has several units and may have several holders.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Claim:
    """What a bound pod asks for: ``units`` are devices, or slices of them on a time-sliced node."""

    uid: str
    node: str
    units: int


@dataclass(slots=True)
class _Node:
    slices: int
    free: list[int]
    holders: list[list[str]]
    claims: dict[str, Claim] = field(default_factory=dict)
    """All claims in order of arrival, those that wait too."""


class Assignment:
    """Devices of all nodes with their holders; a claim that does not fit waits until another is released.

    >>> assignment = Assignment()
    >>> assignment.set_node("gpu-1", devices=2, slices=1)
    >>> for uid in ("a", "b", "c"):
    ...     assignment.take(Claim(uid, "gpu-1", 1))
    >>> assignment.devices("b"), assignment.devices("c")
    ((1,), ())
    >>> assignment.release("a")
    >>> assignment.devices("c"), assignment.holders("gpu-1", 0)
    ((0,), ('c',))
    """

    def __init__(self) -> None:
        self._nodes: dict[str, _Node] = {}
        self._node_by_uid: dict[str, str] = {}
        self._held: dict[str, tuple[int, ...]] = {}

    def set_node(self, name: str, *, devices: int, slices: int) -> None:
        """Tell of a node, or that it has changed; claims on a changed node are served anew, in order of arrival."""
        old = self._nodes.get(name)
        if old and (old.slices, len(old.free)) == (slices, devices):
            return
        node = _Node(slices, [slices] * devices, [[] for _ in range(devices)], old.claims if old else {})
        self._nodes[name] = node
        for claim in node.claims.values():
            self._held.pop(claim.uid, None)
            self._serve(node, claim)

    def remove_node(self, name: str) -> None:
        """Take a node's devices away; its claims wait, should it come back."""
        if name in self._nodes:
            self.set_node(name, devices=0, slices=1)

    def take(self, claim: Claim) -> None:
        """Give a pod its devices, or let it wait; a claim that is there already changes nothing."""
        if claim.uid in self._node_by_uid:
            return
        node = self._nodes.setdefault(claim.node, _Node(1, [], []))
        self._node_by_uid[claim.uid] = claim.node
        node.claims[claim.uid] = claim
        self._serve(node, claim)

    def release(self, uid: str) -> None:
        """Take a pod's devices back, and serve those who wait on that node, in order of arrival."""
        if (name := self._node_by_uid.pop(uid, None)) is None:
            return
        node = self._nodes[name]
        del node.claims[uid]
        for device in self._held.pop(uid, ()):
            node.free[device] += 1
            if uid in node.holders[device]:
                node.holders[device].remove(uid)
        for claim in node.claims.values():
            if claim.uid not in self._held:
                self._serve(node, claim)

    def devices(self, uid: str) -> tuple[int, ...]:
        """Return the devices a pod holds, each once; empty while it waits."""
        return tuple(dict.fromkeys(self._held.get(uid, ())))

    def holders(self, name: str, device: int) -> tuple[str, ...]:
        """Return the pods that hold a device."""
        return tuple(self._nodes[name].holders[device])

    def _serve(self, node: _Node, claim: Claim) -> None:
        if sum(node.free) < claim.units:
            return
        held: list[int] = []
        for device in _order(node, claim):
            taken = min(node.free[device], claim.units - len(held))
            if taken:
                node.free[device] -= taken
                node.holders[device].append(claim.uid)
                held += [device] * taken
        self._held[claim.uid] = tuple(held)


def _order(node: _Node, claim: Claim) -> list[int]:
    """Return devices in the order of choice: slices of one pod stay together where any device has enough of them."""
    lowest = range(len(node.free))
    if node.slices == 1:
        return list(lowest)
    return sorted(lowest, key=lambda device: node.free[device] < claim.units)
