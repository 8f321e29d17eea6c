"""What a gang's distance costs it: a lower bound on the share of its work, from the best comparison there is.

What distance costs is a property of model and fabric, never a constant per hop. So the gang is compared

1. with itself, while it lay together (the best evidence);
2. with its twins that lie together, at the same time where they overlap, so that common phases cancel out;
3. with nothing, if there is neither: then the bound is the smaller of what a mild case was seen to lose and of the rest
   that its GPUs take beyond what is usual. GPUs that are busy cannot be waiting for each other.

A comparison that shows no loss is an answer: it is not overruled by a later, weaker one. Gangs whose ranks differ much
do not work in step, and waste nothing by being apart.

References
----------
Jeon et al., "Analysis of Large-Scale Multi-Tenant GPU Clusters", ATC 2019: a 2-GPU ResNet-50 job falls from 57.7 % to
49.6 % utilization when its GPUs are on two servers, which is 14 % of its work; ResNet-50 is among the models that
suffer least in Gavel's measurements (Narayanan et al., OSDI 2020), whose language models lose more than half.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from statistics import fmean, quantiles, variance

from podlore.patterns.runs import Run, incarnations, run_name, runs
from podlore.view import ClusterView
from podlore.vocabulary import Pod

MILD_PENALTY = 0.14
"""What ResNet-50 on two servers loses against one (ATC 2019)."""
USUAL_ACTIVITY = 0.8
"""GPUs that work this much of the time do not rest more than loading and checkpoints explain."""
STEPS_MIN = 6
"""Half an hour, below which a mean tells nothing."""
RANK_SPREAD_MAX = 0.15
"""Ranks that work in step differ by less than this."""
Z_90 = 1.645


class Basis(StrEnum):
    """What a penalty was compared with."""

    ITSELF = "with itself while it lay together"
    TWINS = "with twins that lie together"
    NOTHING = "with nothing; step times were not measured"


SURER: Mapping[Basis, float] = {Basis.ITSELF: 1.4, Basis.TWINS: 1.3, Basis.NOTHING: 1.0}
"""By how much each comparison raises the prior confidence."""


@dataclass(frozen=True, slots=True)
class Penalty:
    """A lower bound on the share (0-1) of work lost."""

    share: float
    basis: Basis


def penalty(view: ClusterView, pods: Sequence[Pod], level: str, least: int) -> Penalty:
    """Return what a gang loses at least.

    Parameters
    ----------
    pods
        The gang's, all at work.
    level
        The node label that tells domains apart.
    least
        How many of them would do.
    """
    run = runs(view).get((pods[0].namespace, run_name(pods[0].name)))
    if run is None or {pod.name for pod in pods} - set(run.activity_by_pod):
        return Penalty(_beyond_usual(_windowed_activity(view, pods)), Basis.NOTHING)
    together, apart = _divided(view, run, level, least)
    if len(apart) < STEPS_MIN or not _in_step(run):
        return Penalty(0.0, Basis.NOTHING)
    for earlier in incarnations(view, run):
        together = _divided(view, earlier, level, least)[0] | together
    if len(together) >= STEPS_MIN:
        return Penalty(_loss(list(together.values()), list(apart.values())), Basis.ITSELF)
    twins = [_divided(view, other, level, least)[0] for other in runs(view).values() if _are_twins(run, other)]
    if sum(len(steps) for steps in twins) >= STEPS_MIN:
        return Penalty(_loss(*_paired(twins, apart)), Basis.TWINS)
    return Penalty(_beyond_usual(_upper_quartile(list(apart.values()))), Basis.NOTHING)


def _are_twins(run: Run, other: Run) -> bool:
    return other.stem == run.stem and other.name != run.name


def _divided(view: ClusterView, run: Run, level: str, least: int) -> tuple[dict[int, float], dict[int, float]]:
    """Divide the complete steps of a run into those in which it lay together and those in which it was apart."""
    together: dict[int, float] = {}
    apart: dict[int, float] = {}
    for back, activity in run.complete_steps().items():
        span = view.topology.span(run.nodes_at(back), level)
        if span is not None:
            (together if span <= least else apart)[back] = activity
    return together, apart


def _paired(twins: Sequence[Mapping[int, float]], apart: Mapping[int, float]) -> tuple[list[float], list[float]]:
    """Return the twins' steps and ours: those at the same times if there are enough, else all of them."""
    common = sorted(back for back in apart if any(back in steps for steps in twins))
    if len(common) >= STEPS_MIN:
        return [fmean(steps[back] for steps in twins if back in steps) for back in common], [apart[b] for b in common]
    return [value for steps in twins for value in steps.values()], list(apart.values())


def _loss(together: list[float], apart: list[float]) -> float:
    """Return the lower end of a one-sided 95 % interval of the share that is lost."""
    gap = fmean(together) - fmean(apart)
    error = sqrt(_squared_error(together) + _squared_error(apart))
    usual = fmean(together)
    return max((gap - Z_90 * error) / usual, 0.0) if usual > 0 else 0.0


def _squared_error(values: list[float]) -> float:
    return variance(values) / len(values) if len(values) > 1 else 0.0


def _in_step(run: Run) -> bool:
    """Say whether the ranks are equally busy, over the last hour or as long as there is."""
    lately = [
        [value for value in values[-2 * STEPS_MIN :] if value is not None] for values in run.activity_by_pod.values()
    ]
    means = [fmean(values) for values in lately if values]
    return bool(means) and max(means) - min(means) <= RANK_SPREAD_MAX


def _upper_quartile(values: list[float]) -> float:
    return quantiles(values, n=4)[2]


def _windowed_activity(view: ClusterView, pods: Sequence[Pod]) -> float:
    """Return the gang's mean activity by its windows; 1 where it is not known or its ranks are not in step."""
    means = []
    for pod in pods:
        windows = view.windows.get((pod.namespace, pod.name), ())
        if not windows or any(window.coverage * window.window_seconds < STEPS_MIN * 300 for window in windows):
            return 1.0
        means.append(fmean(window.activity_mean for window in windows))
    return fmean(means) if max(means) - min(means) <= RANK_SPREAD_MAX else 1.0


def _beyond_usual(activity: float) -> float:
    return min(MILD_PENALTY, max(USUAL_ACTIVITY - activity, 0.0))
