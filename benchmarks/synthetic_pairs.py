"""Pair files of another structure than any that the model was made on, and how well it does there.

    python benchmarks/synthetic_pairs.py --to folder              # write the files
    python benchmarks/synthetic_pairs.py --to folder --evaluate   # and predict what was left out of each

Three ways in which jobs can meet: *roofline* (each resource is shared in proportion to demand once it is full), *turns*
(time slices as long as each one's kernels) and *lottery* (families get on with each other or not, and nothing tells).
Files differ in GPU types, in how many configurations and families there are, in telemetry, gaps and pairs that do not
fit together. What the generator draws is not seen by the model; noise of 2 % is added to each measurement.
"""

import argparse
import csv
import json
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np

from podlore.interference.evaluation.evaluate import report, run_all, tasks_of
from podlore.interference.pairs import Floats
from podlore.interference.read_pairs import read_pairs

NOISE = 0.02
GPU_POWER = {"A100": 1.0, "H100": 1.9, "H200": 2.1}
RESOURCES = 4
PROTOCOLS = ("leave-config-out", "three-probes")


@dataclass(frozen=True)
class Site:
    """One file: how jobs meet, on what, how many, and what is measured of them."""

    name: str
    meet: str
    gpus: tuple[str, ...]
    families: int
    batches: int
    has_telemetry: bool = False
    gaps: float = 0.0
    misfits: float = 0.0


SITES = (
    Site("roofline-telemetry", "roofline", ("A100", "H100"), 7, 2, has_telemetry=True),
    Site("roofline-gaps", "roofline", ("A100", "H100"), 6, 2, has_telemetry=True, gaps=0.3, misfits=0.15),
    Site("roofline-few", "roofline", ("H100",), 8, 1),
    Site("turns", "turns", ("A100",), 8, 2),
    Site("turns-telemetry", "turns", ("H200",), 14, 1, has_telemetry=True),
    Site("lottery", "lottery", ("A100", "H100", "H200"), 6, 2),
)


class Jobs:
    """What a site's jobs are like; drawn once, families first."""

    def __init__(self, site: Site, rng: np.random.Generator) -> None:
        n, family = site.families * site.batches, np.repeat(np.arange(site.families), site.batches)
        self.family = family
        self.batch = 2.0 ** (3 + 2 * np.tile(np.arange(site.batches), site.families))
        self.demand = np.clip(
            rng.beta(1.2, 1.6, (site.families, RESOURCES))[family] * rng.uniform(0.8, 1.2, (n, 1)), 0, 1
        )
        self.kernel = rng.lognormal(0.0, 0.8, site.families)[family] * rng.lognormal(0.0, 0.2, n)
        self.base = rng.lognormal(2.0, 1.0, site.families)[family] * self.batch**0.7
        self.scaling = rng.uniform(0.5, 1.1, site.families)[family]
        self.moods = rng.normal(0, 1, (site.families, site.families))
        self.memory = rng.uniform(0.1, 0.6, n)


def speed(site: Site, jobs: Jobs, gpu: str, a: int, b: int) -> float:
    """Return how fast a is beside b, as a share of its speed alone."""
    mine, theirs = jobs.demand[[a, b]] / GPU_POWER[gpu] ** 0.5
    if site.meet == "roofline":
        full = np.maximum(mine + theirs, 1.0)
        return float(mine.sum() / (mine * full).sum())
    if site.meet == "turns":
        duty = theirs.mean()
        return float(1 / (1 + duty * jobs.kernel[b] / jobs.kernel[a]))
    mood = jobs.moods[jobs.family[a], jobs.family[b]]
    return float(np.clip(0.7 + 0.12 * mood - 0.1 * theirs.mean(), 0.05, 1.0))


def rows(site: Site, seed: int) -> Iterator[dict[str, object]]:
    """Yield a file's rows, each unordered pair once."""
    rng = np.random.default_rng(seed)
    jobs = Jobs(site, rng)
    for gpu in site.gpus:
        alone = jobs.base * GPU_POWER[gpu] ** jobs.scaling
        told = telemetry(jobs, gpu, site.gaps, rng) if site.has_telemetry else {}
        for pair in combinations_with_replacement(range(len(alone)), 2):
            fits = jobs.memory[list(pair)].sum() < 1.0 - site.misfits * 2
            row: dict[str, object] = {"gpu_type": gpu, "feasible": int(fits)}
            for side, own, other in (("a", *pair), ("b", *pair[::-1])):
                kept = min(speed(site, jobs, gpu, own, other) * (1 + NOISE * rng.standard_normal()), 1.0)
                row |= {f"job_{side}": f"family-{jobs.family[own]}", f"batch_{side}": jobs.batch[own]}
                row |= {f"isolated_{side}": alone[own], f"colocated_{side}": alone[own] * max(kept, 0.01) * fits}
                row |= {f"{name}_{side}": values[own] for name, values in told.items()}
            yield row


def telemetry(jobs: Jobs, gpu: str, gaps: float, rng: np.random.Generator) -> dict[str, list[float | str]]:
    """Return what a sampler would say of each job alone: two of the resources, noisy, some of it missing."""
    found: dict[str, list[float | str]] = {}
    for place, name in enumerate(("sm_active", "dram_active")):
        values: Floats = jobs.demand[:, place] / GPU_POWER[gpu] ** 0.5 + rng.normal(0, 0.03, len(jobs.demand))
        found[name] = ["" if rng.random() < gaps else float(value) for value in values]
    return found


def write(site: Site, folder: Path, seed: int) -> Path:
    """Write one file."""
    made = list(rows(site, seed))
    path = folder / f"{site.name}-{seed}.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(made[0]))
        writer.writeheader()
        writer.writerows(made)
    return path


def evaluated(path: Path) -> Iterator[dict[str, object]]:
    """Yield how the model does on a file, beside the best baseline."""
    pairs, used = read_pairs(path), cpu_seconds()
    with ProcessPoolExecutor(1) as executor:
        found = report(pairs, run_all(pairs, tasks_of(pairs, PROTOCOLS, 0), 0, executor), 0)
    for name, protocol in found["protocols"].items():
        ours, best = protocol["models"]["podlore"], protocol["best_baseline"]
        yield {
            "file": path.stem, "protocol": name, "co_runs": len(pairs),
            "mae": ours["mae"], "spearman": ours["spearman"],
            "best_baseline": best, "its_mae": protocol["models"][best]["mae"], "coverage": ours["coverage"],
            "width": ours["interval_width"], "flagged": protocol["out_of_distribution"]["flagged_share"],
            "cpu_seconds": round(cpu_seconds() - used, 1),
        }  # fmt: skip


def cpu_seconds() -> float:
    """Return what this process and those it waited for have used."""
    return sum(os.times()[:4])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--seed", type=int, nargs="+", default=[0])
    parser.add_argument("--only", default="", help="sites whose names begin so")
    parser.add_argument("--evaluate", action="store_true")
    options = parser.parse_args()
    options.to.mkdir(parents=True, exist_ok=True)
    for seed in options.seed:
        for site in (one for one in SITES if one.name.startswith(options.only)):
            path = write(site, options.to, seed)
            for line in evaluated(path) if options.evaluate else ():
                print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
