"""One cell of an experiment, anywhere: a `Cell` in, its metrics and series as plain numbers out, the same each time."""

import re
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from podlore.errors import BadInput
from podlore.impact.accessibility import jain
from podlore.impact.queueing import completions
from podlore.impact.record import RunRecord
from podlore.impact.report import by_group, metrics, rates_of
from podlore.impact.utilization import HOUR_SECONDS
from podlore.simulate.experiment.plan import Cell
from podlore.simulate.placement.ladder import Rung, climb
from podlore.simulate.placement.orders import shuffled_arrivals
from podlore.simulate.placement.policies import load_policy as load_placement
from podlore.simulate.placement.study import prepare
from podlore.simulate.queueing.advised import Advised
from podlore.simulate.queueing.event_study import EventStudy
from podlore.simulate.queueing.fixed_job import FixedJob
from podlore.simulate.queueing.generated import generated, of_trace
from podlore.simulate.queueing.ordered import Ordered
from podlore.simulate.queueing.study import QueueingPolicy, load_policy
from podlore.traces.job import Trace
from podlore.traces.read_trace import read_nodes, read_trace

NAME = re.compile(r"(?:(Advised|Static|Placebo)\()?(\w+)\)?$")
RUNG = {None: "policy", "Static": "static", "Advised": "learned", "Placebo": "placebo"}
PROFILED = ("Optimus", "Pollux")
BINS = 96


def check_policy(kind: str, name: str) -> None:
    """Refuse a policy that is not installed, or that cannot be advised."""
    wrap, base = _parts(name)
    if kind == "placement":
        load_placement(base)
        return
    policy = load_policy(base)
    if wrap not in (None, "Advised") or (wrap and not isinstance(policy, Ordered)):
        raise BadInput(f"{name}: queueing knows Advised(X), for policies that serve jobs in an order")
    if base in PROFILED:
        raise BadInput(f"{name} needs measured profiles: podlore simulate queueing --policy {base}")


def run_cell(cell: Cell) -> dict[str, Any]:
    """Return the cell with its metrics, groups and series."""
    found = _placement(cell) if cell.kind == "placement" else _queueing(cell)
    shown = asdict(cell) | {"trace": Path(cell.trace).stem, "cluster": _cluster_name(cell)}
    return {"key": cell.key, **shown, **found}


def _parts(name: str) -> tuple[str | None, str]:
    if not (match := NAME.match(name)):
        raise BadInput(f"no policy {name!r}; a name, or Advised(name)")
    return match[1], match[2]


def _cluster_name(cell: Cell) -> str:
    nodes = cell.cluster["nodes"]
    return Path(nodes).stem if isinstance(nodes, str) else f"{nodes}x{cell.cluster['gpus_per_node']}"


@lru_cache(maxsize=4)
def _trace(path: str) -> Trace:
    return read_trace(Path(path))


def _queueing(cell: Cell) -> dict[str, Any]:
    wrap, base = _parts(cell.policy)
    policy: QueueingPolicy = load_policy(base)
    if wrap and isinstance(policy, Ordered):
        policy = Advised(policy)
    nodes, gpus = cell.cluster["nodes"], cell.cluster["gpus_per_node"]
    run = EventStudy(_jobs(cell, nodes * gpus), policy, nodes, gpus, seed=cell.seed).run()
    return {
        "metrics": metrics(run, rates_of(cell.rates)),
        "groups": by_group(run),
        "series": {"completion_seconds": _quantiles(completions(run.jobs)), "allocated_percent": _held(run)},
    }


def _jobs(cell: Cell, gpus: int) -> list[FixedJob]:
    if cell.trace in ("generated", "uniform"):
        return generated(cell.seed, jobs=cell.jobs, gpus=gpus, load=cell.load, is_uniform=cell.trace == "uniform")
    trace = _trace(cell.trace)
    first = int(np.random.default_rng(cell.seed).integers(max(len(trace.jobs) - cell.jobs, 1)))
    jobs = of_trace(trace.jobs, gpus_max=gpus, first=first, count=cell.jobs)
    _scale(jobs, gpus, cell.load)
    return jobs


def _scale(jobs: list[FixedJob], gpus: int, load: float) -> None:
    """Stretch the times of submission so that the demand is ``load`` times the GPUs."""
    span = max(job.submitted_at for job in jobs) or 1
    wanted = sum(job.replicas * job.duration_seconds for job in jobs) / (load * gpus)
    for job in jobs:
        job.submitted_at = int(job.submitted_at * wanted / span)


def _placement(cell: Cell) -> dict[str, Any]:
    wrap, base = _parts(cell.policy)
    nodes = list(read_nodes(Path(cell.cluster["nodes"])))
    pods = _trace(cell.trace).jobs
    gpus = sum(node.gpus for node in nodes)
    order = np.random.default_rng(cell.seed).permutation(len(nodes))
    arrivals = shuffled_arrivals(pods, gpus, int(cell.load), cell.seed)
    ready = prepare([nodes[i] for i in order], pods, arrivals)
    (rung,) = climb(ready, load_placement(base), seed=cell.seed, rungs=(RUNG[wrap],))
    return {"metrics": _placed(rung, gpus, cell), "groups": {"failed pods": dict(rung.failed)}, "series": _course(rung)}


def _placed(rung: Rung, gpus: int, cell: Cell) -> dict[str, float]:
    """Return metrics at 100 % arrived; money and energy are those of an hour in that state."""
    rates = rates_of(cell.rates)
    run = RunRecord((), {"": float(gpus)}, 0.0, HOUR_SECONDS, held=((0.0, gpus * rung.at_100 / 100),))
    kept = {"allocated_percent", "idle_gpu_hours", "usd", "idle_usd", "kilowatt_hours", "energy_usd", "kilograms_co2"}
    hour = {f"{name}_hour": value for name, value in metrics(run, rates).items() if name in kept}
    return {
        "allocation_percent_100": rung.at_100,
        "allocation_percent_130": rung.at_130,
        "fragmentation_percent_100": dict(rung.course).get(100, (0.0, 0.0))[1],
        "pods_failed": float(sum(rung.failed.values())),
        "cpu_only_failed": float(rung.failed["cpu only"]),
        "jain_size_classes": jain([1 + count for count in rung.failed.values()]),
        **hour,
    }


def _course(rung: Rung) -> dict[str, list[float]]:
    return {
        "allocation_percent": [round(pair[0], 4) for _, pair in rung.course],
        "fragmentation_percent": [round(pair[1], 4) for _, pair in rung.course],
    }


def _quantiles(values: list[float]) -> list[float]:
    return [round(float(value), 3) for value in np.quantile(values, np.linspace(0, 1, 101))] if values else []


def _held(run: RunRecord) -> list[float]:
    """Return the percentage of GPUs held, sampled at even times."""
    times = np.array([at for at, _ in run.held])
    gpus = np.array([held for _, held in run.held])
    at = np.linspace(run.begins_at, run.ends_at, BINS, endpoint=False)
    index = np.searchsorted(times, at, side="right") - 1
    return [round(float(value), 3) for value in np.where(index >= 0, gpus[index], 0.0) * 100 / run.gpus]
