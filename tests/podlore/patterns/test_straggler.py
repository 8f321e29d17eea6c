"""Straggler: one rank off, and the others wait for it."""

from dataclasses import replace

from podlore.patterns.straggler import straggler
from podlore.snapshot import Snapshot
from podlore.testing import activity, gang, series, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Finding

CONTROLLER, RANKS = gang(nodes=("n0", "n1", "n2", "n3"))
GOOD = [0.9] * 20


def found(*rows: object) -> list[Finding]:
    seen: Snapshot = snapshot(pods=RANKS, controllers=(CONTROLLER,), series=rows, has_metrics=True)
    return list(straggler(ClusterView(seen)))


def ranks(*now: float) -> tuple[object, ...]:
    return tuple(activity(pod, [*GOOD, *[value] * 6]) for pod, value in zip(RANKS, now, strict=True))


def test_a_busy_rank_that_the_others_wait_for_is_named() -> None:
    [finding] = found(*ranks(0.6, 0.6, 0.95, 0.6))
    assert str(finding.target) == "nlp/PyTorchJob/llm"
    assert [ref.name for ref in finding.blamed] == ["n2"]
    assert "llm-worker-2" in finding.evidence[0].reference


def test_a_slow_rank_that_nobody_waits_for_is_a_shard_or_writes_checkpoints() -> None:
    assert not found(*ranks(0.9, 0.9, 0.5, 0.9))


def test_ranks_that_do_not_agree_work_on_their_own() -> None:
    assert not found(*ranks(0.6, 0.4, 0.95, 0.7))


def test_all_slower_alike_is_no_straggler() -> None:
    assert not found(*ranks(0.6, 0.6, 0.6, 0.6))


def test_a_few_minutes_are_too_few() -> None:
    rows = tuple(activity(pod, [*GOOD, *[0.95 if n == 2 else 0.6] * 3]) for n, pod in enumerate(RANKS))
    assert not found(*rows)


def test_spinning_is_not_work() -> None:
    busy = tuple(activity(pod, [0.95] * 20 + [0.55 if n == 2 else 0.99] * 6) for n, pod in enumerate(RANKS))
    done = tuple(series("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", [0.5] * 20 + [0.3] * 6, gpu="g", pod=pod) for pod in RANKS)
    assert not found(*busy)
    assert found(*busy, *done)


def test_one_gpu_of_a_pod_can_be_the_slow_rank() -> None:
    rows = [
        activity(pod, [0.95] * 20 + [0.95 if (n, gpu) == (1, 1) else 0.6] * 6, gpu=gpu)
        for n, pod in enumerate(RANKS[:2])
        for gpu in (0, 1)
    ]
    two = replace(CONTROLLER, pods_wanted=2)
    seen = snapshot(pods=RANKS[:2], controllers=(two,), series=tuple(rows), has_metrics=True)
    [finding] = straggler(ClusterView(seen))
    assert "GPU-n1-nlp-llm-worker-1-1" in finding.evidence[0].reference


def test_a_rank_that_waits_for_its_volume_is_storages_business() -> None:
    waits = series("container_pressure_io_waiting_seconds_total", [n * 290.0 for n in range(26)], pod=RANKS[2])
    assert not found(*ranks(0.6, 0.6, 0.0, 0.6), waits)
