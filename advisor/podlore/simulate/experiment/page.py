"""One HTML page for an experiment: its folder comes in, a page without any outside file leaves.

Plots by kind: allocation and fragmentation against arrived load; completion times as distribution, use over time;
waits by size class; what idles in money; fairness. Beside them the table of differences with intervals and tests.
"""

import base64
import html
import io
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from podlore.errors import BadInput, Unavailable

STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:1000px;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:1em 0}td,th{padding:.2em .7em;border-bottom:1px solid #ddd;text-align:right}
td:first-child,th:first-child{text-align:left}img{max-width:100%}.yes{font-weight:bold}small{color:#666}"""


def page(folder: Path) -> str:
    """Return the page of an experiment's results.

    Raises
    ------
    BadInput
        If the folder has no results.
    """
    try:
        results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        comparison = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
        cells = results["cells"]
    except (OSError, ValueError, KeyError) as error:
        raise BadInput(f"{folder} has no results: run podlore simulate EXPERIMENT.yaml first ({error})") from None
    plots = PLACEMENT if results["kind"] == "placement" else QUEUEING
    parts = [
        f"<h1>{html.escape(results['name'])}</h1><p>{len(cells)} runs. Primary metric, registered before the run: "
        f"<b>{html.escape(results['primary'])}</b>, against <b>{html.escape(results['baseline'])}</b>; the unit is "
        f"{html.escape(comparison['unit'])}.</p>",
        _primary_table(comparison),
        *(f"<h2>{title}</h2>{_image(draw, cells)}" for title, draw in plots),
        _metric_tables(comparison),
    ]
    head = f"<!doctype html><meta charset=utf-8><title>{html.escape(results['name'])}</title><style>{STYLE}</style>"
    return head + "\n".join(parts)


def _primary_table(comparison: dict[str, Any]) -> str:
    rows = [
        [
            policy,
            *(_number(found["primary"].get(name)) for name in ("mean", "low", "high", "p_permutation", "p_wilcoxon")),
            *(_number(found["primary"].get(name)) for name in ("p_holm", "cohens_d", "minimum_detectable_effect")),
        ]
        for policy, found in comparison["policies"].items()
    ]
    header = "policy,difference,95 % from,to,p permutation,p Wilcoxon,p Holm,Cohen's d,smallest effect to be found"
    return _table(header.split(","), rows)


def _metric_tables(comparison: dict[str, Any]) -> str:
    parts = [
        "<h2>All differences</h2><p><small>Described, not tested; bold: the 95 % interval leaves out 0.</small></p>"
    ]
    for policy, found in comparison["policies"].items():
        rows = [
            [name, *_interval_fields(value), *_interval_fields(found["ratios"].get(name, {}))]
            for name, value in found["differences"].items()
        ]
        clear = [not value["low"] <= 0 <= value["high"] for value in found["differences"].values()]
        header = ["metric", "difference", "95 % from", "to", "ratio", "95 % from", "to"]
        parts.append(f"<h3>{html.escape(policy)}</h3>{_table(header, rows, clear)}")
    return "".join(parts)


def _interval_fields(value: Mapping[str, float]) -> list[str]:
    return [_number(value.get(key)) for key in ("mean", "low", "high")]


def _table(header: list[str], rows: list[list[str]], is_bold: Sequence[bool] = ()) -> str:
    def line(tag: str, fields: list[str], *, bold: bool = False) -> str:
        cells = "".join(f"<{tag}>{html.escape(field)}</{tag}>" for field in fields)
        return f"<tr{' class=yes' if bold else ''}>{cells}</tr>"

    lines = [line("td", row, bold=bold) for row, bold in zip(rows, is_bold or repeat(False), strict=False)]
    return "<table>" + line("th", header) + "".join(lines) + "</table>"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.4g}"


def _image(draw: Callable[[Any, list[dict[str, Any]]], None], cells: list[dict[str, Any]]) -> str:
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError:
        raise Unavailable("reports need the extra: pip install 'podlore[report]'") from None
    figure = Figure(figsize=(9, 4), layout="constrained")
    draw(figure, cells)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110, metadata={"Software": None})
    return f'<img alt="" src="data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}">'


def _by_policy(cells: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found = defaultdict[str, list[dict[str, Any]]](list)
    for cell in cells:
        found[cell["policy"]].append(cell)
    return found


def _mean_series(cells: list[dict[str, Any]], name: str) -> np.ndarray:
    series = [cell["series"][name] for cell in cells if cell["series"].get(name)]
    shortest = min(map(len, series), default=0)
    return np.mean([values[:shortest] for values in series], axis=0) if shortest else np.zeros(0)


def _lines(name: str, x_label: str, y_label: str, *, swap: bool = False) -> Callable[[Any, list[dict[str, Any]]], None]:
    """Return what draws the mean of a series, a line a policy; ``swap`` draws quantiles as a distribution."""

    def draw(figure: Any, cells: list[dict[str, Any]]) -> None:  # noqa: ANN401  (matplotlib's figure)
        axes = figure.subplots()
        for policy, found in _by_policy(cells).items():
            values = _mean_series(found, name)
            share = np.linspace(0, 1, values.size) if swap else np.arange(values.size)
            axes.plot(*((values, share) if swap else (share, values)), label=policy)
        if swap:
            axes.set_xscale("log")
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.grid(alpha=0.3)
        axes.legend()

    return draw


def _bars(*names: str) -> Callable[[Any, list[dict[str, Any]]], None]:
    """Return what draws the mean of metrics, a group a metric and a bar a policy."""

    def draw(figure: Any, cells: list[dict[str, Any]]) -> None:  # noqa: ANN401
        for axes, name in zip(np.atleast_1d(figure.subplots(1, len(names))), names, strict=True):
            for index, (policy, found) in enumerate(_by_policy(cells).items()):
                values = [cell["metrics"][name] for cell in found if name in cell["metrics"]]
                axes.bar(index, np.mean(values) if values else 0.0, label=policy)
            axes.set_title(name, fontsize=9)
            axes.set_xticks([])
        _legend(figure, axes)

    return draw


def _groups(group: str, y_label: str) -> Callable[[Any, list[dict[str, Any]]], None]:
    def draw(figure: Any, cells: list[dict[str, Any]]) -> None:  # noqa: ANN401
        axes = figure.subplots()
        policies = _by_policy(cells)
        names = list(dict.fromkeys(name for cell in cells for name in cell["groups"].get(group, {})))
        if all(name.isdigit() for name in names):
            names.sort(key=int)
        for index, (policy, found) in enumerate(policies.items()):
            heights = [np.mean([cell["groups"][group].get(name, 0.0) for cell in found]) for name in names]
            axes.bar(
                np.arange(len(names)) + index / (len(policies) + 1), heights, 1 / (len(policies) + 1), label=policy
            )
        axes.set_xticks(np.arange(len(names)) + 0.4, names)
        axes.set_xlabel(group)
        axes.set_ylabel(y_label)
        _legend(figure, axes)

    return draw


def _waterfall(figure: Any, cells: list[dict[str, Any]]) -> None:  # noqa: ANN401
    """Draw all that is paid as a bar a policy, held and idle on top of each other, and energy beside it."""
    axes = figure.subplots()
    suffix = "_hour" if "usd_hour" in cells[0]["metrics"] else ""
    for index, found in enumerate(_by_policy(cells).values()):
        means = {
            name: float(np.mean([cell["metrics"][name + suffix] for cell in found]))
            for name in ("usd", "idle_usd", "energy_usd")
        }
        held = means["usd"] - means["idle_usd"]
        first = index == 0
        axes.bar(index, held, color="#4477aa", label="GPU-hours held" if first else None)
        axes.bar(index, means["idle_usd"], bottom=held, color="#cc6677", label="GPU-hours idle" if first else None)
        axes.bar(index, means["energy_usd"], bottom=means["usd"], color="#ddcc77", label="energy" if first else None)
    axes.set_xticks(range(len(_by_policy(cells))), list(_by_policy(cells)), rotation=20, ha="right")
    axes.set_ylabel("USD" + (" an hour" if suffix else ""))
    _legend(figure, axes)


def _legend(figure: Any, axes: Any) -> None:  # noqa: ANN401
    """Put the legend above the plot, where it hides no bar."""
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=5, fontsize=8)


Plots = tuple[tuple[str, Callable[[Any, list[dict[str, Any]]], None]], ...]

QUEUEING: Plots = (
    ("Completion times", _lines("completion_seconds", "seconds", "share of jobs", swap=True)),
    ("GPUs held over time", _lines("allocated_percent", "share of the run (1/96)", "percent of the GPUs")),
    ("Wait by size class", _groups("size class", "mean wait, seconds")),
    ("Fairness and access", _bars("jain_tenants", "gini_waits", "rho_above_1_share", "barrier_rate")),
    ("Where the money goes", _waterfall),
)
PLACEMENT: Plots = (
    (
        "Allocation against arrived load",
        _lines("allocation_percent", "arrived, percent of the GPUs", "allocated, percent"),
    ),
    ("Fragmentation against arrived load", _lines("fragmentation_percent", "arrived, percent of the GPUs", "percent")),
    ("Failed pods by size class", _groups("failed pods", "pods")),
    ("Where the money goes", _waterfall),
)
