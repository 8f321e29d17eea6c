"""A plan comes in, a folder with ``results.json``, ``results.parquet`` and ``comparison.json`` leaves.

Each finished cell is kept in ``cells/``: a run that was cut off goes on where it stopped. Serial, on a local Dask
cluster or on a given one, the bytes are the same.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from podlore.errors import BadInput, Unavailable
from podlore.simulate.experiment.compare import compare
from podlore.simulate.experiment.plan import Cell, Plan
from podlore.simulate.experiment.run_cell import run_cell

Progress = Callable[[int, int], None]


def run_plan(plan: Plan, folder: Path, *, jobs: int = 1, dask: str = "", progress: Progress) -> None:
    """Run what is not there yet, then write the results."""
    try:
        (folder / "cells").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"cannot write to {folder}: {error.strerror}") from None
    missing = [cell for cell in plan.cells if not _path(folder, cell).is_file()]
    for done, (cell, result) in enumerate(_results(missing, jobs, dask), len(plan.cells) - len(missing) + 1):
        _write(_path(folder, cell), result)
        progress(done, len(plan.cells))
    results = [json.loads(_path(folder, cell).read_text(encoding="utf-8")) for cell in plan.cells]
    _write(folder / "results.json", {"name": plan.name, "kind": plan.kind, "primary": plan.primary,
                                     "baseline": plan.baseline, "cells": results})  # fmt: skip
    _write(folder / "comparison.json", compare(results, plan.baseline, plan.primary))
    _write_parquet(folder / "results.parquet", results)


def _results(cells: list[Cell], jobs: int, dask: str) -> Iterator[tuple[Cell, dict[str, Any]]]:
    if jobs <= 1 and not dask:
        yield from ((cell, run_cell(cell)) for cell in cells)
        return
    try:
        from distributed import Client, LocalCluster, as_completed  # noqa: PLC0415
    except ImportError:
        raise Unavailable("--jobs and --dask need the extra: pip install 'podlore[simulate]'") from None
    local = None if dask else LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=None)
    try:
        client = Client(dask or local)
    except OSError as error:
        raise Unavailable(f"no Dask scheduler at {dask}: {error}") from None
    with local or nullcontext(), client:
        of_future = {client.submit(run_cell, cell, pure=False): cell for cell in cells}
        for future in as_completed(list(of_future)):
            yield of_future[future], future.result()


def _path(folder: Path, cell: Cell) -> Path:
    return folder / "cells" / f"{cell.key}.json"


def _write(path: Path, value: Any) -> None:  # noqa: ANN401  (whatever JSON can hold)
    """Write whole or not at all: a cell that is there is finished."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    part.replace(path)


def _write_parquet(path: Path, results: list[dict[str, Any]]) -> None:
    try:
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError:
        raise Unavailable("Parquet needs the extra: pip install 'podlore[simulate]'") from None
    names = sorted({name for result in results for name in result["metrics"]})
    columns: dict[str, list[Any]] = {
        key: [result[key] for result in results] for key in ("trace", "cluster", "policy", "seed", "load")
    }
    columns |= {name: [result["metrics"].get(name) for result in results] for name in names}
    pq.write_table(pa.table(columns), path)
