"""BlackHoleNode: a ready node on which everything fails."""

from dataclasses import replace

import pytest

from podlore.patterns.black_hole_node import black_hole_node
from podlore.snapshot import History, Snapshot
from podlore.testing import HOUR, MINUTE, NOW, job, node, pod, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Failure, Finding, ObjectRef

NODES = tuple(node(f"gpu-{n}") for n in range(5))
HEALTHY = tuple(pod(f"ok-{n}", node=f"gpu-{n % 4 + 1}", age=HOUR) for n in range(12))


def found(seen: Snapshot) -> list[Finding]:
    return list(black_hole_node(ClusterView(seen)))


def rejected(count: int, *, workloads: int = 3, on: str = "gpu-0", reason: str = "UnexpectedAdmissionError"):
    refs = [ObjectRef("batch", "Job", "nlp", f"job-{n}") for n in range(workloads)]
    return tuple(
        Failure("nlp", f"job-{n}-{on}", "", refs[n % workloads], on, NOW - n * MINUTE, -1, reason) for n in range(count)
    )


def cluster(*failures: Failure, **more: object) -> Snapshot:
    return snapshot(**{"nodes": NODES, "pods": HEALTHY, "history": History(failures=failures)} | more)


def test_rejected_pods_of_several_workloads_tell_of_a_black_hole() -> None:
    [finding] = found(cluster(*rejected(6)))
    assert str(finding.target) == "Node/gpu-0"
    assert finding.evidence[0].p_value is not None
    assert finding.evidence[0].p_value <= 0.01


def test_jobs_that_met_two_bad_nodes_and_ran_elsewhere_are_not_to_blame() -> None:
    refs = [ObjectRef("batch", "Job", "nlp", f"job-{n}", uid=f"job-{n}") for n in range(6)]
    well = tuple(
        pod(f"job-{n}-ok-{spare}", namespace="nlp", node=f"gpu-{spare}", controller=ref, age=HOUR)
        for n, ref in enumerate(refs)
        for spare in (2, 3)
    )
    seen = cluster(
        *rejected(6, workloads=6), *rejected(6, workloads=6, on="gpu-4"), pods=(*well, *HEALTHY[:3]), controllers=()
    )
    assert [finding.target.name for finding in found(seen)] == ["gpu-0", "gpu-4"]


@pytest.mark.parametrize(
    "seen",
    [
        cluster(*rejected(4)),
        cluster(*rejected(8, workloads=1)),
        cluster(*rejected(6), *rejected(6, on="gpu-1")),
        cluster(*rejected(6, reason="Evicted")),
        cluster(*rejected(6), nodes=(replace(NODES[0], is_ready=False), *NODES[1:])),
        cluster(*rejected(6), nodes=(replace(NODES[0], created_at=NOW - 20 * MINUTE), *NODES[1:])),
        cluster(*rejected(6), pods=tuple(pod(f"ok-{n}", node="gpu-0", age=HOUR) for n in range(200))),
    ],
    ids=["few", "one workload", "everywhere", "evicted", "not ready", "new", "most are well"],
)
def test_what_only_looks_like_it_is_silent(seen: Snapshot) -> None:
    assert not found(seen)


def test_a_job_that_can_run_nowhere_else_proves_nothing() -> None:
    controllers = [job(f"job-{n}", namespace="nlp") for n in range(3)]
    pinned = tuple(
        pod(
            f"pinned-{n}",
            namespace="nlp",
            node="gpu-0",
            phase="Failed",
            controller=one.ref,
            node_selector={"kubernetes.io/hostname": "gpu-0"},
        )
        for n, one in enumerate(controllers)
    )
    nodes = (replace(NODES[0], labels={"kubernetes.io/hostname": "gpu-0"}), *NODES[1:])
    seen = cluster(*rejected(6), nodes=nodes, pods=(*HEALTHY, *pinned), controllers=tuple(controllers))
    assert not found(seen)
