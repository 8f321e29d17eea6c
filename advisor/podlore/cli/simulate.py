"""``podlore simulate``: what policies do with traces."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from podlore.simulate.placement.study import PlacementResult

app = typer.Typer(help="Simulate policies on traces.", no_args_is_help=True, add_completion=False)

Nodes = Annotated[Path, typer.Option(help="Node list, e.g. openb_node_list_gpu_node.csv.")]
Pods = Annotated[Path, typer.Option(help="Pod list, e.g. openb_pod_list_default.csv.")]


@app.command()
def placement(
    nodes: Nodes,
    pods: Pods,
    order: Annotated[Path, typer.Option(help="Order of arrival, one pod a line (may be .gz).")],
    node_order: Annotated[Path, typer.Option(help="Permutation of the nodes that breaks ties (may be .gz).")],
    policy: Annotated[str, typer.Option(help="FGD, BestFit, DotProd, GpuPacking, GpuClustering, FirstFit, Random.")],
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
    policy: Annotated[str, typer.Option(help="FIFO or Tiresias.")],
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
def published(
    nodes: Nodes,
    pods: Pods,
    folder: Annotated[Path, typer.Option(help="Folder of the published FGD tables and arrival orders.")],
    policies: Annotated[
        str, typer.Option(help="Comma-separated.")
    ] = "Random,DotProd,GpuClustering,GpuPacking,BestFit,FGD",
) -> None:
    """Print our placement results beside the published ones of the FGD study, with the largest difference of any cell.

    Example: podlore simulate published --nodes gpu_node.csv --pods default.csv --folder fgd/
    """
    from podlore.simulate.placement.published import compare
    from podlore.traces.read_trace import read_nodes, read_trace

    typer.echo(
        "POLICY         SEED  ALLOC@100  PUBLISHED  ALLOC@130  PUBLISHED  MAX ALLOC DIFF  MAX FRAG DIFF  SECONDS"
    )
    for row in compare(folder, read_nodes(nodes), read_trace(pods).jobs, policies.split(",")):
        typer.echo(
            f"{row.policy:14} {row.seed:4}  {row.ours[0]:9.2f}  {row.published[0]:9.2f}  {row.ours[1]:9.2f}  "
            f"{row.published[1]:9.2f}  {row.allocation_difference:14.2f}  {row.fragmentation_difference:13.2f}  "
            f"{row.wall_seconds:7.2f}"
        )
