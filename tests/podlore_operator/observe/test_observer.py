"""The observer on the real API server of the lab."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from podlore.clock import Clock
from podlore.cluster_state import ClusterState
from podlore.errors import Unavailable
from podlore_operator.observe.connection import Connection
from podlore_operator.observe.credentials import Credentials
from podlore_operator.observe.observer import Observer
from podlore_operator.observe.resource import BASIC, WORKLOADS
from podlore_operator.observe.testing import eventually, pod_object

POD = {"containers": [{"name": "main", "image": "none", "resources": {"limits": {"nvidia.com/gpu": "1"}}}]}
TEMPLATE = {"metadata": {"labels": {"app": "serve"}}, "spec": POD}


@asynccontextmanager
async def observing(api, resources=(*BASIC, *WORKLOADS)):
    state = ClusterState(Clock())
    observer = Observer(api, Clock(), state, resources)
    task = asyncio.create_task(observer.run())
    try:
        yield observer, state
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def api_of_fake(server):
    async with Connection(lambda: Credentials(server.url, "the test")) as connection:
        yield connection


@pytest.fixture
async def api(lab):
    async with Connection.open(lab.kubeconfig) as connection:
        yield connection


async def test_it_syncs_with_a_cluster_that_lacks_the_optional_kinds(api):
    async with observing(api) as (observer, _):
        assert not observer.is_synced
        await observer.synced(seconds=30)
        assert observer.is_synced
        ages = observer.watch_ages()
        assert {resource.kind for resource in BASIC} <= set(ages)
        assert max(ages.values()) < 30
        absent = {progress.kind for progress in observer.progress if progress.is_absent}
        assert absent <= {resource.kind for resource in WORKLOADS}


async def test_every_kind_that_is_always_there_is_served_as_we_ask_for_it(api):
    for resource in BASIC:
        answer = await api.request("GET", resource.path, accept=resource.accept("PartialObjectMetadataList"))
        assert answer.status == 200


async def test_a_deployment_is_seen_down_to_its_pods(api, fresh_namespace):
    body = {
        "metadata": {"name": "serve"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "serve"}}, "template": TEMPLATE},
    }
    async with observing(api) as (observer, state):
        await observer.synced(seconds=30)
        await api.request("POST", f"/apis/apps/v1/namespaces/{fresh_namespace}/deployments", body=body)

        def pods():
            return [pod for pod in state.snapshot().pods if pod.namespace == fresh_namespace]

        await eventually(
            lambda: len(pods()) == 2 and all(pod.unschedulable_message for pod in pods()), "two waiting pods"
        )
        kinds = {c.ref.kind: c for c in state.snapshot().controllers if c.ref.namespace == fresh_namespace}
        assert kinds["ReplicaSet"].controller == kinds["Deployment"].ref
        assert (kinds["Deployment"].pods_wanted, kinds["Deployment"].requests.gpu_milli) == (2, 2000)
        assert all(pod.controller == kinds["ReplicaSet"].ref and pod.requests.gpu_milli == 1000 for pod in pods())

        def reasons():
            return {event.reason for event in state.snapshot().events if event.about.namespace == fresh_namespace}

        await eventually(
            lambda: {"ScalingReplicaSet", "SuccessfulCreate", "FailedScheduling"} <= reasons(), "the events"
        )
        await api.request("DELETE", f"/apis/apps/v1/namespaces/{fresh_namespace}/deployments/serve")
        await eventually(lambda: not pods(), "the end of the pods")


async def test_a_job_that_is_suspended_is_known_without_a_pod(api, fresh_namespace):
    body = {"metadata": {"name": "train"}, "spec": {"suspend": True, "parallelism": 4, "completions": 4}}
    body["spec"]["template"] = {"spec": {**POD, "restartPolicy": "Never"}}
    async with observing(api) as (observer, state):
        await api.request("POST", f"/apis/batch/v1/namespaces/{fresh_namespace}/jobs", body=body)
        await observer.synced(seconds=30)

        def job():
            return next((c for c in state.snapshot().controllers if c.ref.namespace == fresh_namespace), None)

        await eventually(job, "the job")
        assert (job().is_suspended, job().pods_wanted, job().requests.gpu_milli) == (True, 4, 4000)


async def test_without_rights_the_missing_kinds_are_named(lab, fresh_namespace):
    kubeconfig = lab.service_account_kubeconfig(fresh_namespace, "default")
    async with Connection.open(kubeconfig) as api, observing(api, BASIC[:2]) as (observer, _):
        with pytest.raises(Unavailable, match=r"not listed within 0\.5 s: Node, Pod"):
            await observer.synced(seconds=0.5)


async def test_one_kind_in_trouble_does_not_hold_up_the_others(server, api_of_fake):
    await server.put("/api/v1/pods", pod_object("a"))
    missing, pods = (next(resource for resource in BASIC if resource.kind == kind) for kind in ("Node", "Pod"))
    async with observing(api_of_fake, (missing, pods)) as (observer, state):
        await observer.synced(seconds=20)
        assert [pod.name for pod in state.snapshot().pods] == ["a"]
        assert set(observer.watch_ages()) == {"Pod"}
