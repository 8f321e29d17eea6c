"""The ladder over lists and seeds: paths come in, each list's rungs and their differences over lists leave."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from podlore.errors import BadInput
from podlore.impact.significance import bootstrap_interval, minimum_detectable_effect, paired_permutation, wilcoxon
from podlore.simulate.placement.ladder import RUNGS, Rung, climb
from podlore.simulate.placement.orders import in_tie_order, read_order, shuffled_arrivals
from podlore.simulate.placement.policies import load_policy
from podlore.simulate.placement.score_advice import terms_of
from podlore.simulate.placement.study import Ready, prepare
from podlore.traces.job import NodeShape
from podlore.traces.read_trace import read_nodes, read_trace

PUBLISHED = "openb_pod_list_default"
STEPS = (("static", "policy"), ("learned", "static"), ("learned", "policy"), ("placebo", "static"))


def run_ladder(
    nodes: Path, pods: Sequence[Path], policy: str, seeds: Sequence[int], orders: Path | None
) -> dict[str, Any]:
    """Return each list's and seed's rungs, and the differences between rungs with the list as the unit."""
    shapes = read_nodes(nodes)
    chosen = load_policy(policy)
    rows = []
    for path in pods:
        for seed in seeds:
            rungs = climb(_ready(shapes, path, seed, orders), chosen, seed=seed)
            rows.append({"list": path.stem, "seed": seed, "rungs": {rung.name: _shown(rung) for rung in rungs},
                         "fails_no_more": rungs[2].fails_no_more_than(rungs[0])})  # fmt: skip
    return {"policy": policy, "rows": rows, "steps": steps(rows)}


def steps(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each step of the ladder at 100 % and 130 % arrived, in points; seeds of a list are averaged first."""
    return [
        {"step": f"{upper} - {lower}", "at": at, **_tested([
            float(np.mean([row["rungs"][upper][f"at_{at}"] - row["rungs"][lower][f"at_{at}"]
                           for row in rows if row["list"] == name]))
            for name in dict.fromkeys(row["list"] for row in rows)
        ])}
        for upper, lower in STEPS for at in (100, 130)
    ]  # fmt: skip


def _tested(differences: list[float]) -> dict[str, Any]:
    low, high = bootstrap_interval(differences)
    smallest = minimum_detectable_effect(differences)
    return {
        "mean": round(float(np.mean(differences)), 3),
        "low": round(low, 3),
        "high": round(high, 3),
        "lists": len(differences),
        "p_permutation": paired_permutation(differences),
        "p_wilcoxon": wilcoxon(differences),
        "minimum_detectable_effect": round(smallest, 3) if np.isfinite(smallest) else None,
    }


def _ready(nodes: Sequence[NodeShape], path: Path, seed: int, orders: Path | None) -> Ready:
    pods = read_trace(path).jobs
    permutation = np.random.default_rng(seed).permutation(len(nodes))
    ranked = [nodes[index] for index in permutation]
    if orders is None or path.stem != PUBLISHED:
        return prepare(ranked, pods, shuffled_arrivals(pods, sum(node.gpus for node in nodes), 130, seed))
    arrivals, ties = (orders / name for name in (f"default_seed{seed}.pods.txt.gz", f"seed{seed}.nodeperm.txt.gz"))
    if not arrivals.is_file():
        raise BadInput(f"{orders} has no order of seed {seed}")
    return prepare(in_tie_order(nodes, read_order(ties, nodes)), pods, read_order(arrivals, pods))


def _shown(rung: Rung) -> dict[str, Any]:
    return {
        "at_100": round(rung.at_100, 3),
        "at_130": round(rung.at_130, 3),
        "failed": dict(rung.failed),
        "advice": [terms_of(advice)._asdict() for advice in rung.advice],
    }


def as_table(found: dict[str, Any]) -> str:
    """Return the ladder as text."""
    head = "LIST                        SEED" + "".join(f"{name:>16}" for name in RUNGS)
    lines = [f"{found['policy']}: allocated at 100 % / 130 % arrived", head]
    for row in found["rows"]:
        values = "".join(f"{r['at_100']:9.2f} {r['at_130']:6.2f}" for r in row["rungs"].values())
        harm = "" if row["fails_no_more"] else "  more pods of a size class fail"
        lines.append(f"{row['list'].removeprefix('openb_pod_list_'):27} {row['seed']:4}{values}{harm}")
    lines.append("STEP                  AT   POINTS  95 % FROM      TO  LISTS  P (PERMUTATION)")
    lines += [
        f"{s['step']:19} {s['at']:4}  {s['mean']:+7.3f}    {s['low']:+7.3f} {s['high']:+7.3f}  {s['lists']:5}  "
        f"{s['p_permutation']:15.4f}"
        for s in found["steps"]
    ]
    return "\n".join(lines)
