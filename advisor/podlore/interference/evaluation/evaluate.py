"""All protocols over one table of co-runs: tasks go out to workers, one report comes back.

Called by ``podlore interference evaluate``. The report is plain dictionaries, ready for JSON: per protocol and model
the scores, and per kind of pairing what it earns.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import asdict
from typing import Any

import numpy as np

from podlore.errors import BadInput
from podlore.interference.baselines import BASELINES
from podlore.interference.conformal import LEVEL, Interval
from podlore.interference.evaluation.pairing import PairingResult, PairingTask, pairing_tasks, run_pairing
from podlore.interference.evaluation.run_split import OURS, SplitResult, run_split
from podlore.interference.evaluation.scores import (
    covered,
    interval_score,
    r2,
    resampled_mean,
    resampled_ratio,
    spearman,
)
from podlore.interference.evaluation.splits import PROTOCOLS, Split
from podlore.interference.pairs import Floats, Ints, Pairs

MODELS = (*BASELINES, OURS)
PAIRING = "pairing"
DIGITS = 4
TRAIN_MIN = 10
"""Fewer co-runs teach no model anything."""

Report = dict[str, Any]
Task = Split | PairingTask
Result = SplitResult | PairingResult


def tasks_of(pairs: Pairs, protocols: Iterable[str], seed: int) -> list[Task]:
    """Return everything there is to run; a division that leaves too little to learn from is none.

    Raises
    ------
    BadInput
        Where there is no such protocol.
    """
    found: list[Task] = []
    for protocol in protocols:
        rng = np.random.default_rng(seed)
        if protocol == PAIRING:
            found += pairing_tasks(pairs, rng)
        elif protocol in PROTOCOLS:
            found += PROTOCOLS[protocol](pairs, rng)
        else:
            raise BadInput(f"no protocol {protocol!r}; there are {', '.join((*PROTOCOLS, PAIRING))}")
    return [task for task in found if len(task.train) >= TRAIN_MIN]


def skipped(pairs: Pairs, protocols: Iterable[str], tasks: Sequence[Task]) -> Mapping[str, str]:
    """Return the protocols for which there is nothing to run, with the reason."""
    there = {task.protocol if isinstance(task, Split) else PAIRING for task in tasks}
    reason = (
        f"{len(pairs)} co-runs of {len(pairs.configurations)} configurations of {len(pairs.jobs)} jobs on "
        f"{len(pairs.gpu_types)} GPU types: nothing can be left out so that {TRAIN_MIN} co-runs remain to learn from"
    )
    return {protocol: reason for protocol in protocols if protocol not in there}


def run(pairs: Pairs, task: Task, seed: int) -> Result:
    """Run one task."""
    runner: Callable[..., Result] = run_split if isinstance(task, Split) else run_pairing
    return runner(pairs, task, MODELS, seed)


def run_all(pairs: Pairs, tasks: Sequence[Task], seed: int, executor: Executor) -> Iterator[Result]:
    """Yield results as they come."""
    submitted = [executor.submit(run, pairs, task, seed) for task in tasks]
    for future in as_completed(submitted):
        yield future.result()


def report(pairs: Pairs, results: Iterable[Result], seed: int) -> Report:
    """Return scores by protocol and model; the order of the results does not matter."""
    by_protocol: defaultdict[str, list[SplitResult]] = defaultdict(list)
    by_kind: defaultdict[str, list[PairingResult]] = defaultdict(list)
    for result in results:
        if isinstance(result, SplitResult):
            by_protocol[result.split.protocol].append(result)
        else:
            by_kind[result.kind].append(result)
    found: Report = {"pairs": _facts(pairs), "nominal_coverage": LEVEL, "seed": seed, "protocols": {}, "pairing": {}}
    for protocol in PROTOCOLS:
        if protocol in by_protocol:
            ordered = sorted(by_protocol[protocol], key=lambda result: result.split.left_out)
            found["protocols"][protocol] = _protocol(pairs, ordered)
    for kind in sorted(by_kind):
        if any(len(result.configuration) for result in by_kind[kind]):
            found["pairing"][kind] = _pairing(by_kind[kind])
    return found


def _facts(pairs: Pairs) -> Report:
    return {
        "rows": pairs.n_rows,
        "rows_with_problems": len({problem.row for problem in pairs.problems}),
        "problems": [asdict(problem) for problem in pairs.problems],
        "co_runs": len(pairs),
        "infeasible": len(pairs.infeasible),
        "configurations": len(pairs.configurations),
        "jobs": list(pairs.jobs),
        "gpu_types": list(pairs.gpu_types),
    }


def _protocol(pairs: Pairs, results: list[SplitResult]) -> Report:
    rows = np.concatenate([result.split.test for result in results])
    cluster = np.concatenate([result.split.cluster for result in results])
    truth = pairs.speed[rows]
    speeds = {name: np.concatenate([result.speed[name] for result in results]) for name in MODELS}
    between = {
        name: Interval(
            np.concatenate([result.interval[name].low for result in results]),
            np.concatenate([result.interval[name].high for result in results]),
        )
        for name in MODELS
    }
    missed = {name: np.abs(truth - speeds[name]) for name in MODELS}
    best = min(BASELINES, key=lambda name: float(missed[name].mean()))
    return {
        "folds": len(results),
        "rows": len(rows),
        "models": {name: _scores(truth, speeds[name], between[name], cluster) for name in MODELS},
        "best_baseline": best,
        "mae_less_than_best_baseline": _rounded(asdict(resampled_mean(missed[best] - missed[OURS], cluster))),
        "out_of_distribution": _strange(results, missed[OURS], covered(truth, between[OURS])),
        "by_left_out": [_left_out(pairs, result) for result in results],
    }


def _scores(truth: Floats, speed: Floats, between: Interval, cluster: Ints) -> Report:
    mae = resampled_mean(np.abs(truth - speed), cluster)
    inside = resampled_mean(covered(truth, between), cluster)
    return _rounded(
        {
            "mae": mae.estimate,
            "mae_interval": [mae.low, mae.high],
            "r2": r2(truth, speed),
            "spearman": spearman(truth, speed),
            "coverage": inside.estimate,
            "coverage_interval": [inside.low, inside.high],
            "interval_width": float((between.high - between.low).mean()),
            "interval_score": float(interval_score(truth, between).mean()),
        }
    )


def _strange(results: list[SplitResult], missed: Floats, inside: Floats) -> Report:
    """Return how much would be abstained from, and what that buys."""
    flagged = np.concatenate([result.is_strange for result in results])
    return _rounded(
        {
            "flagged_share": float(flagged.mean()),
            "mae_flagged": float(missed[flagged].mean()) if flagged.any() else None,
            "mae_kept": float(missed[~flagged].mean()) if not flagged.all() else None,
            "coverage_kept": float(inside[~flagged].mean()) if not flagged.all() else None,
        }
    )


def _left_out(pairs: Pairs, result: SplitResult) -> Report:
    truth = pairs.speed[result.split.test]
    return {
        "left_out": result.split.left_out,
        "rows": len(truth),
        "mae": _rounded({name: float(np.abs(truth - result.speed[name]).mean()) for name in MODELS}),
        "coverage": round(float(covered(truth, result.interval[OURS]).mean()), DIGITS),
    }


def _pairing(results: list[PairingResult]) -> Report:
    cluster = np.concatenate([result.configuration for result in results])
    at_random = np.concatenate([result.at_random for result in results])
    at_best = np.concatenate([result.at_best for result in results])
    models = {}
    for name in MODELS:
        earned = np.concatenate([result.by_model[name] for result in results])
        share = resampled_ratio(earned - at_random, at_best - at_random, cluster)
        models[name] = {
            "throughput_per_gpu": 2 * float(earned.mean()),
            "share_of_oracle_gain": share.estimate,
            "share_of_oracle_gain_interval": [share.low, share.high],
        }
    found = {
        "jobs_paired": len(cluster),
        "random_throughput_per_gpu": 2 * float(at_random.mean()),
        "oracle_throughput_per_gpu": 2 * float(at_best.mean()),
        "models": models,
    }
    return _rounded(found)


def _rounded(found: Report) -> Report:
    return {key: _rounded_value(value) for key, value in found.items()}


def _rounded_value(value: object) -> object:
    if isinstance(value, dict):
        return _rounded(value)
    if isinstance(value, list):
        return [_rounded_value(inner) for inner in value]
    return round(value, DIGITS) if isinstance(value, float) else value
