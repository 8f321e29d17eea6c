import pytest

from podlore.clock import Clock
from podlore.errors import BadInput
from podlore.objects import read_controller
from podlore.objects.controller import SHAPES
from podlore.vocabulary import ObjectRef, Resources

METADATA = {"name": "train", "namespace": "vision", "uid": "u1", "creationTimestamp": "2026-11-23T10:00:00Z"}
TEN = 1795428000.0
TEMPLATE = {"spec": {"containers": [{"name": "main", "resources": {"limits": {"nvidia.com/gpu": 2, "cpu": 4}}}]}}
HEAD = {"spec": {"containers": [{"name": "main", "resources": {"limits": {"cpu": 1}}}]}}


def read(api_version, kind, spec=None, status=None, clock=None):
    obj = {"apiVersion": api_version, "kind": kind, "metadata": METADATA, "status": status or {}}
    return read_controller({**obj, **({} if spec is None else {"spec": spec})}, clock or Clock())


KINDS = [
    ("batch/v1", "Job", {"parallelism": 4, "template": TEMPLATE}, 4, 4),
    ("batch/v1", "Job", {"parallelism": 4, "completions": 3, "template": TEMPLATE}, 3, 3),
    ("batch/v1", "Job", {"template": TEMPLATE}, 1, 1),
    ("batch/v1", "CronJob", {"jobTemplate": {"spec": {"parallelism": 2, "template": TEMPLATE}}}, 2, 2),
    ("apps/v1", "Deployment", {"replicas": 3, "template": TEMPLATE}, 3, 3),
    ("apps/v1", "ReplicaSet", {"replicas": 0, "template": TEMPLATE}, 0, 0),
    ("apps/v1", "StatefulSet", {"template": TEMPLATE}, 1, 1),
    (
        "leaderworkerset.x-k8s.io/v1",
        "LeaderWorkerSet",
        {"replicas": 2, "leaderWorkerTemplate": {"size": 4, "leaderTemplate": HEAD, "workerTemplate": TEMPLATE}},
        8,
        6,
    ),
    (
        "jobset.x-k8s.io/v1alpha2",
        "JobSet",
        {
            "replicatedJobs": [
                {"name": "driver", "template": {"spec": {"template": HEAD}}},
                {"name": "workers", "replicas": 2, "template": {"spec": {"parallelism": 4, "template": TEMPLATE}}},
            ]
        },
        9,
        8,
    ),
    (
        "kubeflow.org/v1",
        "PyTorchJob",
        {
            "pytorchReplicaSpecs": {
                "Master": {"replicas": 1, "template": HEAD},
                "Worker": {"replicas": 3, "template": TEMPLATE},
            }
        },
        4,
        3,
    ),
    ("kubeflow.org/v1", "TFJob", {"tfReplicaSpecs": {"Worker": {"template": TEMPLATE}}}, 1, 1),
    ("kubeflow.org/v2beta1", "MPIJob", {"mpiReplicaSpecs": {"Worker": {"replicas": 5, "template": TEMPLATE}}}, 5, 5),
    (
        "trainer.kubeflow.org/v1alpha1",
        "TrainJob",
        {"trainer": {"numNodes": 3, "resourcesPerNode": {"limits": {"nvidia.com/gpu": 2, "cpu": 4}}}},
        3,
        3,
    ),
    (
        "ray.io/v1",
        "RayCluster",
        {
            "headGroupSpec": {"template": HEAD},
            "workerGroupSpecs": [{"replicas": 2, "numOfHosts": 2, "template": TEMPLATE}],
        },
        5,
        4,
    ),
    (
        "ray.io/v1",
        "RayJob",
        {
            "rayClusterSpec": {
                "headGroupSpec": {"template": HEAD},
                "workerGroupSpecs": [{"replicas": 1, "template": TEMPLATE}],
            }
        },
        2,
        1,
    ),
    ("ray.io/v1", "RayService", {"rayClusterConfig": {"headGroupSpec": {"template": TEMPLATE}}}, 1, 1),
    ("kueue.x-k8s.io/v1beta1", "Workload", {"podSets": [{"name": "main", "count": 4, "template": TEMPLATE}]}, 4, 4),
    ("batch.volcano.sh/v1alpha1", "Job", {"tasks": [{"replicas": 2, "template": TEMPLATE}, {"template": HEAD}]}, 3, 2),
]


@pytest.mark.parametrize(("api_version", "kind", "spec", "pods", "gpu_pods"), KINDS, ids=lambda value: str(value)[:30])
def test_every_kind_tells_how_many_pods_it_wants_and_what_they_ask_for(api_version, kind, spec, pods, gpu_pods):
    found = read(api_version, kind, spec)
    heads = pods - gpu_pods
    assert found.pods_wanted == pods
    assert found.requests == Resources(cpu_milli=4000 * gpu_pods + 1000 * heads, gpu_milli=2000 * gpu_pods)
    assert found.ref == ObjectRef(api_version.rpartition("/")[0], kind, "vision", "train")


def test_a_daemon_set_wants_as_many_pods_as_its_controller_counts_nodes():
    found = read("apps/v1", "DaemonSet", {"template": TEMPLATE}, {"desiredNumberScheduled": 12})
    assert (found.pods_wanted, found.requests.gpu_milli) == (12, 24000)


@pytest.mark.parametrize(
    ("api_version", "kind", "spec"),
    [
        ("batch/v1", "Job", {"suspend": True}),
        ("batch/v1", "CronJob", {"suspend": True}),
        ("jobset.x-k8s.io/v1alpha2", "JobSet", {"suspend": True}),
        ("kubeflow.org/v1", "PyTorchJob", {"runPolicy": {"suspend": True}}),
        ("trainer.kubeflow.org/v1alpha1", "TrainJob", {"suspend": True}),
        ("ray.io/v1", "RayCluster", {"suspend": True}),
        ("ray.io/v1", "RayJob", {"suspend": True}),
        ("kueue.x-k8s.io/v1beta1", "Workload", {"active": False}),
        ("kueue.x-k8s.io/v1beta1", "Workload", {"queueName": "gpus"}),
    ],
)
def test_what_is_held_back_is_suspended(api_version, kind, spec):
    assert read(api_version, kind, spec).is_suspended


def test_an_admitted_workload_is_not_held_back():
    admitted = {"conditions": [{"type": "Admitted", "status": "True"}]}
    assert not read("kueue.x-k8s.io/v1beta1", "Workload", {}, admitted).is_suspended


@pytest.mark.parametrize(
    ("api_version", "kind", "status"),
    [
        ("batch/v1", "Job", {"completionTime": "2026-11-23T10:05:00Z"}),
        (
            "batch/v1",
            "Job",
            {"conditions": [{"type": "Failed", "status": "True", "lastTransitionTime": "2026-11-23T10:05:00Z"}]},
        ),
        (
            "jobset.x-k8s.io/v1alpha2",
            "JobSet",
            {"conditions": [{"type": "Completed", "status": "True", "lastTransitionTime": "2026-11-23T10:05:00Z"}]},
        ),
        ("ray.io/v1", "RayJob", {"endTime": "2026-11-23T10:05:00Z"}),
        (
            "batch.volcano.sh/v1alpha1",
            "Job",
            {"state": {"phase": "Completed", "lastTransitionTime": "2026-11-23T10:05:00Z"}, "conditions": None},
        ),
    ],
)
def test_what_ended_tells_when(api_version, kind, status):
    assert read(api_version, kind, {}, status).finished_at == TEN + 300


def test_a_volcano_jobs_conditions_without_a_type_do_no_harm():
    status = {"state": {"phase": "Running"}, "conditions": [{"status": "Pending", "lastTransitionTime": None}]}
    assert read("batch.volcano.sh/v1alpha1", "Job", {}, status).finished_at is None


def test_a_deadline_runs_in_trace_time():
    assert read("batch/v1", "Job", {"activeDeadlineSeconds": 60}, clock=Clock(scale=10)).deadline_seconds == 600


def test_the_queue_stands_under_the_label_of_other_kinds():
    assert read("kueue.x-k8s.io/v1beta1", "Workload", {"queueName": "gpus"}).labels == {
        "kueue.x-k8s.io/queue-name": "gpus"
    }
    assert read("batch.volcano.sh/v1alpha1", "Job", {"queue": "gpus"}).labels == {"volcano.sh/queue-name": "gpus"}


def test_metadata_alone_serves_the_roll_up():
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "serve", "uid": "u0", "controller": True}
    partial = {
        "apiVersion": "meta.k8s.io/v1",
        "kind": "PartialObjectMetadata",
        "metadata": {**METADATA, "ownerReferences": [owner]},
    }
    found = read_controller(partial, Clock(), api_version="apps/v1", kind="ReplicaSet")
    assert str(found.ref) == "vision/ReplicaSet/train"
    assert found.controller == ObjectRef("apps", "Deployment", "vision", "serve")
    assert found.pods_wanted == 0


def test_an_unknown_kind_serves_the_roll_up_too():
    found = read("argoproj.io/v1alpha1", "Workflow", {"entrypoint": "main"})
    assert (str(found.ref), found.ref.version, found.pods_wanted) == ("vision/Workflow/train", "v1alpha1", 0)


def test_an_object_must_say_what_it_is():
    with pytest.raises(BadInput, match=r"\$\.kind"):
        read_controller({"metadata": METADATA, "spec": {}}, Clock())


@pytest.mark.parametrize(("group", "kind"), sorted(SHAPES))
def test_every_known_kind_survives_an_empty_specification(group, kind):
    assert read(f"{group}/v1", kind, {}).ref.kind == kind


@pytest.mark.parametrize(("group", "kind"), sorted(SHAPES))
def test_every_known_kind_refuses_a_specification_that_is_none(group, kind):
    with pytest.raises(BadInput, match=r"\$\.spec"):
        read(f"{group}/v1", kind, "no object")
