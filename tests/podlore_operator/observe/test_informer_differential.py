"""Our reflector beside the informer of the official client, on the same traffic of the real API server."""

import asyncio
import random
from collections import defaultdict
from contextlib import suppress

import pytest
from kubernetes import config
from kubernetes.client import CoreV1Api
from kubernetes.informer import SharedInformer

from podlore.clock import Clock
from podlore.cluster_state import ClusterState
from podlore_operator.observe.connection import MERGE_PATCH, Connection
from podlore_operator.observe.reflector import Reflector
from podlore_operator.observe.resource import BASIC, Resource
from podlore_operator.observe.testing import eventually

NAMES = [f"pod-{number}" for number in range(6)]
STEPS = 150


class Recorded(ClusterState):
    """A state that also notes the news of each pod, in order."""

    def __init__(self):
        super().__init__(Clock())
        self.news = defaultdict(list)

    def apply(self, obj):
        self.news[obj.uid].append(obj.labels.get("step"))
        super().apply(obj)

    def delete(self, kind, key):
        self.news[key].append("gone")
        super().delete(kind, key)


@pytest.fixture
def informer(lab, fresh_namespace):
    """The official informer on the namespace, with the news it fired in ``news``."""
    client = config.new_client_from_config(str(lab.kubeconfig))
    found = SharedInformer(CoreV1Api(client).list_namespaced_pod, namespace=fresh_namespace)
    found.news = defaultdict(list)
    for kind in ("ADDED", "MODIFIED"):
        found.add_event_handler(kind, lambda pod: found.news[pod.metadata.uid].append(pod.metadata.labels["step"]))
    found.add_event_handler("DELETED", lambda pod: found.news[pod.metadata.uid].append("gone"))
    found.start()
    return found


async def change_at_random(api, namespace, rng):
    """Create, label and delete pods that nobody schedules; returns the step that each of the present ones is at."""
    path, present = f"/api/v1/namespaces/{namespace}/pods", {}
    for step in map(str, range(STEPS)):
        name = rng.choice(NAMES)
        labels = {"labels": {"step": step}}
        if name not in present:
            spec = {"schedulerName": "nobody", "containers": [{"name": "main", "image": "none"}]}
            await api.request("POST", path, body={"metadata": {"name": name, **labels}, "spec": spec})
        elif rng.random() < 0.3:
            await api.request("DELETE", f"{path}/{name}", body={"gracePeriodSeconds": 0})
            del present[name]
            continue
        else:
            await api.request("PATCH", f"{path}/{name}", body={"metadata": labels}, content_type=MERGE_PATCH)
        present[name] = step
    return present


async def test_both_hear_the_same_news_and_end_with_the_same_pods(lab, fresh_namespace, informer):
    path = f"/api/v1/namespaces/{fresh_namespace}/pods"
    read = next(resource.read for resource in BASIC if resource.kind == "Pod")
    state = Recorded()
    async with Connection.open(lab.kubeconfig) as api:
        reflector = Reflector(api, Resource("Pod", path, read), Clock(), state)
        task = asyncio.create_task(reflector.run())
        await eventually(lambda: reflector.synced.is_set() and informer._watch is not None, "both to be in step")
        truth = await change_at_random(api, fresh_namespace, random.Random(7))

        def ours():
            return {pod.name: pod.labels["step"] for pod in state.snapshot().pods}

        def theirs():
            return {pod.metadata.name: pod.metadata.labels["step"] for pod in informer.cache.list()}

        await eventually(lambda: ours() == truth, "our pods")
        await eventually(lambda: theirs() == truth, "their pods")
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert dict(state.news) == dict(informer.news)
    assert sum(map(len, state.news.values())) > STEPS - 1
    await asyncio.to_thread(informer.stop)
