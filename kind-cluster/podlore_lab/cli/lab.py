"""``podlore lab``: a real control plane with fake GPU nodes on this machine, without Docker."""

import asyncio
import os
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import cryptography  # noqa: F401 -- what the extra `lab` brings: without it `podlore lab` says so at once
import typer

if TYPE_CHECKING:
    from podlore.traces import NodeShape
    from podlore_lab.cluster import Lab

from podlore_lab.cli.demo import Backend, OwnDockerdOption, RegistryImageOption, demo
from podlore_lab.cli.kind import end_on_kind, image, kind_lab, name_on_kind, node_image, ready_programs
from podlore_lab.cli.replay import replay
from podlore_lab.cli.status import Output, print_statuses

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
    help="""A real control plane with fake GPU nodes on this machine: no Docker, nothing to install.

    [bold]podlore lab up --nodes 100[/]            100 nodes with 8 GPUs each, ready in seconds

    [bold]podlore lab kubectl -- get nodes[/]      ask it

    [bold]podlore lab down[/]                      end it, every process
    """,
)

DEFAULT_NAME = "default"
DEFAULT_NODES = "16"
SAMPLE = "sample"
NameOption = Annotated[str, typer.Option("--name", "-n", help="Which lab; several may run side by side.")]
SlicesOption = Annotated[int, typer.Option(min=1, help="Time-slice every GPU into so many units.")]
StrictOption = Annotated[bool, typer.Option("--strict", help="Stop at a bad row of a node list.")]
ProductOption = Annotated[str, typer.Option(help="GPU product of nodes that are made up.")]
GpusOption = Annotated[int, typer.Option(min=0, max=64, help="GPUs of each node that is made up.")]
MemoryOption = Annotated[int, typer.Option(min=0, help="Memory of each GPU that is made up, in MiB.")]
PrefixOption = Annotated[str, typer.Option(help="Names of nodes, racks and cliques that are made up begin with it.")]
PRODUCT, GPUS, GPU_MEMORY_MIB, PREFIX = "NVIDIA-A100-SXM4-80GB", 8, 81_920, "gpu"
PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.command()
def build(force: Annotated[bool, typer.Option("--force", help="Build everything again.")] = False) -> None:
    """Build the control plane's programs from source into the cache; done once, and by itself when they are missing.

    Takes 10-15 minutes on two cores the first time. Cut off, the next call goes on where it stopped. Needs about 7 GiB;
    PODLORE_CACHE chooses the folder. PODLORE_CONTROLPLANE_BIN names a folder of ready programs instead.

    [bold]podlore lab build[/]
    """
    from podlore_lab import build as builder
    from podlore_lab.build_progress import BuildProgress
    from podlore_lab.programs import named_programs

    folder = named_programs()
    if folder is None:
        with BuildProgress() as watcher:
            folder = builder.build(force=force, watcher=watcher)
    typer.echo(folder)


@app.command()
def up(
    name: NameOption = DEFAULT_NAME,
    nodes: Annotated[
        str,
        typer.Option(
            help="How many GPU nodes to make up, 'sample', or a node list: openb's CSV, podlore's own, a trace."
        ),
    ] = DEFAULT_NODES,
    product: ProductOption = PRODUCT,
    gpus: GpusOption = GPUS,
    gpu_memory_mib: MemoryOption = GPU_MEMORY_MIB,
    prefix: PrefixOption = PREFIX,
    slices: SlicesOption = 1,
    strict: StrictOption = False,
    foreground: Annotated[bool, typer.Option("--foreground", "-f", help="Stay, and end it with Ctrl-C.")] = False,
    api_port: Annotated[int, typer.Option(min=0, max=65535, help="The API server's port; 0: any free one.")] = 0,
    prometheus_port: Annotated[int, typer.Option(min=0, max=65535, help="Prometheus' port; 0: any free one.")] = 0,
    on: Annotated[
        Backend, typer.Option(help="Plain processes on this machine, or a kind cluster.")
    ] = Backend.PROCESSES,
    own_dockerd: OwnDockerdOption = False,
    registry_image: RegistryImageOption = False,
) -> None:
    """Start a lab: etcd, API server, controllers, scheduler, KWOK, Prometheus, and GPU nodes.

    [bold]podlore lab up --nodes 100[/]

    [bold]podlore lab up --nodes openb_node_list_gpu_node.csv --name openb[/]

    [bold]podlore lab up --nodes 32 --product NVIDIA-H100-80GB-HBM3 --gpu-memory-mib 81559[/]

    [bold]podlore lab up --foreground[/]

    [bold]podlore lab up --on kind --own-dockerd[/]
    """
    from podlore_lab.cluster import Lab
    from podlore_lab.nodes import create_nodes, generate_nodes
    from podlore_lab.programs import programs

    shapes = _read_shapes(nodes, strict=strict) or generate_nodes(
        int(nodes), prefix=prefix, product=product, gpus=gpus, gpu_memory_mib=gpu_memory_mib
    )
    programs()  # builds what is missing, with a bar of its own
    if on is Backend.KIND:
        ready_programs(own_dockerd=own_dockerd, registry_image=registry_image)
    with ExitStack() as running:
        spinner = running.enter_context(_Spinner(f"starting lab {name}"))
        ports = {"api_port": api_port, "prometheus_port": prometheus_port}
        lab = running.enter_context(
            kind_lab(name, own_dockerd=own_dockerd, registry_image=registry_image, say=spinner.say, **ports)
            if on is Backend.KIND
            else Lab(name, **ports)
        )
        spinner.say(f"adding {len(shapes)} nodes")
        create_nodes(lab.api, shapes, slices=slices)
        spinner.stop()
        _say_how(lab, len(shapes))
        if foreground:
            _wait_for_end()
        else:
            lab.detach()


@app.command()
def add_nodes(
    nodes: Annotated[str, typer.Argument(help="How many GPU nodes to make up, 'sample', or a node list.")],
    name: NameOption = DEFAULT_NAME,
    product: ProductOption = PRODUCT,
    gpus: GpusOption = GPUS,
    gpu_memory_mib: MemoryOption = GPU_MEMORY_MIB,
    prefix: PrefixOption = PREFIX,
    slices: SlicesOption = 1,
    strict: StrictOption = False,
) -> None:
    """Add GPU nodes to a running lab, and wait until they are Ready.

    [bold]podlore lab add-nodes openb_node_list_gpu_node.csv[/]
    """
    from podlore_lab.cluster import Lab
    from podlore_lab.nodes import create_nodes, generate_nodes

    shapes = _read_shapes(nodes, strict=strict) or generate_nodes(
        int(nodes), prefix=prefix, product=product, gpus=gpus, gpu_memory_mib=gpu_memory_mib
    )
    with _Spinner(f"adding {len(shapes)} nodes"):
        create_nodes(Lab.find(name).api, shapes, slices=slices)
    typer.echo(f"{len(shapes)} nodes are Ready")


@app.command()
def down(
    name: NameOption = DEFAULT_NAME,
    everything: Annotated[bool, typer.Option("--all", help="End all labs of this user.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Go on where a step fails, as after a crash (kind).")] = False,
) -> None:
    """End a lab: every process it started, and its folder; with kind, the cluster, and the host is put back.

    [bold]podlore lab down[/]

    [bold]podlore lab down --force[/]      also what a crash left of a lab on kind

    [bold]podlore lab down --all[/]
    """
    from podlore_lab.state import end, labs

    on_kind = name_on_kind()
    for each in sorted({*labs(), *on_kind}) if everything else [name]:
        if each in on_kind:
            end_on_kind(each, force=force)
        else:
            end(each)
        typer.echo(f"lab {each} has ended")


@app.command()
def status(
    name: Annotated[str, typer.Option("--name", "-n", help="Only this lab.")] = "",
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print it.")] = Output.TABLE,
) -> None:
    """Show the labs that run: processes, ports, nodes, kubeconfig. Exit status 1 if one is not well.

    [bold]podlore lab status --output json[/]
    """
    from podlore_lab.state import labs, status

    statuses = [status(each) for each in ([name] if name else labs())]
    print_statuses(statuses, output)
    if any(each.problem for each in statuses):
        raise typer.Exit(1)


@app.command(context_settings=PASSED_ON)
def kubectl(context: typer.Context, name: NameOption = DEFAULT_NAME) -> None:
    """Run the lab's kubectl as its administrator.

    [bold]podlore lab kubectl -- get pods --all-namespaces[/]
    """
    _run("kubectl", name, context.args)


@app.command(context_settings=PASSED_ON)
def helm(context: typer.Context, name: NameOption = DEFAULT_NAME) -> None:
    """Run the lab's helm as its administrator.

    [bold]podlore lab helm -- install podlore charts/podlore[/]
    """
    _run("helm", name, context.args)


def _run(program: str, name: str, arguments: list[str]) -> None:
    from podlore_lab.cluster import Lab

    lab = Lab.find(name)
    path = lab.program(program)
    os.execve(path, [program, *arguments], lab.environment())  # noqa: S606 -- a program that we built


def _read_shapes(nodes: str, *, strict: bool) -> tuple["NodeShape", ...]:
    """Return the nodes of a list, or of the shipped sample; none if ``nodes`` is a number."""
    from podlore_lab.nodes import read_shapes
    from podlore_lab.sample_trace import SAMPLE_FOLDER

    if nodes.isdigit():
        return ()
    shapes, problems = read_shapes(SAMPLE_FOLDER if nodes == SAMPLE else Path(nodes), strict=strict)
    for problem in problems:
        typer.echo(f"{nodes}, {problem}", err=True)
    return shapes


def _say_how(lab: "Lab", n_nodes: int) -> None:
    kubectl_path = lab.program("kubectl")
    end = "" if lab.name == DEFAULT_NAME else f" --name {lab.name}"
    typer.echo(
        f"Lab {lab.name} is ready: {n_nodes} nodes, API server {lab.api_url}, Prometheus {lab.prometheus_url}\n\n"
        f"  export KUBECONFIG={lab.kubeconfig}\n"
        f"  {kubectl_path} get nodes\n\n"
        f"or: podlore lab kubectl{end} -- get nodes;  end it: podlore lab down{end}"
    )


def _wait_for_end() -> None:
    """Return when Ctrl-C or a signal asks to end."""
    asyncio.run(_asked_to_end())
    typer.echo("ending")


async def _asked_to_end() -> None:
    """Wait as an event loop does: `signal.pause` would sleep on when the signal comes just before it."""
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    typer.echo("Ctrl-C ends it.")
    await asked.wait()


class _Spinner:
    """A line that turns while something takes longer than a moment; on standard error."""

    def __init__(self, text: str) -> None:
        from rich.console import Console

        self._status = Console(stderr=True).status(text)

    def say(self, text: str) -> None:
        self._status.update(text)

    def stop(self) -> None:
        self._status.stop()

    def __enter__(self) -> "_Spinner":
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()


app.command("replay")(replay)
app.command("demo")(demo)
app.command("node-image")(node_image)
app.command("image")(image)
