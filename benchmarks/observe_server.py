"""A cluster of many nodes and pods on a fake API server, for `observe.py`; prints its URL, then feeds what watches."""

import argparse
import asyncio
from typing import Any

from podlore_operator.observe.testing import FakeApiServer, training_pod

PODS, NODES = "/api/v1/pods", "/api/v1/nodes"
END = "the-end"
FOR_EVER_SECONDS = 3600.0


def node(name: str) -> dict[str, Any]:
    """Return a node as the API server would serve it."""
    return {
        "metadata": {"name": name, "uid": f"uid-{name}", "creationTimestamp": "2026-11-23T10:00:00Z"},
        "spec": {},
        "status": {"allocatable": {"cpu": "128", "memory": "1Ti", "nvidia.com/gpu": "8"}},
    }


def changed_pod(number: int, pods: int) -> dict[str, Any]:
    """Return the n-th change of a pod: its label says which; every tenth time around, its container has restarted."""
    pod = training_pod(f"train-{number % pods}", "gpu-0", restarts=number // (10 * pods))
    pod["metadata"]["labels"]["step"] = str(number)
    return pod


def discovery() -> dict[str, Any]:
    """Return what kopf asks before it watches."""
    verbs = ["get", "list", "watch", "patch"]
    names = (("pods", "Pod", True), ("nodes", "Node", False), ("namespaces", "Namespace", False))
    resources = [
        {"name": plural, "singularName": kind.lower(), "kind": kind, "namespaced": namespaced, "verbs": verbs}
        for plural, kind, namespaced in names
    ]
    return {
        "/api": {"versions": ["v1"]},
        "/apis": {"groups": []},
        "/version": {"major": "1", "minor": "37"},
        "/api/v1": {"groupVersion": "v1", "resources": resources},
    }


async def serve(pods: int, nodes: int, events: int) -> None:
    """Serve for ever; once the pods are watched, change them, and add one pod that is the end."""
    async with FakeApiServer([PODS, NODES], documents=discovery()) as server:
        for number in range(nodes):
            await server.put(NODES, node(f"gpu-{number}"))
        for number in range(pods):
            await server.put(PODS, training_pod(f"train-{number}", f"gpu-{number % nodes}"))
        server.forget(PODS)
        print(server.url, flush=True)
        await server.watched(PODS)
        for number in range(events):
            await server.put(PODS, changed_pod(number, pods))
        await server.put(PODS, training_pod(END, "gpu-0"))
        await asyncio.sleep(FOR_EVER_SECONDS)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for size in ("pods", "nodes", "events"):
        parser.add_argument(size, type=int)
    asyncio.run(serve(**vars(parser.parse_args())))
