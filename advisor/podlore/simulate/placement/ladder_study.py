"""The ladder over lists and seeds: paths come in, each list's rungs and their differences over lists leave."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from podlore.errors import BadInput
from podlore.impact.significance import bootstrap_interval, minimum_detectable_effect, paired_permutation, wilcoxon
from podlore.simulate.placement.ladder import CLASSES, RUNGS, Rung, climb
from podlore.simulate.placement.orders import in_tie_order, read_order, shuffled_arrivals
from podlore.simulate.placement.policies import load_policy
from podlore.simulate.placement.score_advice import terms_of
from podlore.simulate.placement.study import Ready, prepare
from podlore.simulate.placement.upper_bounds import linear_bound, repacked
from podlore.traces.job import NodeShape
from podlore.traces.read_trace import read_nodes, read_trace

Row = dict[str, Any]

PUBLISHED = "openb_pod_list_default"
STEPS = (("static", "policy"), ("learned", "static"), ("learned", "policy"), ("placebo", "static"))


def ladder_rows(
    nodes: Path, pods: Sequence[Path], policy: str, seeds: Sequence[int], orders: Path | None
) -> Iterator[Row]:
    """Yield each list's and seed's rungs and bounds, as they are done."""
    shapes = read_nodes(nodes)
    chosen = load_policy(policy)
    for path in pods:
        for seed in seeds:
            ready = ready_study(shapes, path, seed, orders)
            rungs = {rung.name: rung for rung in climb(ready, chosen, seed=seed)}
            shown = {name: _shown(rung, rungs["policy"]) for name, rung in rungs.items()}
            bounds = {"linear": round(linear_bound(ready, 100), 3), "repacked": round(repacked(ready, 100), 3)}
            yield {"list": path.stem, "seed": seed, "rungs": shown, "bounds": bounds}


def headroom(rows: Sequence[Row]) -> dict[str, float]:
    """Return which share of the room up to a bound the learned rung closes at 100 % arrived, all lists alike."""
    closed = {}
    for bound in ("linear", "repacked"):
        gained = sum(row["rungs"]["learned"]["at_100"] - row["rungs"]["policy"]["at_100"] for row in rows)
        room = sum(row["bounds"][bound] - row["rungs"]["policy"]["at_100"] for row in rows)
        closed[bound] = round(gained / room, 3) if room > 0 else 0.0
    return closed


def steps(rows: Sequence[Row]) -> list[dict[str, Any]]:
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


def ready_study(nodes: Sequence[NodeShape], path: Path, seed: int, orders: Path | None) -> Ready:
    """Return a list in the order of a seed: the published one where it is at hand, else shuffled."""
    pods = read_trace(path).jobs
    permutation = np.random.default_rng(seed).permutation(len(nodes))
    ranked = [nodes[index] for index in permutation]
    if orders is None or path.stem != PUBLISHED:
        return prepare(ranked, pods, shuffled_arrivals(pods, sum(node.gpus for node in nodes), 130, seed))
    arrivals, ties = (orders / name for name in (f"default_seed{seed}.pods.txt.gz", f"seed{seed}.nodeperm.txt.gz"))
    if not arrivals.is_file():
        raise BadInput(f"{orders} has no order of seed {seed}")
    return prepare(in_tie_order(nodes, read_order(ties, nodes)), pods, read_order(arrivals, pods))


def _shown(rung: Rung, policy: Rung) -> dict[str, Any]:
    return {
        "at_100": round(rung.at_100, 3),
        "at_130": round(rung.at_130, 3),
        "failed": dict(rung.failed),
        "more_failed": {kind: rung.failed[kind] - n for kind, n in policy.failed.items() if rung.failed[kind] > n},
        "advice": [terms_of(advice)._asdict() for advice in rung.advice],
    }


def more_failures(rows: Sequence[Row]) -> dict[str, int]:
    """Return how many more pods than under the policy failed with learned terms, by size class, all rows together."""
    return {
        kind: sum(row["rungs"]["learned"]["failed"][kind] - row["rungs"]["policy"]["failed"][kind] for row in rows)
        for kind in CLASSES
    }


HEAD = (
    "LIST         SEED"
    + "".join(f"{name:>15}" for name in RUNGS)
    + "  LINEAR  REPACKED  MORE FAIL THAN UNDER THE POLICY"
)


def as_line(row: Row) -> str:
    """Return one list and seed: each rung at 100 % and 130 % arrived, bounds at 100 %, what fails more if advised."""
    values = "".join(f"{rung['at_100']:8.2f} {rung['at_130']:6.2f}" for rung in row["rungs"].values())
    more = ", ".join(f"{kind} +{n}" for kind, n in row["rungs"]["learned"]["more_failed"].items())
    return (
        f"{row['list'].removeprefix('openb_pod_list_'):12} {row['seed']:4}{values}"
        f"{row['bounds']['linear']:8.2f}{row['bounds']['repacked']:10.2f}  {more or '-'}"
    )


def as_summary(rows: Sequence[Row]) -> str:
    """Return the steps between rungs, the share of the room that is closed, and failures by size class."""
    lines = ["STEP                  AT   POINTS  95 % FROM      TO  LISTS  P (PERMUTATION)"]
    lines += [
        f"{s['step']:19} {s['at']:4}  {s['mean']:+7.3f}    {s['low']:+7.3f} {s['high']:+7.3f}  {s['lists']:5}  "
        f"{s['p_permutation']:15.4f}"
        for s in steps(rows)
    ]
    share = headroom(rows)
    failures = ", ".join(f"{kind} {n:+d}" for kind, n in more_failures(rows).items() if n)
    lines.append(f"Learned closes {share['linear']:.0%} of the room up to the linear program's bound, "
                 f"{share['repacked']:.0%} of that up to offline repacking.")  # fmt: skip
    lines.append(f"Pods that fail, learned minus policy, all lists: {failures or 'none'}.")
    return "\n".join(lines)
