"""Policies against the baseline, paired: each metric's mean difference with its interval, and tests for the primary.

The unit is what is independent: the trace on placement, where seeds only reorder one list, and the trace with the
seed on queueing, where each seed is another workload. What belongs to one unit is averaged first. Times are compared as
ratios too: geometric means, a minute added to both, so that a wait of nothing does not decide.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from podlore.impact.significance import (
    bootstrap_interval,
    cohens_d,
    holm,
    minimum_detectable_effect,
    paired_permutation,
    wilcoxon,
)

MINUTE_SECONDS = 60.0
POOL_DRAWS = 1_000
Change = Callable[[float, float], float]


def compare(results: list[dict[str, Any]], baseline: str, primary: str) -> dict[str, Any]:
    """Return, by policy and metric, difference and interval; for the primary p-values too, corrected over policies."""
    is_placement = results[0]["kind"] == "placement" and len({result["trace"] for result in results}) > 1
    unit = ("trace",) if is_placement else ("trace", "seed")
    policies = list(dict.fromkeys(result["policy"] for result in results if result["policy"] != baseline))
    differences = {policy: _changes(results, baseline, policy, unit, _difference) for policy in policies}
    ratios = {policy: _changes(results, baseline, policy, unit, _log_ratio) for policy in policies}
    tests: list[dict[str, float | None]] = [
        _tests(differences[policy][primary]) if primary in differences[policy] else {} for policy in policies
    ]
    tested = [index for index, test in enumerate(tests) if test]
    for index, adjusted in zip(tested, holm([tests[i]["p_permutation"] or 0.0 for i in tested]), strict=True):
        tests[index]["p_holm"] = adjusted
    return {
        "baseline": baseline,
        "primary": primary,
        "unit": " and ".join(unit),
        "pooled_completion_seconds_p95": {
            policy: pooled for policy in [baseline, *policies] if (pooled := _pooled(results, policy))
        },
        "policies": {
            policy: {
                "primary": tests[index],
                "differences": {name: _interval(values) for name, values in sorted(differences[policy].items())},
                "ratios": {
                    name: {key: float(np.exp(value)) for key, value in _interval(values).items() if key != "units"}
                    for name, values in sorted(ratios[policy].items())
                    if "_seconds_" in name
                },
            }
            for index, policy in enumerate(policies)
        },
    }


def _difference(value: float, base: float) -> float:
    return value - base


def _log_ratio(value: float, base: float) -> float:
    return float(np.log(max(value, 0.0) + MINUTE_SECONDS) - np.log(max(base, 0.0) + MINUTE_SECONDS))


def _pooled(results: list[dict[str, Any]], policy: str) -> dict[str, float]:
    """Return the 95th percentile over the jobs of all runs with its interval, resampling runs; from their quantiles."""
    runs = [result.get("series", {}).get("completion_seconds") for result in results if result["policy"] == policy]
    if not runs or not all(runs):
        return {}
    times = np.array(runs)
    drawn = np.random.default_rng(0).integers(len(times), size=(POOL_DRAWS, len(times)))
    low, high = np.quantile([np.percentile(times[rows], 95) for rows in drawn], [0.025, 0.975])
    return {"p95": float(np.percentile(times, 95)), "low": float(low), "high": float(high)}


def _changes(
    results: list[dict[str, Any]], baseline: str, policy: str, unit: tuple[str, ...], change: Change
) -> dict[str, list[float]]:
    """Return the paired changes by metric, one a unit."""

    def place(result: dict[str, Any]) -> tuple[Any, ...]:
        return result["trace"], result["cluster"], result["seed"], result["load"]

    base = {place(result): result["metrics"] for result in results if result["policy"] == baseline}
    by_unit: defaultdict[str, defaultdict[Any, list[float]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        if result["policy"] == policy and place(result) in base:
            for name, value in result["metrics"].items():
                if name in base[place(result)]:
                    by_unit[name][tuple(result[key] for key in unit)].append(change(value, base[place(result)][name]))
    return {name: [float(np.mean(values)) for values in units.values()] for name, units in by_unit.items()}


def _interval(values: list[float]) -> dict[str, float]:
    low, high = bootstrap_interval(values)
    return {"mean": float(np.mean(values)), "low": low, "high": high, "units": len(values)}


def _tests(values: list[float]) -> dict[str, float | None]:
    effect = cohens_d(values)
    smallest = minimum_detectable_effect(values)
    return {
        **_interval(values),
        "p_permutation": paired_permutation(values),
        "p_wilcoxon": wilcoxon(values),
        "cohens_d": effect if np.isfinite(effect) else None,
        "minimum_detectable_effect": smallest if np.isfinite(smallest) else None,
    }
