"""Devices are given out as a slow, obvious twin gives them out, whatever comes in whatever order."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from podlore_lab.exporter.assignment import Assignment, Claim

NODES = ("n1", "n2")


@dataclass
class Slow:
    """Keeps every unit as a slot, and looks at all claims after every change."""

    nodes: dict[str, tuple[int, int]] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)
    held: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    def set_node(self, name: str, devices: int, slices: int) -> None:
        if self.nodes.get(name) != (devices, slices):
            self.nodes[name] = (devices, slices)
            for claim in self.claims:
                if claim.node == name:
                    self.held.pop(claim.uid, None)
        self.serve()

    def take(self, claim: Claim) -> None:
        if claim.uid not in [other.uid for other in self.claims]:
            self.claims.append(claim)
        self.serve()

    def release(self, uid: str) -> None:
        self.claims = [claim for claim in self.claims if claim.uid != uid]
        self.held.pop(uid, None)
        self.serve()

    def serve(self) -> None:
        for claim in self.claims:
            if claim.uid in self.held:
                continue
            free = self.free(claim.node)
            if len(free) < claim.units:
                continue
            by_device = [[slot for slot in free if slot[0] == device] for device in sorted({slot[0] for slot in free})]
            together = [slots for slots in by_device if len(slots) >= claim.units]
            chosen = together[0] if together else free
            self.held[claim.uid] = chosen[: claim.units]

    def free(self, node: str) -> list[tuple[int, int]]:
        devices, slices = self.nodes.get(node, (0, 1))
        taken = {slot for claim in self.claims if claim.node == node for slot in self.held.get(claim.uid, ())}
        every = [(device, unit) for device in range(devices) for unit in range(slices)]
        return [slot for slot in every if slot not in taken]

    def devices(self, uid: str) -> list[int]:
        return sorted({device for device, _ in self.held.get(uid, ())})


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(0, 12), st.sampled_from(NODES), st.integers(1, 5)),
        st.tuples(st.just("release"), st.integers(0, 12), st.just(""), st.just(0)),
        st.tuples(st.just("node"), st.integers(0, 6), st.sampled_from(NODES), st.integers(1, 3)),
        st.tuples(st.just("remove"), st.just(0), st.sampled_from(NODES), st.just(0)),
    ),
    max_size=40,
)


@given(OPERATIONS)
def test_assignment_equals_its_slow_twin(operations: list[tuple[str, int, str, int]]) -> None:
    fast, slow = Assignment(), Slow()
    for what, number, node, amount in operations:
        if what == "take":
            claim = Claim(f"u{number}", node, amount)
            fast.take(claim)
            slow.take(claim)
        elif what == "release":
            fast.release(f"u{number}")
            slow.release(f"u{number}")
        elif what == "node":
            fast.set_node(node, devices=number, slices=amount)
            slow.set_node(node, number, amount)
        elif node in slow.nodes:
            fast.remove_node(node)
            slow.set_node(node, 0, 1)
        for uid in (f"u{n}" for n in range(13)):
            assert sorted(fast.devices(uid)) == slow.devices(uid)
        for name, (devices, _) in slow.nodes.items():
            for device in range(devices):
                holders = {c.uid for c in slow.claims if c.node == name and device in slow.devices(c.uid)}
                assert set(fast.holders(name, device)) == holders


def test_a_pod_keeps_its_devices_while_others_come_and_go() -> None:
    assignment = Assignment()
    assignment.set_node("n", devices=4, slices=1)
    for uid in "abcd":
        assignment.take(Claim(uid, "n", 1))
    assignment.release("a")
    assignment.release("c")
    assert (assignment.devices("b"), assignment.devices("d")) == ((1,), (3,))
    assignment.take(Claim("e", "n", 2))
    assert assignment.devices("e") == (0, 2)


def test_slices_of_one_pod_stay_on_one_device_where_they_can() -> None:
    assignment = Assignment()
    assignment.set_node("n", devices=2, slices=10)
    for uid, units in (("a", 5), ("b", 6), ("c", 4), ("d", 5)):
        assignment.take(Claim(uid, "n", units))
    assert [assignment.devices(uid) for uid in "abcd"] == [(0,), (1,), (0,), (0, 1)]
    assert assignment.holders("n", 0) == ("a", "c", "d")
    assignment.take(Claim("e", "n", 4))
    assert assignment.devices("e") == ()
    assignment.release("a")
    assert assignment.devices("e") == (0,)
