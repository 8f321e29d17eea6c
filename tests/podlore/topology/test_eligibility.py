"""Eligibility against its slow twin, and the objections one by one."""

from hypothesis import given
from hypothesis import strategies as st

from podlore.testing import node, pod
from podlore.testing.naive.eligible import eligible, holds_for
from podlore.topology.eligibility import meets, objections
from podlore.vocabulary import Node, Pod, Requirement, Taint, Toleration

keys = st.sampled_from(["pool", "gpus", "metadata.name", "node.kubernetes.io/unschedulable"])
values = st.sampled_from(["", "a", "b", "4", "8", "-1", "gpu-1", "x" * 30])
labels = st.dictionaries(keys.filter(lambda key: key != "metadata.name"), values, max_size=3)
effects = st.sampled_from(["NoSchedule", "NoExecute", "PreferNoSchedule", ""])
requirements = st.builds(
    Requirement,
    key=keys,
    operator=st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt", "Like"]),
    values=st.lists(values, max_size=3).map(tuple),
)
nodes = st.builds(
    node,
    gpus=st.sampled_from([0, 8]),
    labels=labels,
    taints=st.lists(st.builds(Taint, key=keys, effect=effects, value=values), max_size=3).map(tuple),
    is_ready=st.booleans(),
    is_cordoned=st.booleans(),
)
pods = st.builds(
    pod,
    gpus=st.sampled_from([0, 1]),
    node_selector=labels,
    affinity_terms=st.lists(st.lists(requirements, max_size=2).map(tuple), max_size=3).map(tuple),
    tolerations=st.lists(
        st.builds(
            Toleration,
            key=st.just("") | keys,
            operator=st.sampled_from(["Exists", "Equal", ""]),
            value=values,
            effect=effects,
        ),
        max_size=3,
    ).map(tuple),
)


@given(pods, nodes)
def test_a_pod_may_run_where_nothing_objects(one: Pod, place: Node) -> None:
    assert (not objections(one, place)) == eligible(one, place)


@given(requirements, nodes)
def test_requirements_hold_as_kubernetes_says(requirement: Requirement, place: Node) -> None:
    assert meets(requirement, place) == holds_for(requirement, place)


def test_each_objection_is_named() -> None:
    strict = pod(node_selector={"pool": "b"}, affinity_terms=((Requirement("zone", "Exists"),),))
    place = node(labels={"pool": "a"}, taints=(Taint("gpu", "NoSchedule", "x"),), is_ready=False, is_cordoned=True)
    said = sorted(str(objection) for objection in objections(strict, place))
    assert said == ["Affinity", "Cordon", "Ready", "Selector pool=b", "Taint gpu=x:NoSchedule"]


def test_a_cordon_does_not_keep_off_what_tolerates_it() -> None:
    daemon = pod(gpus=0, tolerations=(Toleration(operator="Exists"),))
    assert not objections(daemon, node(is_cordoned=True))
