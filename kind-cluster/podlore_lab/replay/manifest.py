"""A job of a trace comes in, the Kubernetes object that plays it leaves: a Job or a Deployment.

Labels and annotations are those that the lab's Stages (``kind-cluster/stages``) and its exporter read; lengths of time
in them are wall time. Nothing in a pod's spec tells that its placement was recorded, but for its scheduler's name.
"""

from typing import Any

from podlore.traces import Job, Kind, Outcome
from podlore_lab.kwok import FAKE_NODE
from podlore_lab.replay.plan import Plan, ends_by_itself, units

Json = dict[str, Any]

PREFIX = "lab.podlore.io/"
REPLAY_LABEL = f"{PREFIX}replay"
JOB_LABEL = f"{PREFIX}job"
PLACED_LABEL = f"{PREFIX}placed"
SCHEDULER_NAME = "podlore-lab-replay"
"""Whose pods the replay binds itself, to the nodes that the trace recorded."""

GPU_RESOURCE = "nvidia.com/gpu"
PRODUCT_LABEL, ZONE_LABEL = "nvidia.com/gpu.product", "topology.kubernetes.io/zone"
GANG_LABEL = "scheduling.x-k8s.io/pod-group"
IMAGE = "podlore/workload:1"
FINISHED_KEPT_SECONDS = 3600.0
"""Trace time for which a finished Job is kept."""

RESTARTS_MAX = 1_000_000
LOOPS = (Outcome.CRASH_LOOP, Outcome.OOM)


def manifest(job: Job, plan: Plan) -> Json:
    """Return the object to be created in namespace ``job.tenant``."""
    labels = {REPLAY_LABEL: plan.name, JOB_LABEL: job.name}
    template = _template(job, plan, labels)
    if job.kind is Kind.DEPLOYMENT:
        spec: Json = {
            "replicas": job.pods,
            "selector": {"matchLabels": {JOB_LABEL: job.name}},
            "progressDeadlineSeconds": 3600,
            "template": template,
        }
        return _object("apps/v1", "Deployment", job, labels, spec)
    spec = {
        "parallelism": job.pods,
        "completions": job.pods,
        "completionMode": "Indexed" if job.is_gang else "NonIndexed",
        "backoffLimit": RESTARTS_MAX if job.behaviour.outcome in LOOPS else 0,
        "ttlSecondsAfterFinished": max(1, round(plan.wall_seconds(FINISHED_KEPT_SECONDS))),
        "template": template,
    }
    return _object("batch/v1", "Job", job, labels, spec)


def collection(job: Job) -> str:
    """Return the path of the collection that a job's object belongs to."""
    api = "apis/apps/v1" if job.kind is Kind.DEPLOYMENT else "apis/batch/v1"
    return f"/{api}/namespaces/{job.tenant}/{job.kind.lower()}s"


def _object(version: str, kind: str, job: Job, labels: dict[str, str], spec: Json) -> Json:
    metadata = {"name": job.name, "namespace": job.tenant, "labels": labels}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def _template(job: Job, plan: Plan, labels: dict[str, str]) -> Json:
    more = {f"{PREFIX}outcome": str(_outcome(job))}
    if job.nodes:
        more[PLACED_LABEL] = "recorded"
    if job.is_gang:
        more[GANG_LABEL] = job.name
    return {"metadata": {"labels": labels | more, "annotations": _annotations(job, plan)}, "spec": _pod_spec(job, plan)}


def _outcome(job: Job) -> Outcome:
    """Return how the pods end within the replay: one that would end later runs on."""
    if job.behaviour.outcome in (Outcome.COMPLETE, Outcome.FAIL) and not ends_by_itself(job):
        return Outcome.RUN
    return job.behaviour.outcome


def _annotations(job: Job, plan: Plan) -> dict[str, str]:
    behaviour = job.behaviour
    run_seconds = job.duration_seconds if ends_by_itself(job) else behaviour.run_seconds
    said = {
        "speed": f"{plan.speed:g}",
        "run-for": _go_duration(plan, run_seconds),
        "back-off": _go_duration(plan, behaviour.back_off_seconds),
        "exit-code": behaviour.exit_code,
        "restarts": behaviour.restarts,
        "gpu-curve": behaviour.curve,
        "gpu-memory-share": behaviour.gpu_memory_share,
        "idle-gpus": behaviour.idle_gpus or None,
        "xid": behaviour.xid or None,
        "presses": ",".join(f"{press.resource}:{press.share:g}" for press in behaviour.presses) or None,
    }
    return {PREFIX + key: str(value) for key, value in said.items() if value is not None}


def _go_duration(plan: Plan, seconds: float | None) -> str | None:
    """Write a length of trace time as a length of wall time, in Go's notation."""
    return None if seconds is None else f"{max(1, round(plan.wall_seconds(seconds) * 1000))}ms"


def _pod_spec(job: Job, plan: Plan) -> Json:
    amounts = _amounts(job, plan)
    limits = {name: amount for name, amount in amounts.items() if name != "cpu"}
    spec: Json = {
        "restartPolicy": _restart_policy(job),
        "containers": [{"name": "main", "image": IMAGE, "resources": {"requests": amounts, "limits": limits}}],
        "tolerations": [{"key": FAKE_NODE[0], "operator": "Equal", "value": FAKE_NODE[1], "effect": "NoSchedule"}],
        "automountServiceAccountToken": False,
    }
    if job.products:
        wanted = [{"key": PRODUCT_LABEL, "operator": "In", "values": list(job.products)}]
        terms = {"nodeSelectorTerms": [{"matchExpressions": wanted}]}
        spec["affinity"] = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    if job.zone:
        spec["nodeSelector"] = {ZONE_LABEL: job.zone}
    if job.nodes:
        spec["schedulerName"] = SCHEDULER_NAME
    return spec


def _restart_policy(job: Job) -> str:
    if job.kind is Kind.DEPLOYMENT:
        return "Always"
    return "OnFailure" if job.behaviour.outcome in LOOPS else "Never"


def _amounts(job: Job, plan: Plan) -> dict[str, str]:
    amounts = {
        "cpu": f"{job.cpu_milli}m" if job.cpu_milli else "",
        "memory": f"{job.memory_mib}Mi" if job.memory_mib else "",
        GPU_RESOURCE: str(units(job, plan)) if job.gpus else "",
    }
    return {name: amount for name, amount in amounts.items() if amount}
