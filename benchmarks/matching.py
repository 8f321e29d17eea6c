"""How long it takes to match 2,000 workloads, and how far below its own upper bound the matching is.

python benchmarks/matching.py
python benchmarks/matching.py --pairs gavel_pairs.csv     # predicted gains of measured configurations as well
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from podlore.interference.co_run_model import CoRunModel
from podlore.interference.features import features_of
from podlore.interference.match import match
from podlore.interference.pairs import CoRuns, Floats
from podlore.interference.read_pairs import read_pairs
from podlore.interference.share import Speeds, gains


def random_gains(n: int, low: float, seed: int) -> Floats:
    table = np.random.default_rng(seed).uniform(low, 1.0, (n, n))
    return (table + table.T) / 2


def predicted_gains(n: int, path: Path, seed: int) -> Floats:
    """Return gains of workloads drawn from a file's configurations, on its first GPU type."""
    pairs = read_pairs(path)
    model = CoRunModel(features_of(pairs)).fit(pairs.runs, pairs.speed)
    size = len(pairs.configurations)
    a, b = (codes.ravel() for codes in np.indices((size, size)))
    found = model.predict(CoRuns(np.zeros_like(a), a, b))
    expected, low = (values.reshape(size, size) for values in (found.speed, found.speed - 1.645 * found.deviation))
    drawn = np.random.default_rng(seed).integers(0, size, n)
    return gains(Speeds(expected[np.ix_(drawn, drawn)], low[np.ix_(drawn, drawn)]), 0.4)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workloads", type=int, default=2000)
    parser.add_argument("--pairs", type=Path)
    options = parser.parse_args()
    n = options.workloads
    kinds = np.random.default_rng(1).integers(0, 26, n)
    tables = {
        "random": random_gains(n, 0.0, 0),
        "half of them losses": random_gains(n, -1.0, 1),
        "26 kinds": random_gains(26, -0.3, 2)[np.ix_(kinds, kinds)],
    }
    if options.pairs:
        tables["predicted"] = predicted_gains(n, options.pairs, 3)
    for name, table in tables.items():
        started, used = time.perf_counter(), time.process_time()
        found = match(table)
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - used
        below = 100 * (1 - found.gain / found.upper_bound) if found.upper_bound else 0.0
        print(
            json.dumps(
                {
                    "gains": name,
                    "workloads": n,
                    "pairs": len(found.pairs),
                    "percent_below_bound": round(below, 5),
                    "seconds": round(seconds, 3),
                    "cpu_seconds": round(cpu_seconds, 3),
                }
            )
        )


if __name__ == "__main__":
    main()
