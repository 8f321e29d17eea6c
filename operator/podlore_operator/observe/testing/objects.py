"""Kubernetes objects as an API server would serve them, of the size that they have in real clusters."""

from typing import Any

Json = dict[str, Any]

CREATED = "2026-11-23T10:00:00Z"


def pod_object(name: str, *, namespace: str = "vision", uid: str = "", node: str = "", **metadata: Any) -> Json:  # noqa: ANN401
    """Return a pod in a few lines; a test adds what it is about.

    >>> pod_object("train-0")["metadata"]["uid"]
    'uid-train-0'
    """
    identity = {"name": name, "namespace": namespace, "uid": uid or f"uid-{name}", "creationTimestamp": CREATED}
    spec = {"containers": [{"name": "main"}], **({"nodeName": node} if node else {})}
    return {"metadata": {**identity, **metadata}, "spec": spec, "status": {"phase": "Running" if node else "Pending"}}


def training_pod(name: str, node: str, *, namespace: str = "vision", restarts: int = 0, padding: int = 20) -> Json:
    """Return a pod as a training job's look in practice, about 6 KB: environment, mounts, managed fields, conditions.

    >>> import msgspec
    >>> 5500 < len(msgspec.json.encode(training_pod("train-0", "gpu-1"))) < 6500
    True
    """
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name.rpartition("-")[0] or name, "controller": True}
    managed: Json = {f"f:key-{number}": {".": {}, "f:value": {}, "f:valueFrom": {}} for number in range(padding)}
    resources = {"cpu": "16", "memory": "128Gi", "nvidia.com/gpu": "1"}
    environment = [{"name": f"SETTING_{number}", "value": "a value of some length"} for number in range(padding)]
    conditions = [
        {"type": kind, "status": "True", "lastProbeTime": None, "lastTransitionTime": CREATED}
        for kind in ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    ]
    ended = {"exitCode": 1, "reason": "Error", "startedAt": CREATED, "finishedAt": CREATED, "containerID": "c" * 80}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"uid-{name}",
            "creationTimestamp": CREATED,
            "labels": {"job-name": owner["name"], "team": namespace, "app.kubernetes.io/name": "train"},
            "annotations": {"prometheus.io/scrape": "true", "kueue.x-k8s.io/workload": f"job-{name}"},
            "ownerReferences": [{**owner, "uid": f"uid-{owner['name']}", "blockOwnerDeletion": True}],
            "managedFields": [
                {"manager": manager, "operation": "Update", "apiVersion": "v1", "time": CREATED, "fieldsV1": managed}
                for manager in ("kube-controller-manager", "kubelet")
            ],
        },
        "spec": {
            "nodeName": node,
            "schedulerName": "default-scheduler",
            "priority": 0,
            "tolerations": [
                {
                    "key": f"node.kubernetes.io/{key}",
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": 300,
                }
                for key in ("not-ready", "unreachable")
            ],
            "containers": [
                {
                    "name": "main",
                    "image": "registry.example/train@sha256:" + "0" * 64,
                    "command": ["python", "-m", "train", "--config=/etc/train/config.yaml"],
                    "env": environment,
                    "resources": {"requests": resources, "limits": resources},
                    "volumeMounts": [{"name": f"volume-{n}", "mountPath": f"/mnt/volume-{n}"} for n in range(4)],
                }
            ],
            "volumes": [
                {"name": f"volume-{n}", "persistentVolumeClaim": {"claimName": f"claim-{n}"}} for n in range(4)
            ],
        },
        "status": {
            "phase": "Running",
            "startTime": CREATED,
            "podIP": "10.0.0.1",
            "qosClass": "Guaranteed",
            "conditions": conditions,
            "containerStatuses": [
                {
                    "name": "main",
                    "restartCount": restarts,
                    "ready": True,
                    "started": True,
                    "containerID": "containerd://" + "0" * 64,
                    "image": "registry.example/train",
                    "imageID": "registry.example/train@sha256:" + "0" * 64,
                    "state": {"running": {"startedAt": CREATED}},
                    "lastState": {"terminated": ended} if restarts else {},
                }
            ],
        },
    }
