"""``podlore operator``: run the operator."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from podlore.errors import PodloreError
from podlore.policy import Mode

if TYPE_CHECKING:
    from podlore_operator.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
    help="The operator: it watches a cluster and writes advice.",
)

EXIT_FAILED = 1


def _option(help_: str, *names: str, env: str = "") -> Any:  # noqa: ANN401 - typer's own type
    return typer.Option(*names, help=help_, envvar=f"PODLORE_{env}" if env else None)


@app.callback()
def operator() -> None:
    """Keep ``run`` a subcommand: others will join it."""


@app.command()
def run(
    kubeconfig: Annotated[
        Path | None, _option("The kubeconfig to use [$KUBECONFIG, ~/.kube/config, the pod's own].", env="KUBECONFIG")
    ] = None,
    context: Annotated[str | None, _option("Its context.", env="CONTEXT")] = None,
    prometheus: Annotated[
        str | None, _option("URL of a Prometheus that has GPU metrics; without it, none.", env="PROMETHEUS")
    ] = None,
    dry_run: Annotated[
        bool, _option("Write nothing at all; see podlore advice --operator.", "--dry-run", env="DRY_RUN")
    ] = False,
    max_mode: Annotated[Mode, _option("The furthest mode an AdvisorPolicy may ask for.", env="MAX_MODE")] = Mode.ADVISE,
    allow_annotations: Annotated[
        bool, _option("A policy may switch on pod annotations.", env="ALLOW_ANNOTATIONS")
    ] = False,
    allow_events: Annotated[bool, _option("A policy may switch on Events.", env="ALLOW_EVENTS")] = False,
    allow_logs: Annotated[bool, _option("A policy may switch on reading pods' logs.", env="ALLOW_LOGS")] = False,
    namespace: Annotated[
        str | None, _option("Where Lease and state are [the context's, the pod's own].", env="NAMESPACE")
    ] = None,
    name: Annotated[str, _option("Name of the Lease; the state is NAME-state.", env="NAME")] = "podlore",
    identity: Annotated[str | None, _option("This replica's name [host and chance].", env="IDENTITY")] = None,
    lease: Annotated[bool, _option("Stand for election before writing.", env="LEASE")] = True,
    listen: Annotated[str, _option("ADDRESS:PORT of probes, metrics and advice.", env="LISTEN")] = "127.0.0.1:8080",
    clock_scale: Annotated[
        float, _option("How much faster than the wall a replayed trace runs.", env="CLOCK_SCALE")
    ] = 1.0,
    clock_anchor: Annotated[
        float, _option("When the replay began, in seconds since the epoch.", env="CLOCK_ANCHOR")
    ] = 0.0,
    model: Annotated[Path | None, _option("Folder of the event classifier [the one that ships].", env="MODEL")] = None,
    log_format: Annotated[str, _option("text or json.", env="LOG_FORMAT")] = "text",
    log_level: Annotated[str, _option("debug, info, warning or error.", env="LOG_LEVEL")] = "info",
) -> None:
    """Run the operator until SIGTERM or Ctrl-C.

    Exit status: 0 when asked to end, 2 when something that is needed is missing (one line says what), 1 when it failed.

    [bold]podlore operator run --dry-run[/]                                       look, and write nothing

    [bold]podlore operator run --prometheus http://prometheus.monitoring:9090[/]  with GPU metrics
    """
    from podlore_operator.settings import Settings

    given = {
        "kubeconfig": kubeconfig,
        "context": context,
        "prometheus": prometheus,
        "dry_run": dry_run,
        "max_mode": max_mode,
        "allow_annotations": allow_annotations,
        "allow_events": allow_events,
        "allow_logs": allow_logs,
        "namespace": namespace,
        "name": name,
        "lease": lease,
        "listen": listen,
        "clock_scale": clock_scale,
        "clock_anchor": clock_anchor,
        "model": model,
        "log_format": log_format,
        "log_level": log_level,
    }
    _run(Settings.of(**given, **({"identity": identity} if identity else {})))


def _run(settings: "Settings") -> None:
    import asyncio

    settings.check()
    from podlore_operator.logs import set_up_logs
    from podlore_operator.main import main

    set_up_logs(settings.log_format, settings.log_level)
    try:
        asyncio.run(main(settings))
    except PodloreError:
        raise
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        typer.echo(f"podlore: the operator failed: {type(error).__name__}: {error}; the log has the rest", err=True)
        sys.exit(EXIT_FAILED)
