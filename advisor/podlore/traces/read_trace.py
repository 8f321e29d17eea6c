"""A path comes in, a trace leaves, whatever its format: the header tells it, or it is a folder of podlore's tables.

Called by ``podlore trace``, by the lab's replay and by simulations. A new format is one more reader in `READERS`.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from podlore.errors import BadInput
from podlore.traces import (
    alibaba_genai,
    alibaba_spot,
    alibaba_v2020,
    alibaba_v2025,
    gavel_trace,
    jobs_table,
    nodes_table,
    openb_nodes,
    openb_pods,
    philly,
    philly_json,
    pollux_workload,
    slurm_log,
    tiresias_jobs,
)
from podlore.traces.job import NodeShape, Trace
from podlore.traces.problems import problems
from podlore.traces.table import Table, open_table
from podlore.traces.truth_tables import read_near_misses, read_planted, write_near_misses, write_planted

JOBS, NODES, PLANTED, SILENT = "jobs.csv", "nodes.csv", "planted.csv", "silent.csv"

READERS: tuple[tuple[tuple[str, ...], Callable[[Table], Trace]], ...] = (
    (openb_pods.COLUMNS, openb_pods.openb_pods),
    (openb_nodes.COLUMNS, openb_nodes.openb_nodes),
    (philly.COLUMNS, philly.philly),
    (pollux_workload.COLUMNS, pollux_workload.pollux_workload),
    (tiresias_jobs.COLUMNS, tiresias_jobs.tiresias_jobs),
    (alibaba_v2025.COLUMNS, alibaba_v2025.alibaba_v2025),
    (alibaba_spot.COLUMNS, alibaba_spot.alibaba_spot),
    (alibaba_v2020.COLUMNS, alibaba_v2020.alibaba_v2020),
    (alibaba_genai.COLUMNS, alibaba_genai.alibaba_genai),
    (slurm_log.COLUMNS, slurm_log.slurm_log),
    (("node", "cpu_milli"), nodes_table.nodes_table),
    (("name", "submit_seconds"), jobs_table.jobs_table),
)
"""Readers with the columns that give their format away; the first that matches reads."""


def read_trace(path: Path, nodes: tuple[NodeShape, ...] = ()) -> Trace:
    """Read a trace, and check it as a whole; ``nodes`` stands in for nodes that it does not bring itself.

    Raises
    ------
    BadInput
        If nothing of it can be read. Bad rows are no error: they are in ``problems``.
    """
    trace = _read_folder(path) if path.is_dir() else read_table(path)
    return replace(trace, problems=problems(trace, nodes))


def read_table(path: Path) -> Trace:
    """Read one file in any known format, without comparing its rows with each other."""
    first = _first_line(path)
    if first.startswith("["):
        return philly_json.philly_json(path)
    if gavel_trace.looks_like(first):
        return gavel_trace.gavel_trace(path)
    with open_table(path) as table:
        for columns, read in READERS:
            if set(columns) <= set(table.header):
                return read(table)
        raise BadInput(
            f"{path}: unknown format, its header is {','.join(table.header)[:200]}; "
            f"known: {'; '.join(','.join(columns[:3]) + ',...' for columns, _ in READERS)}"
        )


def _first_line(path: Path) -> str:
    """Return the begin of a file, or nothing: what is wrong with it, the readers of tables say."""
    try:
        with path.open(encoding="utf-8") as file:
            return file.readline(10_000)
    except (OSError, UnicodeDecodeError):
        return ""


def read_nodes(path: Path) -> tuple[NodeShape, ...]:
    """Read a list of nodes in openb's or podlore's format; a folder is that of a trace.

    Raises
    ------
    BadInput
        If it is no list of nodes, or if any of its rows is bad: a cluster with a hole is no cluster.
    """
    trace = read_table(path / NODES if path.is_dir() else path)
    if trace.problems:
        raise BadInput(f"{path}, {trace.problems[0]}")
    if not trace.nodes:
        raise BadInput(f"{path} is no list of nodes: it is a {trace.format}")
    return trace.nodes


def _read_folder(folder: Path) -> Trace:
    if not (folder / JOBS).is_file():
        raise BadInput(f"{folder} has no {JOBS}; a trace is such a folder, or a CSV file")
    trace = read_table(folder / JOBS)
    nodes = read_nodes(folder) if (folder / NODES).is_file() else ()
    planted, bad_planted = read_planted(folder / PLANTED) if (folder / PLANTED).is_file() else ((), ())
    near, bad_near = read_near_misses(folder / SILENT) if (folder / SILENT).is_file() else ((), ())
    return replace(
        trace,
        name=folder.resolve().name,
        nodes=nodes,
        planted=planted,
        near_misses=near,
        problems=(*trace.problems, *bad_planted, *bad_near),
    )


def write_trace(trace: Trace, folder: Path) -> None:
    """Write a trace as a folder of tables that `read_trace` reads back; a table without rows is not written.

    Raises
    ------
    BadInput
        If the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        jobs_table.write_jobs(folder / JOBS, trace.jobs)
        if trace.nodes:
            nodes_table.write_nodes(folder / NODES, trace.nodes)
        if trace.planted:
            write_planted(folder / PLANTED, trace.planted)
        if trace.near_misses:
            write_near_misses(folder / SILENT, trace.near_misses)
    except OSError as error:
        raise BadInput(f"cannot write {error.filename or folder}: {error.strerror}") from None
