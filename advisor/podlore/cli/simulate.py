"""``podlore simulate``: what policies do with traces."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from podlore.cli.placement_studies import Nodes, Pods, ladder, migration, published, quantization, timed

if TYPE_CHECKING:
    from podlore.simulate.placement.study import PlacementResult


class ExperimentFirst(TyperGroup):
    """Takes a file as the first argument for an experiment: ``podlore simulate EXPERIMENT.yaml``."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Put the command's name before a path."""
        if args and args[0].endswith((".yaml", ".yml")) and args[0] not in self.commands:
            args = ["experiment", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=ExperimentFirst,
    no_args_is_help=True,
    add_completion=False,
    help="""Simulate policies on traces: an EXPERIMENT.yaml, or one of the studies below.

    podlore simulate backfill.yaml --jobs 2
    """,
)


@app.command()
def placement(
    nodes: Nodes,
    pods: Pods,
    order: Annotated[Path, typer.Option(help="Order of arrival, one pod a line (may be .gz).")],
    node_order: Annotated[Path, typer.Option(help="Permutation of the nodes that breaks ties (may be .gz).")],
    policy: Annotated[str, typer.Option(help="FGD, BestFit, KaiBinPacking, MostAllocated ... (any installed).")],
    seed: Annotated[int, typer.Option(help="Seed of random choices.")] = 0,
    output: Annotated[str, typer.Option(help="table or json")] = "table",
) -> None:
    """Let pods arrive one by one and place them; print allocation and fragmentation by arrived percentage.

    Example: podlore simulate placement --nodes gpu_node.csv --pods default.csv --order pods.txt.gz
    --node-order nodeperm.txt.gz --policy FGD --output json
    """
    from podlore.simulate.placement.orders import in_tie_order, read_order
    from podlore.simulate.placement.policies import load_policy
    from podlore.simulate.placement.study import run_study
    from podlore.traces.read_trace import read_nodes, read_trace

    chosen = load_policy(policy)
    shapes = read_nodes(nodes)
    jobs = read_trace(pods).jobs
    ranked = in_tie_order(shapes, read_order(node_order, shapes))
    result = run_study(ranked, jobs, read_order(order, jobs), chosen, seed=seed)
    typer.echo(_as_json(result, policy) if output == "json" else _as_table(result, policy))


def _as_json(result: "PlacementResult", policy: str) -> str:
    return json.dumps(
        {
            "policy": policy,
            "arrived_percent": result.arrived_percent.tolist(),
            "allocation_percent": [round(value, 4) for value in result.allocation_percent.tolist()],
            "fragmentation_percent": [round(value, 4) for value in result.fragmentation_percent.tolist()],
            "pods_arrived": result.nodes.size,
            "pods_dropped": result.n_dropped,
            "wall_seconds": round(result.wall_seconds, 4),
        }
    )


def _as_table(result: "PlacementResult", policy: str) -> str:
    rows = zip(result.arrived_percent, result.allocation_percent, result.fragmentation_percent, strict=True)
    lines = [f"{policy}: {result.nodes.size} pods arrived, {result.n_dropped} dropped, {result.wall_seconds:.2f} s"]
    lines.append("ARRIVED %  ALLOCATED %  FRAGMENTED %")
    lines += [f"{arrived:9d}  {used:11.2f}  {lost:12.2f}" for arrived, used, lost in rows if arrived % 10 == 0]
    return "\n".join(lines)


@app.command()
def queueing(
    workload: Annotated[Path, typer.Option(help="CSV: name,time,application,num_replicas,batch_size.")],
    profiles: Annotated[Path, typer.Option(help="Folder with a measured profile per application.")],
    policy: Annotated[
        str, typer.Option(help="FIFO, SJF, SRTF, Tiresias, Gittins, Optimus, Pollux ... (any installed).")
    ],
    nodes: Annotated[int, typer.Option(help="Nodes of the cluster.")] = 16,
    gpus_per_node: Annotated[int, typer.Option(help="GPUs a node.")] = 4,
    output: Annotated[str, typer.Option(help="table or json")] = "table",
) -> None:
    """Run training jobs through a queue; print when each is done.

    Example: podlore simulate queueing --workload workload-1.csv --profiles profiles/ --policy Tiresias
    """
    from podlore.simulate.queueing.study import load_policy, read_workload, run_study

    jobs = read_workload(workload, profiles)
    result = run_study(jobs, load_policy(policy), nodes=nodes, gpus_per_node=gpus_per_node)
    if output == "json":
        typer.echo(
            json.dumps(
                {
                    "policy": policy,
                    "completion_seconds": dict(result.completion_seconds),
                    "mean_completion_seconds": result.mean_completion_seconds,
                    "makespan_seconds": result.makespan_seconds,
                    "wall_seconds": round(result.wall_seconds, 4),
                }
            )
        )
        return
    slowest = sorted(result.completion_seconds.items(), key=lambda item: -item[1])[:10]
    typer.echo(f"{policy}: {len(jobs)} jobs, mean completion {result.mean_completion_seconds:,.2f} s")
    typer.echo(f"makespan {result.makespan_seconds:,} s, {result.wall_seconds:.2f} s of computing; the slowest:")
    typer.echo("\n".join(f"  {name:24} {seconds:>9,} s" for name, seconds in slowest))


@app.command()
def experiment(
    plan: Annotated[Path, typer.Argument(help="YAML file: kind, traces, clusters, policies, seeds, loads, primary.")],
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the results; the experiment's name.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Processes on this machine.")] = 1,
    dask: Annotated[str, typer.Option("--dask", help="Address of a Dask scheduler, e.g. tcp://host:8786.")] = "",
) -> None:
    """Run every trace x cluster x policy x seed x load of a file; a run that was cut off goes on where it stopped.

    Writes results.json, results.parquet and comparison.json; see podlore report.

    Example: podlore simulate backfill.yaml --jobs 2
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from podlore.simulate.experiment.plan import read_plan
    from podlore.simulate.experiment.run_plan import run_plan

    read = read_plan(plan)
    folder = out or Path(read.name)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(read.name, total=len(read.cells))
        run_plan(
            read,
            folder,
            jobs=jobs,
            dask=dask,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    typer.echo(f"{folder}: {len(read.cells)} runs; podlore report {folder}")


for study in (published, ladder, quantization, migration, timed):
    app.command()(study)
