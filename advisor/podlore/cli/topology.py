"""``podlore topology``: where nodes stand, what is held, and which links groups share."""

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from podlore.errors import BadInput, Unavailable

if TYPE_CHECKING:
    from podlore.snapshot import Snapshot
    from podlore.topology import ClusterGraph
    from podlore.topology.draw import Slowdown

app = typer.Typer(help="Where nodes stand, and what is held of them.", no_args_is_help=True, add_completion=False)

OBJECTS_BYTES_MAX = 256 * 2**20
SnapshotOption = Annotated[
    Path | None, typer.Option(help="Folder that `podlore snapshot` wrote.", show_default=False)
]  # fmt: skip
FileOption = Annotated[
    Path | None, typer.Option(help="CSV with a column of hosts and a column a level.", show_default=False)
]  # fmt: skip
ObjectsOption = Annotated[
    list[Path] | None,
    typer.Option(
        help="YAML or JSON of Kueue or KAI Topology, ResourceSlice, NodeResourceTopology.", show_default=False
    ),
]
LevelsOption = Annotated[list[str] | None, typer.Option("--level", help="Node labels, the widest first.")]


class Output(StrEnum):
    """How the tree is printed."""

    TREE = "tree"
    JSON = "json"
    YAML = "yaml"


class Form(StrEnum):
    """What the picture is."""

    SVG = "svg"
    HTML = "html"
    GRAPHML = "graphml"
    JSON = "json"


@app.command()
def show(
    snapshot: SnapshotOption = None,
    file: FileOption = None,
    objects: ObjectsOption = None,
    level: LevelsOption = None,
    depth: Annotated[int | None, typer.Option(min=0, help="Levels to show; by default all.")] = None,
    between: Annotated[
        list[str] | None, typer.Option(help="Nodes: their distances, bisection and uplinks.", show_default=False)
    ] = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print it.")] = Output.TREE,
) -> None:
    """Show where nodes stand as a tree, with the GPUs that are held, and who slows whom there.

    [bold]Examples[/]

    podlore topology show --snapshot ./monday --depth 2

    podlore topology show --file lingjun_topo.csv --depth 2

    podlore topology show --snapshot ./monday --between gpu-1 --between gpu-9
    """
    from podlore.topology.draw import tree

    graph, remarks = _graph(snapshot, file, objects or [], tuple(level or ()))
    if between:
        found: Any = _between(graph, sorted(set(between)))
    else:
        found = _facts(graph, remarks, depth)
    if output is Output.JSON:
        typer.echo(json.dumps(found, indent=2))
    elif output is Output.YAML:
        import yaml

        typer.echo(yaml.safe_dump(found, sort_keys=False).rstrip("\n"))
    elif between:
        typer.echo("\n".join(f"{key}: {value}" for key, value in found.items()))
    else:
        lines = tree(graph, depth, _slowdowns(snapshot))
        typer.echo("\n".join([_level_line(found), *lines, *(f"! {remark}" for remark in remarks)]))


@app.command()
def export(
    to: Annotated[Path, typer.Option(help="File to write; its ending tells the form: svg, html, graphml, json.")],
    snapshot: SnapshotOption = None,
    file: FileOption = None,
    objects: ObjectsOption = None,
    level: LevelsOption = None,
) -> None:
    """Draw the topology, coloured by the share of GPUs held and by the speed that somebody loses to a neighbour.

    [bold]Examples[/]

    podlore topology export --snapshot ./monday --to monday.html

    podlore topology export --file lingjun_topo.csv --to fabric.svg
    """
    from podlore.topology.draw import page, svg

    form = to.suffix.removeprefix(".").lower()
    if form not in set(Form):
        raise BadInput(f"{to}: the form {form!r} is none of {', '.join(Form)}")
    graph, remarks = _graph(snapshot, file, objects or [], tuple(level or ()))
    found = _slowdowns(snapshot)
    match Form(form):
        case Form.SVG:
            text = svg(graph, found)
        case Form.HTML:
            text = page(graph, found)
        case Form.GRAPHML:
            text = _graphml(graph)
        case Form.JSON:
            text = json.dumps(_facts(graph, remarks, None), indent=2) + "\n"
    try:
        to.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Unavailable(f"cannot write {to}: {error.strerror or error}") from error
    typer.echo(f"{to}: {graph.graph.number_of_nodes()} vertices")


def _graph(
    snapshot: Path | None, file: Path | None, objects: list[Path], levels: tuple[str, ...]
) -> tuple["ClusterGraph", list[str]]:
    from podlore.topology import ClusterGraph
    from podlore.topology.fabric_file import read_fabric

    if (snapshot is None) == (file is None):
        raise BadInput("give either --snapshot DIR or --file FILE.csv")
    if file is not None:
        fabric = read_fabric(file)
        return ClusterGraph(fabric.nodes, levels=levels or fabric.levels), list(fabric.remarks)
    from podlore import snapshot_folder

    return _of_snapshot(snapshot_folder.read(snapshot or Path()), list(_documents(objects)), levels)


def _of_snapshot(
    seen: "Snapshot", objects: list[Mapping[str, Any]], levels: tuple[str, ...]
) -> tuple["ClusterGraph", list[str]]:
    from podlore.topology import ClusterGraph, Topology
    from podlore.topology.device import devices
    from podlore.topology.topology_objects import levels_of_objects
    from podlore.workloads import roll_up

    told, remarks = levels_of_objects(objects, seen.nodes)
    configured = levels or told or seen.policy.topology_levels
    topology = Topology(seen.nodes, configured=configured)
    remarks += [
        f"{len(names)} nodes lack the label {label}, {names[0]} among them: they hang under what is known"
        for label, names in topology.unplaced.items()
    ]
    workloads = {
        (pod.namespace, pod.name): ("workload", str(workload.ref))
        for workload in roll_up(seen.pods, seen.controllers)
        for pod in workload.pods
    }
    graph = ClusterGraph(
        seen.nodes, seen.pods, seen.gpu_windows,
        levels=topology.levels[:-1], devices=devices(objects), workloads=workloads,
    )  # fmt: skip
    return graph, remarks


def _documents(paths: list[Path]) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of YAML or JSON files, those of lists one by one."""
    import yaml

    for path in paths:
        try:
            if path.stat().st_size > OBJECTS_BYTES_MAX:
                raise BadInput(f"{path}: larger than {OBJECTS_BYTES_MAX} bytes")
            found = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
            raise BadInput(f"{path}: {error}") from error
        for document in found:
            items = document.get("items") if isinstance(document, dict) else None
            yield from (one for one in (items if isinstance(items, list) else [document]) if isinstance(one, dict))


def _facts(graph: "ClusterGraph", remarks: list[str], depth: int | None) -> dict[str, Any]:
    from podlore.topology import ROOT

    counts: dict[str, int] = {}
    names: dict[str, set[str]] = {}
    for vertex in graph.graph:
        if vertex[0] == "domain":
            counts[vertex[1]] = counts.get(vertex[1], 0) + 1
            names.setdefault(vertex[1], set()).add(vertex[-1])
    kinds: dict[str, int] = {}
    for vertex in graph.graph:
        kinds[vertex[0]] = kinds.get(vertex[0], 0) + 1
    return {
        "levels": [
            {"level": level, "domains": counts.get(level, 0), "names": len(names.get(level, ()))}
            for level in graph.levels
        ],
        "nodes": kinds.get("node", 0),
        "gpus": kinds.get("gpu", 0),
        "pods": kinds.get("pod", 0),
        "remarks": remarks,
        "tree": _branch(graph, ROOT, depth),
    }


def _branch(graph: "ClusterGraph", vertex: tuple[str, ...], depth: int | None) -> dict[str, Any]:
    from podlore.topology.draw import PLACES, name

    branch: dict[str, Any] = {
        "kind": vertex[0],
        "name": name(vertex),
        "gpus": graph.gpu_milli(vertex) / 1000,
        "held": graph.load(vertex),
        "uplink_gigabytes_per_second": graph.uplink(vertex) or None,
    }
    below = [child for child in graph.children(vertex) if child[0] in PLACES]
    if below and (depth is None or depth > 0):
        deeper = None if depth is None else depth - 1
        branch["below"] = [_branch(graph, child, deeper) for child in below]
    return branch


def _between(graph: "ClusterGraph", nodes: list[str]) -> dict[str, Any]:
    from podlore.topology.draw import name

    unknown = [node for node in nodes if ("node", node) not in graph.graph]
    if unknown:
        raise BadInput(f"no node {unknown[0]!r} in this topology")
    common = graph.common_domain(nodes)
    return {
        "nodes": nodes,
        "common_domain": name(common) if common else None,
        "distance_links": max((graph.distance(one, other) or 0 for one in nodes for other in nodes), default=0),
        "bisection_gigabytes_per_second": graph.bisection(nodes),
        "uplinks": [name(vertex) for vertex in sorted(graph.links(nodes))],
    }


def _level_line(found: dict[str, Any]) -> str:
    levels = ", ".join(f"{one['level']} ({one['domains']})" for one in found["levels"]) or "none"
    return f"levels: {levels}; {found['nodes']} nodes, {found['gpus']} GPUs, {found['pods']} pods"


def _slowdowns(snapshot: Path | None) -> dict[str, "Slowdown"]:
    """Return the worst that is observed on each node."""
    if snapshot is None:
        return {}
    from podlore import snapshot_folder
    from podlore.patterns.interference import slowed
    from podlore.topology.draw import Slowdown
    from podlore.view import ClusterView

    edges = slowed(ClusterView(snapshot_folder.read(snapshot)))
    return {
        edge.node: Slowdown(
            edge.effect.loss,
            f"{edge.aggressor} slows {edge.victim} by {100 * edge.effect.loss:.0f} % on {edge.meeting.resource}",
        )
        for edge in sorted(edges, key=lambda edge: edge.effect.loss)
    }


def _graphml(graph: "ClusterGraph") -> str:
    import networkx as nx

    plain: nx.DiGraph[str] = nx.DiGraph()
    for vertex in graph.graph:
        plain.add_node("/".join(vertex), kind=vertex[0], held=graph.load(vertex) or 0.0)
    for above, below, data in graph.graph.edges(data=True):
        plain.add_edge("/".join(above), "/".join(below), capacity=float(data.get("capacity", 0.0)))
    return "\n".join(nx.generate_graphml(plain)) + "\n"
