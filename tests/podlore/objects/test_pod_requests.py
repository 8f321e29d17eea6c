import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlore.errors import BadInput
from podlore.objects.parse import parse
from podlore.objects.pod_requests import pod_requests
from podlore.objects.pod_spec import PodSpec
from podlore.vocabulary import Resources


def container(name="main", *, sidecar=False, limits=None, **requests):
    resources = {"requests": {key.replace("gpu", "nvidia.com/gpu"): value for key, value in requests.items()}}
    resources["limits"] = limits or {}
    return {"name": name, "resources": resources, **({"restartPolicy": "Always"} if sidecar else {})}


def requests(**spec):
    return pod_requests(parse(spec, PodSpec), {})[0]


def test_containers_run_together():
    assert requests(containers=[container(cpu="500m"), container(cpu="1", memory="1Gi")]) == Resources(1500, 2**30)


def test_the_largest_init_container_counts_where_it_is_larger():
    init = [container(cpu="4"), container(memory="3Gi", cpu="1")]
    assert requests(containers=[container(cpu="2", memory="1Gi")], initContainers=init) == Resources(4000, 3 * 2**30)


def test_a_sidecar_runs_along_and_weighs_on_what_starts_after_it():
    sidecar, init = container("proxy", sidecar=True, cpu="1"), container("setup", cpu="5")
    main = container(cpu="2")
    assert requests(containers=[main], initContainers=[sidecar, init]).cpu_milli == 6000
    assert requests(containers=[main], initContainers=[init, sidecar]).cpu_milli == 5000
    assert requests(containers=[container(cpu="8")], initContainers=[init, sidecar]).cpu_milli == 9000


def test_the_runtimes_overhead_comes_on_top():
    assert requests(containers=[container(cpu="1")], overhead={"cpu": "250m", "memory": "1Mi"}) == Resources(
        1250, 2**20
    )


def test_a_limit_alone_is_the_request():
    limited = container(limits={"nvidia.com/gpu": "2", "cpu": "3"}, cpu="1")
    assert requests(containers=[limited]) == Resources(1000, 0, 2000)


def test_requests_of_the_pod_as_a_whole_replace_the_sum():
    spec = {"containers": [container(cpu="1", memory="1Gi")], "resources": {"requests": {"cpu": "6"}}}
    assert requests(**spec) == Resources(6000, 2**30)


def test_a_wrong_amount_is_named_with_its_place():
    with pytest.raises(BadInput, match=r"\$\.spec\.initContainers\[1\]\.resources: quantity '-4'"):
        requests(initContainers=[container(), container(cpu="-4")])


def naive_cpu_milli(init, main):
    """Walk through the pod's life and note the most that runs at once."""
    sidecars, most = 0, 0
    for is_sidecar, cpu in init:
        most = max(most, sidecars + cpu)
        sidecars += cpu if is_sidecar else 0
    return max(most, sidecars + sum(main))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 50)), max_size=6), st.lists(st.integers(0, 50), max_size=4))
def test_a_request_is_the_most_that_runs_at_once(init, main):
    spec = {
        "initContainers": [container(f"i{n}", sidecar=s, cpu=f"{cpu}m") for n, (s, cpu) in enumerate(init)],
        "containers": [container(f"c{n}", cpu=f"{cpu}m") for n, cpu in enumerate(main)],
    }
    assert requests(**spec).cpu_milli == naive_cpu_milli(init, main)
