"""Studies of ``podlore simulate`` about placement, beside the plain run: published tables, ladder, moves, time."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

Nodes = Annotated[Path, typer.Option(help="Node list, e.g. openb_node_list_gpu_node.csv.")]
Pods = Annotated[Path, typer.Option(help="Pod list, e.g. openb_pod_list_default.csv.")]
ManyPods = Annotated[list[Path], typer.Option("--pods", help="Pod list; give it several times for several lists.")]
Policy = Annotated[str, typer.Option(help="The policy that is advised.")]
Seeds = Annotated[str, typer.Option(help="Comma-separated; each is an order of arrival and of ties.")]
Folder = Annotated[Path, typer.Option(help="Folder of the published FGD tables and arrival orders.")]
Orders = Annotated[
    Path | None,
    typer.Option(help="Folder of published orders (default_seed47.pods.txt.gz ...), for the default list."),
]
Output = Annotated[str, typer.Option(help="table or json")]


def published(
    nodes: Nodes,
    pods: Pods,
    folder: Folder,
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


def ladder(
    nodes: Nodes,
    pods: ManyPods,
    policy: Policy = "FGD",
    seeds: Seeds = "47",
    orders: Orders = None,
    output: Output = "table",
) -> None:
    """Print what advice on placement is worth: the policy, static terms, learned advice, a placebo, list by list.

    Learned minus static is what advice is worth; static minus policy is tuning. Beside them stand upper bounds: a
    linear program, and offline repacking.

    Example: podlore simulate ladder --nodes gpu_node.csv --pods default.csv --pods cpu300.csv --seeds 47,48
    """
    from podlore.simulate.placement import ladder_study as study

    found = study.ladder_rows(nodes, pods, policy, _whole(seeds, "seed"), orders)
    if output == "json":
        rows = list(found)
        typer.echo(json.dumps({"rows": rows, "steps": study.steps(rows), "headroom": study.headroom(rows)}, indent=1))
        return
    typer.echo(f"{policy}: allocated at 100 % / 130 % arrived; bounds at 100 %\n{study.HEAD}")
    rows = []
    for row in found:
        rows.append(row)
        typer.echo(study.as_line(row))
    typer.echo(study.as_summary(rows))


def quantization(nodes: Nodes, pods: Pods, folder: Folder, seeds: Seeds = "42,43", output: Output = "table") -> None:
    """Print how FGD's allocation depends on the step of its score and on the order of ties.

    Example: podlore simulate quantization --nodes gpu_node.csv --pods default.csv --folder fgd/
    """
    from podlore.simulate.placement.quantization import quantizations

    rows = list(quantizations(nodes, pods, folder, _whole(seeds, "seed")))
    _print(rows, output, "{score:20}  {ties:10}  {seed:4}  {at_100:9.2f}  {at_130:9.2f}",
           "SCORE                 TIES        SEED  ALLOC@100  ALLOC@130")  # fmt: skip


def migration(
    nodes: Nodes,
    pods: ManyPods,
    policy: Policy = "FGD",
    seeds: Seeds = "47",
    budgets: Annotated[str, typer.Option(help="Comma-separated: so many moves at most.")] = "0,20,80,320,640",
    orders: Orders = None,
    output: Output = "table",
) -> None:
    """Print what moves bring, each paid for: the same budget of moves for the policy alone and for advice.

    Example: podlore simulate migration --nodes gpu_node.csv --pods default.csv --seeds 47,48
    """
    from podlore.simulate.placement.ladder_study import ready_study
    from podlore.simulate.placement.migration import migrations
    from podlore.simulate.placement.policies import load_policy
    from podlore.traces.read_trace import read_nodes

    shapes, chosen = read_nodes(nodes), load_policy(policy)
    rows = [
        {"list": path.stem.removeprefix("openb_pod_list_"), "seed": seed, **asdict(row)}
        for path in pods for seed in _whole(seeds, "seed")
        for row in migrations(ready_study(shapes, path, seed, orders), chosen, _whole(budgets, "budget"))
    ]  # fmt: skip
    _print(rows, output, "{list:12} {seed:4}  {arm:26}  {budget:6}  {at_100:9.2f}  {at_130:9.2f}  {moves_at_100:9}  "
           "{moves:9}  {gpus_moved:10.1f}  {gpu_hours_paid:14.2f}",
           "LIST         SEED  ARM                         BUDGET  ALLOC@100  ALLOC@130  MOVES@100  MOVES@130  "
           "GPUS MOVED  GPU-HOURS PAID")  # fmt: skip


def timed(
    nodes: Nodes,
    pods: ManyPods,
    policy: Policy = "FGD",
    seeds: Seeds = "47",
    load: Annotated[float, typer.Option(help="GPUs that pods would hold if none waited, over those there are.")] = 1.0,
    part: Annotated[float, typer.Option(help="Share of the nodes, drawn by the seed.")] = 0.125,
    output: Output = "table",
) -> None:
    """Play a list in time, with departures; print waits by what the policy is told of pods to come.

    Example: podlore simulate timed --nodes gpu_node.csv --pods default.csv --load 1.0 --seeds 47,48
    """
    from podlore.simulate.placement.policies import load_policy
    from podlore.simulate.placement.timed_study import timed_study
    from podlore.traces.read_trace import read_nodes, read_trace

    shapes, chosen = read_nodes(nodes), load_policy(policy)
    rows = [
        {"list": path.stem.removeprefix("openb_pod_list_"), "seed": seed, **asdict(row)}
        for path in pods for seed in _whole(seeds, "seed")
        for row in timed_study(shapes, read_trace(path).jobs, chosen, load=load, part=part, seed=seed)
    ]  # fmt: skip
    _print(rows, output, "{list:12} {seed:4}  {arm:18}  {allocation_percent:9.2f}  {mean_wait_seconds:9.0f}  "
           "{p95_wait_seconds:9.0f}  {n_never:5}",
           "LIST         SEED  ARM                 ALLOCATED  MEAN WAIT   P95 WAIT  NEVER")  # fmt: skip


def _print(rows: "Sequence[dict[str, Any]]", output: str, line: str, head: str) -> None:
    if output == "json":
        typer.echo(json.dumps(rows, indent=1))
        return
    typer.echo("\n".join([head, *(line.format(**row) for row in rows)]))


def _whole(text: str, what: str) -> list[int]:
    """Read whole numbers that stand between commas."""
    from podlore.errors import BadInput

    parts = [part.strip() for part in text.split(",")]
    if (bad := next((part for part in parts if not part.isdigit()), None)) is not None:
        raise BadInput(f"{what} {bad[:20]!r} is no whole number")
    return [int(part) for part in parts]
