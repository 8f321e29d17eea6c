"""Pods roll up to what people know."""

from podlore.vocabulary import Controller, ObjectRef, Pod
from podlore.workloads import roll_up, top_level


def ref(group: str, kind: str, name: str, uid: str = "") -> ObjectRef:
    return ObjectRef(group, kind, "vision", name, uid=uid or name)


def pod(controller: ObjectRef | None = None, **more: object) -> Pod:
    return Pod("vision", "p", "p-uid", 0.0, controller=controller, **more)  # type: ignore[arg-type]


def known(*controllers: Controller) -> dict[str, Controller]:
    return {controller.ref.uid: controller for controller in controllers}


def test_a_bare_pod_is_its_own_workload() -> None:
    assert str(top_level(pod(), {})) == "vision/Pod/p"


def test_a_mirror_pod_belongs_to_nobody() -> None:
    assert str(top_level(pod(ref("", "Node", "gpu-1")), {})) == "vision/Pod/p"


def test_the_chain_is_followed_to_the_top() -> None:
    job, cron = ref("batch", "Job", "nightly-1"), ref("batch", "CronJob", "nightly")
    controllers = known(Controller(job, 0.0, controller=cron), Controller(cron, 0.0))
    assert top_level(pod(job), controllers) == cron


def test_an_owner_that_was_not_seen_is_still_named() -> None:
    workflow = ref("argoproj.io", "Workflow", "dag")
    assert top_level(pod(workflow), {}) == workflow


def test_labels_complete_a_chain_that_is_cut() -> None:
    labels = {"jobset.sigs.k8s.io/jobset-name": "llm", "batch.kubernetes.io/job-name": "llm-w-0"}
    assert str(top_level(pod(ref("batch", "Job", "llm-w-0"), labels=labels), {})) == "vision/JobSet/llm"


def test_the_workers_of_a_leader_pod_belong_to_their_leader_worker_set() -> None:
    workers = ref("apps", "StatefulSet", "serve-0")
    controllers = known(Controller(workers, 0.0, controller=ref("", "Pod", "serve-0", "leader")))
    labels = {"leaderworkerset.sigs.k8s.io/name": "serve"}
    assert str(top_level(pod(workers, labels=labels), controllers)) == "vision/LeaderWorkerSet/serve"


def test_a_pod_group_gathers_bare_pods() -> None:
    assert str(top_level(pod(labels={"kueue.x-k8s.io/pod-group-name": "g"}), {})) == "vision/Workload/g"
    assert str(top_level(pod(annotations={"pod-group-name": "g"}), {})) == "vision/PodGroup/g"


def test_owners_that_own_each_other_end_the_climb() -> None:
    a, b = ref("x.io", "A", "a"), ref("x.io", "B", "b")
    assert top_level(pod(a), known(Controller(a, 0.0, controller=b), Controller(b, 0.0, controller=a))) in (a, b)


# --- roll-up ---


def test_suspended_work_without_pods_waits_and_finished_work_does_not() -> None:
    held = Controller(ref("batch", "Job", "held"), 5.0, is_suspended=True, labels={"kueue.x-k8s.io/queue-name": "q"})
    over = Controller(ref("batch", "Job", "over"), 5.0, is_suspended=True, finished_at=9.0)
    schedule = Controller(ref("batch", "CronJob", "nightly"), 5.0, is_suspended=True)
    [workload] = roll_up((), (held, over, schedule))
    assert (workload.ref.name, workload.queue, workload.created_at, workload.pods) == ("held", "q", 5.0, ())


def test_a_job_is_a_gang_if_its_pods_have_ranks() -> None:
    owner = Controller(ref("batch", "Job", "llm"), 0.0, pods_wanted=2)
    ranks = [pod(owner.ref, labels={"batch.kubernetes.io/job-completion-index": "0"})]
    assert roll_up(ranks, (owner,))[0].is_gang
    assert not roll_up([pod(owner.ref)], (owner,))[0].is_gang


def test_a_pod_group_tells_its_size() -> None:
    size = {"kueue.x-k8s.io/pod-group-total-count": "4"}
    [workload] = roll_up([pod(labels={"kueue.x-k8s.io/pod-group-name": "g"}, annotations=size)], ())
    assert (workload.pods_wanted, workload.is_gang) == (4, True)


def test_a_size_that_is_none_is_passed_over() -> None:
    size = {"kueue.x-k8s.io/pod-group-total-count": "9" * 5000}
    [workload] = roll_up([pod(labels={"kueue.x-k8s.io/pod-group-name": "g"}, annotations=size)], ())
    assert workload.pods_wanted == 1


def test_a_controller_of_which_only_metadata_was_seen_wants_the_pods_that_are_there() -> None:
    owner = Controller(ref("kubeflow.org", "PyTorchJob", "llm"), 0.0, pods_wanted=0)
    [workload] = roll_up([pod(owner.ref)], (owner,))
    assert workload.pods_wanted == 1
