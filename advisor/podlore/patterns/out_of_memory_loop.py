"""OutOfMemoryLoop: at least 2 out-of-memory kills of one container in 6 hours.

Only what the kernel did counts (reason OOMKilled). A CUDA error that the program caught, an eviction and a plain exit
137 do not, and neither does one kill.
"""

from collections.abc import Iterator

from podlore.patterns import stake, steady
from podlore.patterns.failing import Streak, gpus_held, is_out_of_memory, is_over, streaks
from podlore.patterns.found import found
from podlore.view import ClusterView
from podlore.vocabulary import Evidence, EvidenceSource, Finding, Pattern, Workload

ESTIMATED_SURER = 0.8
EVIDENCE_MAX = 3
GIB = 2**30


def out_of_memory_loop(view: ClusterView) -> Iterator[Finding]:
    """Yield the workloads whose containers are killed for their memory again and again."""
    limits = view.policy.thresholds.out_of_memory_loop
    if not limits.enabled:
        return
    for workload in view.workloads:
        if is_over(view, workload):
            continue
        killed = streaks(view, workload, limits.window_seconds, is_out_of_memory)
        killed = tuple(streak for streak in killed if streak.count >= limits.kills_min and streak.pods)
        if killed:
            yield _finding(view, workload, killed)


def _finding(view: ClusterView, workload: Workload, killed: tuple[Streak, ...]) -> Finding:
    limits = view.policy.thresholds.out_of_memory_loop
    first_at = min(streak.first_at for streak in killed)
    often = f"at least {limits.kills_min} times within {steady.span(limits.window_seconds)}"
    return found(
        Pattern.OUT_OF_MEMORY_LOOP,
        "MemoryLimit",
        workload.ref,
        f"{workload.ref} does not fit into its memory: container {killed[0].container} was killed for it {often}.",
        [_evidence(view, workload, streak) for streak in killed[:EVIDENCE_MAX]],
        gpus=gpus_held(pod for streak in killed for pod in streak.pods),
        hours=stake.expected_hours(view.now - first_at, stake.rest_seconds(workload, view.now)),
        surer=ESTIMATED_SURER if all(streak.estimated for streak in killed) else 1.0,
        since=first_at,
    )


def _evidence(view: ClusterView, workload: Workload, streak: Streak) -> Evidence:
    limits = view.policy.thresholds.out_of_memory_loop
    return Evidence(
        source=EvidenceSource.OBJECT,
        reference=f"Pod {workload.ref.namespace}/{streak.slot}, container {streak.container}",
        observed=f"at least {limits.kills_min} kills with reason OOMKilled{_limit(streak)}",
        threshold=f"{limits.kills_min} kills in {steady.span(limits.window_seconds)}",
        window_seconds=limits.window_seconds,
    )


def _limit(streak: Streak) -> str:
    found_bytes = [c.memory_limit_bytes for pod in streak.pods for c in pod.containers if c.name == streak.container]
    largest = max(found_bytes, default=0)
    return f", memory limit {largest / GIB:.3g} GiB" if largest else ""
