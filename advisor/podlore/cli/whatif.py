"""``podlore whatif POD``: where it would fit if something were different, when, what frees it, whom it would slow."""

import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from podlore.interference.whatif import Answer, Place, Slowed
    from podlore.view import ClusterView
    from podlore.vocabulary import Pod

PLACES_MAX = 10
NODES_BLOCKED_MAX = 10


class Output(StrEnum):
    """How the answer is printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


def whatif(
    name: Annotated[str, typer.Argument(metavar="POD", help="namespace/pod, namespace/Kind/name, or just a name.")],
    snapshot: Annotated[Path, typer.Option(help="Folder that `podlore snapshot` wrote.", show_default=False)],
    node: Annotated[str, typer.Option(help="Put it on this node.")] = "",
    gpus: Annotated[float | None, typer.Option(help="Ask for so many GPUs instead.", show_default=False)] = None,
    no_constraint: Annotated[
        bool, typer.Option("--no-constraint", help="Without its selector, affinity and missing tolerations.")
    ] = False,
    namespace: Annotated[str, typer.Option("--namespace", "-n", help="Only in this namespace.")] = "",
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print it.")] = Output.TABLE,
) -> None:
    """Say where a pod would fit if it were different, when, what frees it, and whom it would slow.

    [bold]Examples[/]

    podlore whatif vision/train-0 --gpus 4 --snapshot ./monday

    podlore whatif vision/train-0 --node gpu-7 --snapshot ./monday

    podlore whatif vision/train-0 --no-constraint --snapshot ./monday --output json
    """
    from podlore import snapshot_folder
    from podlore.interference.whatif import Change
    from podlore.interference.whatif import whatif as answer_of
    from podlore.view import ClusterView

    view = ClusterView(snapshot_folder.read(snapshot))
    found = document(answer_of(view, _pod(view, name, namespace), Change(node, gpus, no_constraint)), view)
    if output is Output.JSON:
        typer.echo(json.dumps(found, indent=2))
    elif output is Output.YAML:
        import yaml

        typer.echo(yaml.safe_dump(found, sort_keys=False).rstrip("\n"))
    else:
        typer.echo("\n".join(_printable(line) for line in _text(found)))


def _pod(view: "ClusterView", name: str, namespace: str) -> "Pod":
    """Return the pod of that name, or the largest of the workload of that name; one that waits before one that runs."""
    from podlore.errors import BadInput
    from podlore.why import find

    workload = find(view, name, namespace)
    last = name.rsplit("/", 1)[-1]
    pods = [pod for pod in workload.pods if pod.name == last] or list(workload.pods)
    if not pods:
        raise BadInput(f"{workload.ref} has no pods in the snapshot: nothing can be placed")
    return max(pods, key=lambda pod: (not pod.node, pod.requests.gpu_milli, pod.requests.cpu_milli, pod.name))


def document(answer: "Answer", view: "ClusterView") -> dict[str, Any]:
    """Return an answer as a plain document."""
    open_places = [place for place in answer.places if place.is_open]
    shown = open_places[:PLACES_MAX] or list(answer.places[:NODES_BLOCKED_MAX])
    freed = answer.freed
    return {
        "pod": f"{answer.pod.namespace}/{answer.pod.name}",
        "gpus": answer.pod.requests.gpu_milli / 1000,
        "change": {
            "node": answer.change.node or None,
            "gpus": answer.change.gpus,
            "noConstraint": answer.change.no_constraint,
        },
        "fitsNow": answer.fits_now,
        "startsInSeconds": 0 if answer.fits_now else None if freed is None else round(freed.expected_seconds),
        "nodesOpen": len(open_places),
        "places": [_place(place) for place in shown],
        "freedBy": None
        if freed is None
        else {
            "node": freed.node,
            "pods": [f"{pod.namespace}/{pod.name}" for pod in freed.pods],
            "workloads": sorted({str(view.workload_by_pod[pod.namespace, pod.name].ref) for pod in freed.pods}),
            "expectedSeconds": round(freed.expected_seconds),
            "intervalSeconds": [round(freed.low_seconds), round(freed.high_seconds)],
            "basis": "running pods go on for as long as they have (Lindy), or until their deadline",
        },
    }


def _place(place: "Place") -> dict[str, Any]:
    return {
        "node": place.node,
        "open": place.is_open,
        "fits": place.fits,
        "objections": list(place.objections),
        "freeGpus": place.free.gpu_milli / 1000,
        "neighbours": [_slowed(one) for one in place.neighbours],
    }


def _slowed(one: "Slowed") -> dict[str, Any]:
    return {
        "workload": str(one.workload),
        "wouldLose": _share(one.loses),
        "wouldCost": _share(one.costs),
        "basis": "observed together" if one.loses or one.costs else "no slowdown was seen between them",
    }


def _share(shares: tuple[float, float, float] | None) -> dict[str, float] | None:
    return (
        None if shares is None else dict(zip(("loss", "low", "high"), (round(one, 4) for one in shares), strict=True))
    )


def _text(found: dict[str, Any]) -> Iterator[str]:
    change = found["change"]
    asked = [f"on {change['node']}"] * bool(change["node"]) + ["without constraints"] * change["noConstraint"]
    yield f"{found['pod']} with {found['gpus']:g} GPUs {' '.join(asked)}".rstrip() + ":"
    if found["fitsNow"]:
        yield f"  would start now; {found['nodesOpen']} nodes are open, the first ones:"
    else:
        yield "  would not start now:"
    for place in found["places"]:
        lacks = [] if place["fits"] else [f"room ({place['freeGpus']:g} GPUs free)"]
        why = ", ".join([*lacks, *place["objections"]])
        yield f"    {place['node']}" + (f": lacks {why}" if why else f": {place['freeGpus']:g} GPUs free")
        for one in place["neighbours"]:
            for verb, share in (("would slow", one["wouldLose"]), ("would be slowed by", one["wouldCost"])):
                if share:
                    between = f"[{share['low']:.2f}, {share['high']:.2f}]"
                    yield f"      {verb} {one['workload']} by {100 * share['loss']:.0f} % {between}"
    freed = found["freedBy"]
    if freed:
        low, high = freed["intervalSeconds"]
        yield (
            f"  {', '.join(freed['pods'])} on {freed['node']} would have to end: in about "
            f"{freed['expectedSeconds']:,} s (80 %: {low:,} to {high:,} s)"
        )
    elif not found["fitsNow"]:
        yield "  no pod's end would make room: it fits nowhere as it is"


def _printable(text: str) -> str:
    """Replace what could drive a terminal: a snapshot's names are not to be trusted."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
