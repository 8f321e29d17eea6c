"""How the episode miner does on planted truths and on nothing: ``python benchmarks/patterns_episodes.py``.

Recall is the share of logs in which the planted episode, with its types in their order, is found; a discovery in a log
without one is any episode. The bar: recall 0.95, and at most 18 discoveries in 200 logs at a level of 0.05.
"""

import argparse
import time

import numpy as np
from patterns_streams import KINDS, NULLS, null_log, planted_log

from podlore.patterns.episodes import Settings, mine

SETTINGS = Settings(window_seconds=60.0, alpha=0.05)


def discoveries(name: str, runs: int) -> int:
    return sum(len(mine(null_log(name, np.random.default_rng([1, run])), SETTINGS, rng(run))) for run in range(runs))


def recall(name: str, runs: int, times: int, length: int) -> float:
    wanted = tuple(range(KINDS, KINDS + length))
    found = 0
    for run in range(runs):
        log = planted_log(name, np.random.default_rng([2, run, length]), times=times, length=length)
        found += any(one.episode.serial and one.episode.types == wanted for one in mine(log, SETTINGS, rng(run)))
    return found / runs


def rng(run: int) -> np.random.Generator:
    return np.random.default_rng([3, run])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--planted-runs", type=int, default=40)
    options = parser.parse_args()
    for name in NULLS:
        began = time.process_time()
        count = discoveries(name, options.runs)
        seconds = time.process_time() - began
        print(f"null {name}: {count} discoveries in {options.runs} logs, {seconds / options.runs:.2f} CPU-s a log")
    for name in NULLS:
        for length, times in ((2, 40), (2, 20), (3, 40)):
            found = recall(name, options.planted_runs, times, length)
            print(f"planted in {name}: {length} types, {times} times: recall {found:.2f}", flush=True)


if __name__ == "__main__":
    main()
