"""An experiment's file comes in, its cells leave; what is wrong with it is said before anything runs.

::

    name: backfill                     # and a folder of this name with the results
    kind: queueing                     # or placement
    primary: completion_seconds_mean   # registered before the run: this one decides, the others are described
    baseline: FIFO                     # every other policy is compared with it, paired by trace, cluster, seed and load
    traces: [generated]                # or paths: $PODLORE_DATA/philly/philly.csv; pod lists for placement
    clusters: [{nodes: 8, gpus_per_node: 8}]   # placement: [{nodes: node_list.csv}]
    policies: [FIFO, Advised(FIFO), Tiresias, Advised(Tiresias)]
    seeds: [1, 2, 3, 4, 5, 6, 7, 8]
    loads: [0.9]                       # of the GPUs; placement: percent that arrives
    jobs: 300                          # of a trace, from a place drawn with the seed
    rates: {usd_per_gpu_hour: {"": 2.0}, busy_watts: 300, idle_watts: 60, pue: 1.4, grams_co2_per_kwh: 400}
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from itertools import product
from json import dumps
from pathlib import Path
from typing import Any

from podlore.errors import BadInput
from podlore.impact.report import rates_of

KINDS = ("placement", "queueing")
REQUIRED = ("name", "kind", "primary", "baseline", "traces", "clusters", "policies", "seeds")
KNOWN = (*REQUIRED, "loads", "jobs", "rates")
BYTES_PER_NODE = 4_000
"""Of a placement study: arrays of the node, and its scores for some hundred shapes."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One run: everything that decides its result."""

    kind: str
    trace: str
    cluster: Mapping[str, Any]
    policy: str
    seed: int
    load: float
    jobs: int = 300
    rates: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """A name that depends on all of it."""
        return sha256(dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Plan:
    """An experiment as it was registered."""

    name: str
    kind: str
    primary: str
    baseline: str
    cells: tuple[Cell, ...]


def read_plan(path: Path) -> Plan:
    """Read and check an experiment.

    Raises
    ------
    BadInput
        If a key is missing, unknown or wrong, a file is not there, or it needs more memory than there is.
    """
    import yaml  # noqa: PLC0415

    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"cannot read the experiment {path}: {error}") from None
    if not isinstance(given, dict):
        raise BadInput(f"{path} is no experiment: it must map {', '.join(REQUIRED)}")
    _check(path, given)
    cells = tuple(_cells(path, given))
    _check_memory(path, cells)
    return Plan(str(given["name"]), given["kind"], given["primary"], given["baseline"], cells)


def _check(path: Path, given: dict[str, Any]) -> None:
    if missing := [key for key in REQUIRED if not given.get(key)]:
        raise BadInput(f"{path}: {', '.join(missing)} is missing; an experiment has {', '.join(REQUIRED)}")
    if unknown := sorted(set(given) - set(KNOWN)):
        raise BadInput(f"{path}: unknown key {', '.join(map(str, unknown))}; known: {', '.join(KNOWN)}")
    if given["kind"] not in KINDS:
        raise BadInput(f"{path}: kind {given['kind']!r}; known: {', '.join(KINDS)}")
    for key in ("traces", "clusters", "policies", "seeds"):
        if not isinstance(given[key], list):
            raise BadInput(f"{path}: {key} must be a list, not {given[key]!r}")
    if given["baseline"] not in given["policies"]:
        raise BadInput(f"{path}: the baseline {given['baseline']!r} is not among the policies")
    if bad := [seed for seed in given["seeds"] if not isinstance(seed, int) or seed < 0]:
        raise BadInput(f"{path}: seed {bad[0]!r} is no whole number from 0 on")
    try:
        rates_of(given.get("rates") or {})
    except TypeError as error:
        raise BadInput(f"{path}: rates: {error}") from None


def _cells(path: Path, given: dict[str, Any]) -> Iterator[Cell]:
    from podlore.simulate.experiment.run_cell import check_policy  # noqa: PLC0415

    for policy in given["policies"]:
        check_policy(given["kind"], policy)
    loads = given.get("loads") or ([130] if given["kind"] == "placement" else [0.9])
    if bad := [load for load in loads if not isinstance(load, int | float) or not load > 0]:
        raise BadInput(f"{path}: load {bad[0]!r} is no positive number")
    traces = [_found(path, trace) for trace in given["traces"]]
    clusters = [_cluster(path, given["kind"], cluster) for cluster in given["clusters"]]
    for trace, cluster, policy, seed, load in product(traces, clusters, given["policies"], given["seeds"], loads):
        yield Cell(
            given["kind"], trace, cluster, policy, seed, load, int(given.get("jobs", 300)), given.get("rates") or {}
        )


def _found(path: Path, trace: str) -> str:
    if trace in ("generated", "uniform"):
        return trace
    there = (path.parent / os.path.expandvars(str(trace))).resolve()
    if not there.exists():
        raise BadInput(f"{path}: no trace {trace!r}; a path beside the experiment, or generated, or uniform")
    return str(there)


def _cluster(path: Path, kind: str, cluster: dict[str, Any]) -> dict[str, Any]:
    if kind == "placement":
        if not isinstance(cluster, dict) or set(cluster) != {"nodes"}:
            raise BadInput(f"{path}: a cluster of a placement experiment is {{nodes: node_list.csv}}, not {cluster!r}")
        return {"nodes": _found(path, cluster["nodes"])}
    sizes = [cluster.get(key) if isinstance(cluster, dict) else None for key in ("nodes", "gpus_per_node")]
    if not all(isinstance(size, int) and size > 0 for size in sizes):
        raise BadInput(f"{path}: a cluster is {{nodes: 8, gpus_per_node: 8}}, not {cluster!r}")
    return cluster


def _check_memory(path: Path, cells: tuple[Cell, ...]) -> None:
    """Refuse clusters of more nodes than memory holds."""
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for cell in cells:
        nodes = cell.cluster["nodes"]
        count = nodes if isinstance(nodes, int) else Path(nodes).stat().st_size // 20
        if count * BYTES_PER_NODE > there:
            raise BadInput(f"{path}: {count:,} nodes need about {count * BYTES_PER_NODE / 2**30:.0f} GiB of memory")
