"""Fit and check forecasts: ``python benchmarks/patterns_forecast.py --fit SCENARIOS... --check SCENARIOS...``.

Scenarios are played; at each beat every precursor is noted, and whether its pattern was found on its target within 5,
15 and 60 minutes. Weights are fitted on the first folders and checked on the others, beside persistence (what is so
now will be so: before the first finding it never is) and a linear trend (it comes when it is due, for sure).
"""

import argparse
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from podlore.advisor import advise
from podlore.cli.scenario import read_policy
from podlore.patterns.forecast import HORIZONS_MINUTES, PRECURSORS
from podlore.patterns.forecast.precursors import Precursor
from podlore.patterns.forecast.probability import features
from podlore.testing.scenario import load
from podlore.testing.scenario.play import snapshots
from podlore.view import ClusterView
from podlore.vocabulary import Pattern

PATTERNS = ("ResourceHoarding", "QueueSpiral", "Fragmentation", "OutOfMemoryLoop", "HardwareFault")
BAR = 0.8
RIDGE = 0.3
NEVER_LESS = [(None, None), (0, None), (None, None), (0, None)]
"""A longer horizon is never less likely."""


class Case(NamedTuple):
    """A precursor, a horizon, and whether its pattern came within it."""

    precursor: Precursor
    minutes: int
    came: bool
    lead_minutes: float


def cases(folders: list[Path]) -> list[Case]:
    found: list[Case] = []
    for folder in sorted({path.parent for root in folders for path in root.rglob("expected.yaml")}):
        scene = load(folder)
        first: dict[tuple[str, str], float] = {}
        seen: list[tuple[float, Precursor]] = []
        for at, snapshot in snapshots(scene, read_policy=read_policy(), step_seconds=300.0):
            for one in advise(snapshot).recommendations:
                if not one.because.horizon_minutes:
                    first.setdefault((one.because.pattern, str(one.target)), at)
            view = ClusterView(snapshot)
            seen += [(at, precursor) for look in PRECURSORS for precursor in look(view)]
        for at, precursor in seen:
            came_at = first.get((precursor.pattern, str(precursor.target)), np.inf)
            found += [
                Case(precursor, minutes, came_at <= at + 60 * minutes, (came_at - at) / 60)
                for minutes in HORIZONS_MINUTES
                if at < came_at and at + 60 * minutes <= scene.until_seconds
            ]
    return found


def fitted(given: list[Case]) -> tuple[float, ...]:
    rows = np.array([features(case.precursor, 60 * case.minutes) for case in given])
    came = np.array([case.came for case in given], dtype=float)
    prior = np.array([0.0, 1.0, 0.0, 0.0])

    def loss(weights: np.ndarray) -> float:
        score = rows @ weights
        return float((np.logaddexp(0, score) - came * score).sum() + RIDGE * ((weights - prior) ** 2).sum())

    return tuple(round(float(weight), 3) for weight in minimize(loss, prior, bounds=NEVER_LESS).x)


def chance(weights: tuple[float, ...], case: Case) -> float:
    score = float(np.dot(weights, features(case.precursor, 60 * case.minutes)))
    return 1 / (1 + np.exp(-score))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", type=Path, nargs="+", required=True)
    parser.add_argument("--check", type=Path, nargs="+", required=True)
    options = parser.parse_args()
    fit, check = _by_pattern(cases(options.fit)), _by_pattern(cases(options.check))
    weights = {pattern: fitted(fit[pattern]) for pattern in PATTERNS if fit[pattern]}
    for pattern, values in weights.items():
        print(f"    Pattern.{Pattern(pattern).name}: {values},")
    print("pattern, horizon: cases, came | precision, recall, lead at 0.8 | trend | Brier: ours, trend, base rate")
    for pattern, values in weights.items():
        for minutes in HORIZONS_MINUTES:
            _report(pattern, minutes, values, [case for case in check[pattern] if case.minutes == minutes])


def _report(pattern: str, minutes: int, weights: tuple[float, ...], given: list[Case]) -> None:
    if not given:
        print(f"{pattern}, {minutes} min: no cases")
        return
    came = np.array([case.came for case in given])
    ours = np.array([chance(weights, case) for case in given])
    trend = np.array([case.precursor.due_seconds <= 60 * minutes for case in given])
    leads = [case.lead_minutes for case, likely in zip(given, ours, strict=True) if likely >= BAR and case.came]
    brier = [
        float(((guess - came) ** 2).mean()) for guess in (ours, trend.astype(float), np.full(len(came), came.mean()))
    ]
    lead = f"{np.median(leads):.0f} min" if leads else "-"
    print(
        f"{pattern}, {minutes} min: {len(given)}, {came.sum()} | {_rates(ours >= BAR, came)}, {lead} | "
        f"{_rates(trend, came)} | {' '.join(f'{value:.3f}' for value in brier)}"
    )


def _rates(said: np.ndarray, came: np.ndarray) -> str:
    right = int((said & came).sum())
    precision = f"{right / said.sum():.2f}" if said.any() else "-"
    recall = f"{right / came.sum():.2f}" if came.any() else "-"
    return f"{precision} {recall} ({said.sum()} said)"


def _by_pattern(given: list[Case]) -> defaultdict[str, list[Case]]:
    groups: defaultdict[str, list[Case]] = defaultdict(list)
    for case in given:
        groups[case.precursor.pattern].append(case)
    return groups


if __name__ == "__main__":
    main()
