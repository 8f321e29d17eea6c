"""Precision and recall over effect size and prevalence, beside a naive rule: ``python benchmarks/patterns_effects.py``.

Clusters are drawn from fresh seeds (``--seed``) as snapshots. Three patterns for which everybody has a rule of thumb:

* ResourceHoarding, by how long GPUs are idle, beside "mean utilization below 5 %"; among serving with rare
  requests, slow loaders and jobs between phases;
* CrashLoop, by failures within the hour, beside "restartCount > 3"; among old restarts and retries that worked;
* BlackHoleNode, by how often pods fail on the bad node, beside "5 failed pods on a node"; among bad jobs.

What an operator would act on is a positive: two hours idle, three failures and still failing, a node on which at least
half of the pods fail; smaller effects are planted too and should not be said.
"""

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from podlore.advisor import detect
from podlore.snapshot import History, Snapshot
from podlore.testing import HOUR, MINUTE, NOW, activity, gpu_window, node, pod, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Container, Failure, ObjectRef, Pod, Termination

Rng = np.random.Generator
N = 120
PREVALENCES = (0.01, 0.05, 0.3)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A cluster, what is wrong in it, and what the naive rule says is."""

    seen: Snapshot
    truth: frozenset[str]
    naive: frozenset[str]


def hoarding(rng: Rng, idle_hours: float, prevalence: float) -> Drawn:
    """Draw twelve hours, minute by minute; the window is the last two, and the naive rule's, too."""
    pods, windows, rows, truth, naive = [], [], [], set(), set()
    for n in range(N):
        one = pod(f"p{n}", node=f"gpu-{n}", gpus=1, age=rng.uniform(12, 60) * HOUR)
        minutes = rng.uniform(0, 0.004, 720)
        if rng.random() < prevalence:
            worked = 720 - int(60 * idle_hours)
            minutes[:worked] = rng.uniform(0.3, 0.95, worked)
            if idle_hours >= 2:
                truth.add(one.name)
        else:
            kind = rng.integers(0, 4)
            if kind == 0:  # serving with a request now and then
                minutes[rng.random(720) < rng.uniform(0.02, 0.3)] = rng.uniform(0.05, 0.6)
            elif kind == 1:  # a loader that starves its GPU
                minutes = rng.uniform(0.01, 0.06, 720)
            elif kind == 2:  # between phases
                minutes[: 600 + int(rng.uniform(5, 60))] = 0.8
            else:
                minutes = np.clip(rng.normal(rng.uniform(0.3, 0.95), 0.05, 720), 0, 1)
        lately = minutes[-120:]
        windows.append(replace(gpu_window(one, activity=float(lately.max())), activity_mean=float(lately.mean())))
        rows.append(activity(one, minutes.reshape(-1, 5).mean(axis=1).tolist()))
        pods.append(one)
        if lately.mean() < 0.05:
            naive.add(one.name)
    nodes = tuple(node(f"gpu-{n}") for n in range(N))
    made = {"nodes": nodes, "pods": tuple(pods), "gpu_windows": tuple(windows), "series": tuple(rows)}
    return Drawn(snapshot(**made, has_metrics=True), frozenset(truth), frozenset(naive))


def crash_loop(rng: Rng, failures: float, prevalence: float) -> Drawn:
    pods, failed, truth, naive = [], [], set(), set()
    for n in range(N):
        name, restarts = f"p{n}", 0
        container = Container("main", running_since=NOW - 5 * HOUR, ready=True)
        ends: list[float] = []
        if rng.random() < prevalence:
            ends = sorted(NOW - rng.uniform(1, 50, int(failures)) * MINUTE)
            last = Termination(1, "Error", ends[-1] - 60, ends[-1])
            container = Container("main", len(ends), waiting_reason="CrashLoopBackOff", ended_before=last)
            if failures >= 3:
                truth.add(name)
        else:
            kind = rng.integers(0, 4)
            if kind == 0:  # many restarts, days ago
                container = replace(container, restart_count=int(rng.integers(4, 40)))
            elif kind == 1:  # two failed tries, the third works
                ends = sorted(NOW - rng.uniform(35, 55, 2) * MINUTE)
                container = Container("main", 2, NOW - 30 * MINUTE, ready=True)
            elif kind == 2:  # one failure
                ends = [NOW - 20 * MINUTE]
                container = Container("main", 1, NOW - 19 * MINUTE, ready=True)
        restarts = container.restart_count
        one = pod(name, node=f"gpu-{n}", containers=(container,), age=6 * HOUR)
        ref = ObjectRef("", "Pod", "vision", name)
        failed += [Failure("vision", name, "main", ref, f"gpu-{n}", at, 1, "Error") for at in ends]
        pods.append(one)
        if restarts > 3:
            naive.add(name)
    nodes = tuple(node(f"gpu-{n}") for n in range(N))
    history = History(failures=tuple(sorted(failed, key=lambda one: one.at)))
    return Drawn(snapshot(nodes=nodes, pods=tuple(pods), history=history), frozenset(truth), frozenset(naive))


def black_hole(rng: Rng, share: float, prevalence: float) -> Drawn:
    bad = {f"gpu-{n}" for n in range(40) if rng.random() < prevalence}
    failed: list[Failure] = []
    pods: list[Pod] = []
    for n in range(600):
        home = f"gpu-{int(rng.integers(0, 40))}"
        name, ref = f"p{n}", ObjectRef("batch", "Job", "vision", f"job-{n // 3}")
        is_bad_job = n % 45 < 3  # a job that fails wherever it runs
        if rng.random() < (0.9 if is_bad_job else share if home in bad else 0.02):
            failed.append(Failure("vision", name, "main", ref, home, NOW - rng.uniform(1, 110) * MINUTE, 1, "Error"))
        else:
            pods.append(pod(name, node=home, controller=replace(ref, uid=ref.name), age=1.5 * HOUR))
    counts = {name: sum(one.node == name for one in failed) for name in {one.node for one in failed}}
    naive = {name for name, count in counts.items() if count >= 5}
    history = History(failures=tuple(sorted(failed, key=lambda one: one.at)))
    nodes = tuple(node(f"gpu-{n}", gpus=32) for n in range(40))
    seen = snapshot(nodes=nodes, pods=tuple(pods), history=history)
    return Drawn(seen, frozenset(bad if share >= 0.5 else ()), frozenset(naive))


Draw = Callable[[Rng, float, float], Drawn]
PATTERNS: dict[str, tuple[Draw, tuple[float, ...], str]] = {
    "ResourceHoarding": (hoarding, (0.5, 1.0, 1.9, 2.0, 6.0), "hours idle"),
    "CrashLoop": (crash_loop, (1, 2, 3, 5, 8), "failures"),
    "BlackHoleNode": (black_hole, (0.05, 0.2, 0.5, 0.8, 1.0), "share that fails"),
}


def told(pattern: str, seen: Snapshot) -> frozenset[str]:
    found = detect(ClusterView(seen))
    return frozenset(one.target.name for one in found if one.pattern == pattern and not one.horizon_minutes)


def rates(pairs: Iterable[tuple[frozenset[str], frozenset[str]]]) -> str:
    said = right = there = 0
    for given, truth in pairs:
        said, right, there = said + len(given), right + len(given & truth), there + len(truth)
    precision = f"{right / said:.3f}" if said else "-"
    recall = f"{right / there:.3f}" if there else "-"
    return f"{precision} {recall} ({said} said, {there} there)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--only", choices=PATTERNS, help="one pattern")
    options = parser.parse_args()
    print("pattern, effect, prevalence | podlore: precision recall | naive: precision recall")
    for pattern in [options.only] if options.only else PATTERNS:
        draw, effects, unit = PATTERNS[pattern]
        for effect in effects:
            for prevalence in PREVALENCES:
                rngs = (np.random.default_rng([options.seed, run]) for run in range(options.runs))
                drawn = [draw(rng, effect, prevalence) for rng in rngs]
                ours = rates((told(pattern, one.seen), one.truth) for one in drawn)
                naive = rates((one.naive, one.truth) for one in drawn)
                print(f"{pattern}, {effect:g} {unit}, {prevalence:g} | {ours} | {naive}", flush=True)


if __name__ == "__main__":
    main()
