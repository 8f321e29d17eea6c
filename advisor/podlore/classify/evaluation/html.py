"""The report as one HTML page: tables with intervals, confusion as shades, reliability drawn; nothing is loaded."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from podlore.classify.evaluation.labelled import CLASSES

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;margin:.6rem 0 1.4rem}"
    "td,th{padding:.2rem .7rem;text-align:right;border-bottom:1px solid #ddd}"
    "td:first-child,th:first-child{text-align:left}h2{margin-top:2.5rem}small{color:#666}svg{margin-right:1rem}"
)
_SCORES = ("macro_f1", "accuracy", "brier", "log_loss", "ece_equal_mass", "ece_equal_width")
_SIZE, _PAD = 180, 24


def page(report: Mapping[str, Any]) -> str:
    """Return the whole page."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>podlore: event classifiers</title>",
        f"<style>{_STYLE}</style><h1>Event classifiers, measured</h1>",
        "<p>Estimates with 95 % intervals; families of near-copies, not rows, are resampled. Brier is the sum form "
        "(0-2). The row-wise tests overstate and stand here for comparison with other work.</p>",
        _facts("Data", {name: facts for name, facts in report["data"].items() if name != "quality"}),
        *(_facts(f"Quality: {name}", facts) for name, facts in report["data"].get("quality", {}).items()),
        _facts("Words that name the cause, on messages marked by hand", report["causes"]),
        _facts("Generated and real messages", report["synthetic_and_real"]),
    ]
    parts += [_imbalance(report["imbalance"])]
    parts += [_experiment(name, experiment) for name, experiment in report["experiments"].items()]
    parts += [_facts("Recipes", report["recipes"]), _facts("Libraries", report["libraries"]), "</html>"]
    return "\n".join(parts)


def _imbalance(study: Mapping[str, Any]) -> str:
    rows = (
        (way, f"{row['macro_f1']:.3f}", f"{row['accuracy']:.3f}", *(f"{row['recall'][name]:.2f}" for name in CLASSES))
        for way, row in study["by_way"].items()
    )
    shares = ", ".join(f"{name} {share:.0%}" for name, share in study["share_of_rows"].items())
    table = _table(("five folds by family", "macro F1", "accuracy", *(f"recall {name}" for name in CLASSES)), rows)
    return f"<h2>Imbalance of classes</h2><p>Rows: {escape(shares)}.</p>{table}"


def _experiment(name: str, experiment: Mapping[str, Any]) -> str:
    models = experiment["models"]
    leaky = "<p><b>This split leaks on purpose</b>: it shows how much.</p>" if name == "rows-leaky" else ""
    return "\n".join(
        (
            f"<h2>{escape(name)}</h2>{leaky}",
            _table(("model", *_SCORES), (_score_row(*item) for item in models.items())),
            _table(("F1 by class", *CLASSES), (_class_row(*item) for item in models.items())),
            *(_model(recipe, model) for recipe, model in models.items()),
            _comparisons(experiment["comparisons"]),
        )
    )


def _model(recipe: str, model: Mapping[str, Any]) -> str:
    errors = [(mode["true"], mode["called"], mode["rows"], ", ".join(mode["from"])) for mode in model["errors"]]
    return "\n".join(
        (
            f"<h3>{escape(recipe)}</h3>{_reliability(model['reliability'])}{_confusion(model['confusion'])}",
            _parts(model["parts"]),
            _table(("true", "called", "rows", "mostly from"), errors),
            *(_facts(key, model[key], "h4") for key in ("calibrators", "thresholds", "conformal") if key in model),
        )
    )


def _score_row(recipe: str, model: Mapping[str, Any]) -> Sequence[object]:
    return (recipe, *(_interval(model["scores"][name]) for name in _SCORES))


def _class_row(recipe: str, model: Mapping[str, Any]) -> Sequence[object]:
    return (recipe, *(f"{model['by_class'][name]['f1']:.3f}" for name in CLASSES))


def _parts(parts: Mapping[str, Any]) -> str:
    rows = (
        (name, part["rows"], _interval(part["macro_f1"]), _interval(part["accuracy"]), _interval(part["brier"]))
        for name, part in parts.items()
    )
    return _table(("part", "rows", "macro F1", "accuracy", "Brier"), rows)


def _comparisons(comparisons: Mapping[str, Any]) -> str:
    rows = (
        (
            name,
            *(_interval(row[metric]) for metric in ("macro_f1", "brier", "log_loss")),
            f"{row['macro_f1'].get('p_value_holm', 1):.3g}",
            f"{row['mcnemar_p']:.3g}",
            f"{row['five_by_two_p']:.3g}" if "five_by_two_p" in row else "",
        )
        for name, row in comparisons.items()
    )
    columns = ("difference", "macro F1", "Brier", "log-loss", "p (families, Holm)", "p (McNemar)", "p (5×2)")
    return _table(columns, rows)


def _interval(score: Mapping[str, float]) -> str:
    return f"{score['estimate']:.3f} [{score['low']:.3f}, {score['high']:.3f}]"


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _facts(title: str, facts: Mapping[str, Any], tag: str = "h2") -> str:
    rows = [
        (name, ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value)
        for name, value in facts.items()
    ]
    return f"<{tag}>{escape(title)}</{tag}>{_table(('', ''), rows)}"


def _confusion(counts: Sequence[Sequence[int]]) -> str:
    head = "".join(f"<th>{name[:4]}</th>" for name in CLASSES)
    rows = []
    for name, row in zip(CLASSES, counts, strict=True):
        total = max(1, sum(row))
        cells = "".join(f'<td style="background:rgba(30,90,200,{0.8 * n / total:.2f})">{n}</td>' for n in row)
        rows.append(f"<tr><td>{name}</td>{cells}</tr>")
    return f"<table><tr><th>true \\ called</th>{head}</tr>{''.join(rows)}</table>"


def _reliability(points: Sequence[Mapping[str, float]]) -> str:
    """Draw accuracy over confidence; on the diagonal a model is as right as it is sure."""
    drawn = " ".join(f"{_x(point['confidence']):.1f},{_y(point['accuracy']):.1f}" for point in points)
    dots = "".join(f'<circle cx="{_x(p["confidence"]):.1f}" cy="{_y(p["accuracy"]):.1f}" r="2.5"/>' for p in points)
    side = _SIZE + 2 * _PAD
    return (
        f'<svg width="{side}" height="{side}" fill="none" stroke="#1e5ac8" role="img" aria-label="reliability">'
        f'<rect x="{_PAD}" y="{_PAD}" width="{_SIZE}" height="{_SIZE}" stroke="#bbb"/>'
        f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" stroke="#bbb"/>'
        f'<polyline points="{drawn}"/>{dots}'
        f'<text x="{_PAD}" y="{side - 6}" font-size="11" fill="#666" stroke="none">sure and right</text></svg>'
    )


def _x(share: float) -> float:
    return _PAD + _SIZE * share


def _y(share: float) -> float:
    return _PAD + _SIZE * (1 - share)
