"""``podlore interference``: measure the co-run model, and see who slows whom in a cluster."""

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from podlore.interference.evaluation.evaluate import Report
    from podlore.interference.pairs import Pairs
    from podlore.view import ClusterView

app = typer.Typer(help="Who slows whom, and how well that can be told.", no_args_is_help=True, add_completion=False)


class Output(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


@app.callback()
def interference() -> None:
    """Who slows whom, and how well that can be told."""


@app.command()
def evaluate(
    pairs: Annotated[Path, typer.Option(help="CSV of co-located pairs; see docs/interference.md for its columns.")],
    protocol: Annotated[list[str] | None, typer.Option(help="Only these; by default all.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of folds, probes and mixes.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Folds run at the same time.")] = os.cpu_count() or 1,
    dask: Annotated[str, typer.Option(help="Address of a Dask scheduler to spread folds on instead.")] = "",
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print it.")] = Output.TABLE,
) -> None:
    """Measure predicted slowdowns on measured pairs: errors, intervals and what a pairing by them earns.

    Protocols: random-pairs, leave-config-out, leave-family-out, three-probes, leave-gpu-out, leave-gpu-out-10-percent,
    pairing. Rows that cannot be true are left out and listed.

    [bold]Examples[/]

    podlore interference evaluate --pairs gavel_pairs.csv

    podlore interference evaluate --pairs mine.csv --protocol leave-config-out --output json
    """
    from podlore.interference.evaluation.evaluate import PAIRING, tasks_of
    from podlore.interference.evaluation.splits import PROTOCOLS
    from podlore.interference.read_pairs import read_pairs

    found = read_pairs(pairs)
    chosen = [name for name in (*PROTOCOLS, PAIRING) if name in protocol] if protocol else [*PROTOCOLS, PAIRING]
    tasks_of(found, protocol or [], seed)  # names an unknown one
    measured = _run(found, chosen, seed, jobs, dask)
    if output is Output.TABLE:
        typer.echo(_table(measured))
    elif output is Output.JSON:
        typer.echo(json.dumps(measured, indent=2))
    else:
        import yaml

        typer.echo(yaml.safe_dump(measured, sort_keys=False).rstrip("\n"))


def _run(pairs: "Pairs", protocols: list[str], seed: int, jobs: int, dask: str) -> "Report":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from podlore.classify.evaluation.protocol import executor_of
    from podlore.interference.evaluation.evaluate import report, run_all, skipped, tasks_of

    tasks = tasks_of(pairs, protocols, seed)
    columns = (TextColumn("predicting what was left out"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with executor_of(jobs, dask) as executor, Progress(*columns, console=Console(stderr=True)) as progress:
        results = list(progress.track(run_all(pairs, tasks, seed, executor), total=len(tasks)))
    return {**report(pairs, results, seed), "skipped": dict(skipped(pairs, protocols, tasks))}


def _table(measured: "Report") -> str:
    facts = measured["pairs"]
    lines = [
        f"{facts['rows']} rows, {facts['co_runs']} co-runs of {facts['configurations']} configurations on "
        f"{', '.join(facts['gpu_types'])}; {facts['infeasible']} do not fit together, "
        f"{facts['rows_with_problems']} rows with problems"
    ]
    lines += [f"  row {one['row']}, column {one['column']}: {one['reason']}" for one in facts["problems"][:10]]
    if measured["protocols"]:
        lines += ["", "PROTOCOL                  MODEL      MAE    [95 %]         R2     RHO    COVER  WIDTH  SCORE"]
        for name, protocol in measured["protocols"].items():
            lines += [_score_line(name, model, row) for model, row in protocol["models"].items()]
            lines.append(_difference_line(protocol))
    if measured["pairing"]:
        lines += ["", "PAIRING       MODEL      PER GPU  SHARE OF THE ORACLE'S GAIN [95 %]"]
        for kind, found in measured["pairing"].items():
            lines += [_pairing_line(kind, model, row) for model, row in found["models"].items()]
            lines.append(
                f"  random {found['random_throughput_per_gpu']:.3f}, oracle {found['oracle_throughput_per_gpu']:.3f}"
            )
    lines += [f"{protocol} was skipped: {reason}" for protocol, reason in measured["skipped"].items()]
    return "\n".join(lines)


def _score_line(protocol: str, model: str, row: dict[str, Any]) -> str:
    low, high = row["mae_interval"]
    return (
        f"{protocol:25} {model:9} {row['mae']:.4f} [{low:.3f}, {high:.3f}] {row['r2']:6.3f} {row['spearman']:6.3f} "
        f"{row['coverage']:6.3f} {row['interval_width']:6.3f} {row['interval_score']:6.3f}"
    )


def _difference_line(protocol: dict[str, Any]) -> str:
    less, strange = protocol["mae_less_than_best_baseline"], protocol["out_of_distribution"]
    return (
        f"  less than {protocol['best_baseline']} by {less['estimate']:.4f} [{less['low']:.4f}, {less['high']:.4f}]; "
        f"flagged as out of distribution: {100 * strange['flagged_share']:.0f} %"
    )


def _pairing_line(kind: str, model: str, row: dict[str, Any]) -> str:
    low, high = row["share_of_oracle_gain_interval"]
    return (
        f"{kind:13} {model:9} {row['throughput_per_gpu']:8.3f}  "
        f"{100 * row['share_of_oracle_gain']:5.1f} % [{100 * low:.1f}, {100 * high:.1f}]"
    )


@app.command()
def graph(
    snapshot: Annotated[Path, typer.Option(help="Folder that `podlore snapshot` wrote.")],
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print it.")] = Output.TABLE,
) -> None:
    """Show who was seen to slow whom, on which resource, in which groups, and who should move away from whom.

    Example: podlore interference graph --snapshot ./monday --output json
    """
    from podlore import snapshot_folder
    from podlore.view import ClusterView

    found = _observed(ClusterView(snapshot_folder.read(snapshot)))
    if output is Output.JSON:
        typer.echo(json.dumps(found, indent=2))
    elif output is Output.YAML:
        import yaml

        typer.echo(yaml.safe_dump(found, sort_keys=False).rstrip("\n"))
    else:
        typer.echo(_graph_table(found))


def _observed(view: "ClusterView") -> dict[str, Any]:
    from podlore.interference.graph import Slowdown, communities, interference_graph, roles, separating_move
    from podlore.interference.observed import observed

    edges = observed(view)
    made = interference_graph(
        Slowdown(str(edge.aggressor), str(edge.victim), edge.effect.loss, edge.effect.low, edge.effect.high,
                 edge.meeting.resource.value) for edge in edges
    )  # fmt: skip
    together: dict[str, set[str]] = {}
    for edge in edges:
        together.setdefault(edge.node, set()).update((str(edge.aggressor), str(edge.victim)))
    return {
        "slowdowns": [
            {
                "aggressor": str(edge.aggressor),
                "victim": str(edge.victim),
                "node": edge.node,
                "loss": round(edge.effect.loss, 4),
                "interval": [round(edge.effect.low, 4), round(edge.effect.high, 4)],
                "resource": edge.meeting.resource.value,
                "because": edge.meeting.because,
                "changes_of_company": edge.effect.changes,
                "steps": edge.effect.steps,
                "steps_left_out": edge.effect.steps_left_out,
            }
            for edge in edges
        ],
        "groups": [list(group) for group in communities(made)],
        "roles": [
            {"workload": str(role.name), "inflicted": round(role.inflicted, 4), "suffered": round(role.suffered, 4)}
            for role in roles(made)
        ],
        "moves": [
            {"node": node, "away": [str(name) for name in separating_move(made, sorted(members))]}
            for node, members in sorted(together.items())
        ],
    }


def _graph_table(found: dict[str, Any]) -> str:
    if not found["slowdowns"]:
        return "Nobody was seen to slow anybody."
    lines = [
        "AGGRESSOR                      VICTIM                         NODE             LOSS   [90 %]        MEET ON"
    ]
    for one in found["slowdowns"]:
        low, high = one["interval"]
        names = (one["aggressor"][:30].ljust(30), one["victim"][:30].ljust(30), one["node"][:16].ljust(16))
        lines.append(f"{' '.join(names)} {100 * one['loss']:4.0f} % [{low:.2f}, {high:.2f}] {one['resource']}")
    lines += [f"move off {move['node']}: {', '.join(move['away'])}" for move in found["moves"]]
    return "\n".join("".join(letter if letter.isprintable() else "?" for letter in line) for line in lines)
