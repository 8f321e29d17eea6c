"""Random clusters: no two pieces of advice contradict each other, no room is promised twice, and order is nothing."""

from collections import Counter
from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from podlore.advice import Advised, advice
from podlore.advice.combine import RESOURCES, Resource
from podlore.advice.promise import CLEARING, MOVING, SHUNNING
from podlore.patterns.found import found
from podlore.snapshot import Snapshot
from podlore.testing import job, node, pod, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Evidence, EvidenceSource, Finding, ObjectRef, Pattern, Recommendation

FACT = Evidence(EvidenceSource.OBJECT, "seen", "so")
NODES = tuple(node(f"gpu-{n}", rack="ab"[n % 2]) for n in range(4))
OWNERS = tuple(
    job(f"train-{n}", kind=kind, group=group, labels={"kueue.x-k8s.io/queue-name": "q"} if n % 3 == 0 else {})
    for n, (kind, group) in enumerate([("Job", "batch"), ("Deployment", "apps"), ("PyTorchJob", "kubeflow.org")] * 2)
)
OF_NODES = frozenset({Pattern.BLACK_HOLE_NODE, Pattern.HARDWARE_FAULT})
CAUSES = ("Constraint", "Capacity", "Node", "Domain", "Gpus", "Link", "Image", "Memory", "Some")


def cluster(rng: Random) -> Snapshot:
    """Return up to six workloads on four nodes, some of whose pods wait; no node holds more than it has."""
    pods, room = [], dict.fromkeys((one.name for one in NODES), 8)
    for owner in rng.sample(OWNERS, rng.randint(0, len(OWNERS))):
        for rank in range(rng.randint(1, 3)):
            gpus, place = rng.randint(1, 8), rng.choice(["", *room])
            place = place if place and room[place] >= gpus else ""
            room.update({place: room[place] - gpus} if place else {})
            pods.append(pod(f"{owner.ref.name}-{rank}", gpus=gpus, node=place, controller=owner.ref))
    nodes = (*NODES[:3], replace(NODES[3], is_cordoned=rng.random() < 0.3))
    return snapshot(nodes=nodes, pods=tuple(pods), controllers=OWNERS)


def findings(rng: Random) -> list[Finding]:
    """Return what detectors may say, each thing once; they may contradict each other as much as they like."""
    made = [finding(rng) for _ in range(rng.randint(0, 12))]
    return list({(one.target, one.pattern, one.cause): one for one in made}.values())


def finding(rng: Random) -> Finding:
    names = [one.name for one in NODES]
    pattern = rng.choice(list(Pattern))
    of_node = pattern in OF_NODES or (pattern is Pattern.NETWORK_DEGRADATION and rng.random() < 0.5)
    return found(
        pattern,
        rng.choice(CAUSES),
        ObjectRef("", "Node", "", rng.choice(names)) if of_node else rng.choice(OWNERS).ref,
        "So.",
        [FACT],
        gpus=rng.choice([0.0, 1.0, 8.0]),
        hours=rng.choice([0.0, 1.0, 4.0, 24.0]),
        ranked_nodes=rng.sample(names, rng.choice([0, 1, 1, 2, 4])),
        blamed=[ObjectRef("", "Node", "", name) for name in rng.sample(names, rng.choice([0, 0, 1]))],
    )


@settings(max_examples=1000, deadline=None, derandomize=True, database=None)
@given(st.integers(0, 2**48))
def test_no_two_pieces_of_advice_contradict_each_other(seed: int) -> None:
    rng = Random(seed)
    seen, made = cluster(rng), findings(rng)
    view = ClusterView(seen)
    given_advice = advice(made, view)
    _one_for_each_target_and_resource(given_advice)
    _no_node_is_praised_and_shunned(given_advice)
    _no_room_is_promised_twice(given_advice, view)
    _nothing_is_lost(given_advice, made)
    assert all(one.gain is None or 0 < one.gain.low <= one.gain.expected <= one.gain.high for one in _all(given_advice))
    assert advice(made, view) == given_advice, "asked again, it says the same"
    shuffled = rng.sample(made, len(made))
    pods = tuple(rng.sample(seen.pods, len(seen.pods)))
    assert advice(shuffled, ClusterView(replace(seen, pods=pods))).recommendations == given_advice.recommendations


def _all(given_advice: Advised) -> tuple[Recommendation, ...]:
    return given_advice.recommendations


def _one_for_each_target_and_resource(given_advice: Advised) -> None:
    said = Counter(
        (one.target, RESOURCES[one.because.pattern])
        for one in _all(given_advice)
        if RESOURCES.get(one.because.pattern, Resource.OTHER) is not Resource.OTHER
    )
    assert all(count == 1 for count in said.values()), said


def _no_node_is_praised_and_shunned(given_advice: Advised) -> None:
    shunned = {
        ref.name
        for one in _all(given_advice)
        if one.action in SHUNNING
        for ref in (one.target, *one.because.blamed)
        if ref.kind == "Node"
    }
    assert not shunned & {name for one in _all(given_advice) for name in one.because.ranked_nodes}


def _no_room_is_promised_twice(given_advice: Advised, view: ClusterView) -> None:
    """What is promised on a node is free there, but for what movers give back; a cleared node has one heir."""
    beyond: Counter[str] = Counter()
    heirs: Counter[str] = Counter()
    for one in _all(given_advice):
        assert {name for name, _ in one.promised} <= set(one.because.ranked_nodes)
        for name, room in one.promised:
            if one.action in CLEARING:
                heirs[name] += 1
                continue
            own = _held(one, name, view) if one.action in MOVING else 0
            beyond[name] += max(room.gpu_milli - own, 0)
    assert all(count == 1 for count in heirs.values())
    assert not {name for name, milli in beyond.items() if milli} & set(heirs)
    assert all(milli <= view.free[name].gpu_milli for name, milli in beyond.items())


def _held(one: Recommendation, name: str, view: ClusterView) -> int:
    workload = view.workload_by_ref[one.target]
    return sum(its.requests.gpu_milli for its in view.bound_pods(workload) if its.node == name)


def _nothing_is_lost(given_advice: Advised, made: list[Finding]) -> None:
    told = [one.because for one in _all(given_advice)] + [one.recommendation.because for one in given_advice.withheld]
    assert Counter((one.target, one.pattern, one.cause) for one in told) == Counter(
        (one.target, one.pattern, one.cause) for one in made
    )
