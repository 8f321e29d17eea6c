"""A trace comes in, a page of four plots leaves: arrivals, sizes, running times and waits. For ``trace describe``."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from podlore.errors import BadInput
from podlore.traces.job import Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HOUR_SECONDS = 3600
BINS = 100


def plot_trace(trace: Trace, path: Path) -> None:
    """Write the plots as PNG, SVG or PDF, by the file's name.

    Raises
    ------
    BadInput
        If the trace has no jobs, or the file cannot be written.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415

    if not trace.jobs:
        raise BadInput(f"{trace.name} has no jobs to plot")
    figure = Figure(figsize=(11, 7), layout="constrained")
    (arrivals, sizes), (runs, waits) = figure.subplots(2, 2)
    submitted = [job.submit_seconds / HOUR_SECONDS for job in trace.jobs if job.submit_seconds is not None]
    arrivals.hist(submitted, bins=BINS)
    arrivals.set(title="arrivals", xlabel="hours since the trace began", ylabel="jobs")
    counts = sorted(Counter(round(job.gpu_request, 3) for job in trace.jobs).items())
    sizes.plot([size for size, _ in counts], [count for _, count in counts], "o", markersize=4)
    sizes.set(title="sizes", xlabel="GPUs asked for", ylabel="jobs", yscale="log")
    _shares(runs, "running times", [job.duration_seconds for job in trace.jobs if job.duration_seconds is not None])
    _shares(waits, "waits", [job.wait_seconds for job in trace.jobs if job.wait_seconds is not None])
    figure.suptitle(f"{trace.name}: {len(trace.jobs):,} jobs ({trace.format})")
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise BadInput(f"cannot write the plots to {path}: {error}") from None


def _shares(axes: "Axes", title: str, seconds: Sequence[float]) -> None:
    """Draw which share of the jobs took at most so long; below a second counts as one."""
    ordered = np.sort(np.maximum(np.array(seconds, float), 1.0))
    axes.set(title=title if seconds else f"{title}: none known", xlabel="seconds", ylabel="share of jobs")
    if seconds:
        axes.step(ordered, np.arange(1, ordered.size + 1) / ordered.size, where="post")
        axes.set(xscale="log", ylim=(0, 1))
