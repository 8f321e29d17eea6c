"""``podlore trace``: get, look at, check and make traces."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress, TaskID

    from podlore.traces import NodeShape, Trace

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
    help="""Traces of GPU clusters: openb pod lists, Philly, and podlore's own tables.

    [bold]podlore trace get openb[/]                    fetch the real one, checked

    [bold]podlore trace describe philly.csv[/]          what it holds

    [bold]podlore trace validate jobs.csv --strict[/]   what is wrong with it

    [bold]podlore trace sample --seed 7 mine[/]         make one, with patterns planted

    [bold]podlore trace format[/]                       how to write one by hand
    """,
)


class Output(StrEnum):
    """How a list is printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


TraceArgument = Annotated[Path, typer.Argument(help="An openb pod or node list, philly.csv, jobs.csv, or a folder.")]
NodesOption = Annotated[Path | None, typer.Option(help="Hold it against this list of nodes.")]
OutputOption = Annotated[Output, typer.Option("--output", "-o", help="How to print it.")]


@app.command()
def sample(
    folder: Annotated[Path, typer.Argument(help="Where to write jobs.csv, nodes.csv, planted.csv and silent.csv.")],
    seed: Annotated[int, typer.Option(help="Another seed, another background; what is planted stays.")] = 7,
) -> None:
    """Make a sample: a busy cluster, patterns planted at known places, near-misses that must stay silent.

    [bold]podlore trace sample --seed 7 mine[/]
    """
    from podlore.traces import write_trace
    from podlore.traces.sample import sample as make

    made = make(seed)
    write_trace(made, folder)
    typer.echo(f"{folder}: {len(made.jobs)} jobs, {len(made.nodes)} nodes, {len(made.planted)} planted patterns")


@app.command()
def describe(
    trace: TraceArgument,
    output: OutputOption = Output.TABLE,
    plot: Annotated[Path | None, typer.Option(help="Also draw it: a PNG, SVG or PDF file.")] = None,
) -> None:
    """Print short statistics of a trace, and draw its arrivals, sizes, running times and waits.

    [bold]podlore trace describe openb_pod_list_default.csv --plot openb.png[/]

    [bold]podlore trace describe philly.csv --output json[/]
    """
    from podlore.traces.describe import describe as statistics
    from podlore.traces.plots import plot_trace

    read = _read(trace)
    if plot is not None:
        plot_trace(read, plot)
    _print([{"what": what, "value": value} for what, value in statistics(read)], output)


@app.command()
def fit(
    trace: TraceArgument,
    folder: Annotated[Path, typer.Argument(help="Where to write jobs.csv.")],
    jobs: Annotated[int, typer.Option(min=1, help="How many jobs to make.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another trace like it.")] = 7,
) -> None:
    """Make up a trace like another: its gaps between arrivals, tenants, requests and running times are fitted.

    [bold]podlore trace fit philly.csv mine --jobs 5000 --seed 7[/]
    """
    from podlore.traces import write_trace
    from podlore.traces.fitted import fit as fitted

    made = fitted(_read(trace)).sample(jobs, seed)
    write_trace(made, folder)
    typer.echo(f"{folder}: {len(made.jobs)} jobs like those of {trace}")


@app.command()
def validate(
    trace: TraceArgument,
    nodes: NodesOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first problem.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Print every problem of a trace with its row; exit status 1 if there is one.

    [bold]podlore trace validate openb_pod_list_gpuspec33.csv --nodes openb_node_list_gpu_node.csv[/]

    [bold]podlore trace validate jobs.csv --strict[/]
    """
    from podlore.traces import read_nodes, stop_on

    read = _read(trace, () if nodes is None else read_nodes(nodes))
    if strict:
        stop_on(read.problems, str(trace))
    if not read.problems:
        typer.echo(f"{trace}: {len(read.jobs)} jobs, {len(read.nodes)} nodes, no problem", err=True)
    if read.problems or output is not Output.TABLE:
        _print(
            [
                {"row": problem.row, "reason": problem.reason, "left out": problem.is_left_out}
                for problem in read.problems
            ],
            output,
        )
    if read.problems:
        raise typer.Exit(1)


@app.command("format")
def columns(output: OutputOption = Output.TABLE) -> None:
    """Explain podlore's own tables, column by column, so that a trace can be written by hand.

    [bold]podlore trace format[/]
    """
    from podlore.traces import jobs_table, nodes_table, truth_tables

    tables = {
        "jobs.csv": jobs_table.COLUMNS,
        "nodes.csv": nodes_table.COLUMNS,
        "planted.csv": truth_tables.PLANTED_COLUMNS,
        "silent.csv": truth_tables.SILENT_COLUMNS,
    }
    _print(
        [
            {"table": table, "column": column, "meaning": meaning}
            for table, columns in tables.items()
            for column, meaning in columns.items()
        ],
        output,
    )


@app.command()
def get(
    name: Annotated[str, typer.Argument(help="openb or philly.")],
    folder: Annotated[Path | None, typer.Argument(help="Where to put it; a folder of its name by default.")] = None,
    only: Annotated[str, typer.Option(help="Only files whose name contains this.")] = "",
    base: Annotated[str | None, typer.Option(help="Take the files from this address instead, e.g. a mirror.")] = None,
) -> None:
    """Fetch a public trace; every file's SHA-256 is pinned, a cut-off transfer goes on where it stopped.

    [bold]podlore trace get openb[/]

    [bold]podlore trace get openb data --only default[/]

    [bold]podlore trace get philly[/]
    """
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from podlore.errors import BadInput
    from podlore.traces.catalogue import source
    from podlore.traces.download import download

    wanted = source(name)
    files = [file for file in wanted.files if only in file.name]
    if not files:
        raise BadInput(
            f"no file of {name} has {only!r} in its name; they are {', '.join(f.name for f in wanted.files)}"
        )
    into = folder or Path(name)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        for file in files:
            task = bar.add_task(file.name, total=file.bytes)
            download(file, into, base=base, progress=_shown(bar, task))
    typer.echo(f"{into}: {len(files)} files of {wanted.title}; {wanted.licence}")


def _shown(bar: "Progress", task: "TaskID") -> "Callable[[int], None]":
    def show(bytes_there: int) -> None:
        bar.update(task, completed=bytes_there)

    return show


def _read(path: Path, nodes: "tuple[NodeShape, ...]" = ()) -> "Trace":
    """Read a trace, with a word on it where that may take long."""
    from rich.console import Console

    from podlore.traces import read_trace

    with Console(stderr=True).status(f"reading {path}"):
        return read_trace(path, nodes)


def _print(rows: list[dict[str, object]], output: Output) -> None:
    if output is Output.JSON:
        import json

        typer.echo(json.dumps(rows, indent=2))
    elif output is Output.YAML:
        import yaml

        typer.echo(yaml.safe_dump(rows, sort_keys=False, allow_unicode=True), nl=False)
    else:
        _print_table(rows)


def _print_table(rows: list[dict[str, object]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold")
    for name in rows[0] if rows else ():
        table.add_column(name.upper(), overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if value is None else str(value)) for value in row.values()))
    Console(width=None if sys.stdout.isatty() else 200).print(table)
