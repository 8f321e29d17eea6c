"""Forecasts as findings: the nearest horizon at which a precursor is likely enough to have become its pattern."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from podlore.patterns.forecast.precursors import PRECURSORS, Precursor
from podlore.patterns.forecast.probability import MINUTE_SECONDS, probability
from podlore.patterns.found import found
from podlore.view import ClusterView
from podlore.vocabulary import Evidence, EvidenceSource, Finding

HORIZONS_MINUTES = (5, 15, 60)
PROBABILITY_MIN = 0.8
"""Less likely ones are not said: people act on what they are told."""
STEPS = 20
HOURS = 1.0


def forecasts(view: ClusterView, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield what will be found soon; what is found already is no forecast."""
    said = {(finding.pattern, finding.target) for finding in findings}
    for look in PRECURSORS:
        for precursor in look(view):
            if (precursor.pattern, precursor.target) in said:
                continue
            for minutes in HORIZONS_MINUTES:
                likely = probability(precursor, minutes * MINUTE_SECONDS)
                if likely >= PROBABILITY_MIN:
                    yield _finding(precursor, minutes, likely)
                    break


def _finding(precursor: Precursor, minutes: int, likely: float) -> Finding:
    share = int(likely * STEPS) / STEPS  # in steps, so that it does not change with every look
    made = found(
        precursor.pattern,
        precursor.cause,
        precursor.target,
        f"{precursor.target} {precursor.what}; {precursor.pattern} is likely within {minutes} min.",
        [
            Evidence(
                source=EvidenceSource.MODEL,
                reference=f"forecast of {precursor.pattern}",
                observed=f"{precursor.what}; {100 * share:.0f} % likely within {minutes} min",
                threshold=f"{100 * PROBABILITY_MIN:.0f} %",
            )
        ],
        gpus=precursor.gpus,
        hours=HOURS,
    )
    return replace(made, confidence=share, horizon_minutes=minutes)
