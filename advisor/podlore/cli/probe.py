"""``podlore probe``: what this node allows and tells; run it on the node itself."""

import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from podlore.interference.probe.feasibility import Check
    from podlore.interference.probe.taps import Tap


class Output(StrEnum):
    """How results are printed; ``prometheus`` is the text format of a node exporter's textfile collector."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    PROMETHEUS = "prometheus"


def probe(
    tap: Annotated[list[str] | None, typer.Option(help="Run these taps; `all` for every one that can.")] = None,
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="How long each tap runs.")] = 5,
    library: Annotated[
        Path | None, typer.Option(help="libcuda to watch, for the tap cuda-launches.", show_default=False)
    ] = None,
    listen: Annotated[
        str, typer.Option(help="Serve /metrics at host:port until stopped, instead of printing.", show_default=False)
    ] = "",
    root: Annotated[Path, typer.Option(help="Where the node's /proc and /sys are, for --listen.")] = Path("/"),
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print it.")] = Output.TABLE,
) -> None:
    """Report what this node allows (kernel, BTF, capabilities, programs, tracepoints) and its stalls by pod.

    Nothing is changed on the node. Taps need root and bpftrace; each that cannot run says why.

    [bold]Examples[/]

    podlore probe

    podlore probe --tap all --seconds 10 --output prometheus

    podlore probe --listen :9102
    """
    from podlore.errors import BadInput
    from podlore.interference.probe.feasibility import feasibility
    from podlore.interference.probe.taps import TAPS, lacking

    wanted = set(tap or ())
    unknown = wanted - {one.name for one in TAPS} - {"all"}
    if unknown:
        raise BadInput(f"no tap {min(unknown)!r}; there are {', '.join(one.name for one in TAPS)}, all")
    checks = feasibility()
    chosen = [one for one in TAPS if one.name in wanted or "all" in wanted]
    if listen:
        _serve(listen, [one for one in chosen if not lacking(one, checks, library)], seconds, library, root)
        return
    measured = list(_measured(chosen, checks, seconds, library))
    if output is Output.PROMETHEUS:
        typer.echo("\n".join(_exposition(measured)))
        return
    found = _facts(checks, measured, library)
    if output is Output.JSON:
        typer.echo(json.dumps(found, indent=2))
    elif output is Output.YAML:
        import yaml

        typer.echo(yaml.safe_dump(found, sort_keys=False).rstrip("\n"))
    else:
        typer.echo("\n".join(_table(found)))


def _serve(listen: str, taps: list["Tap"], seconds: float, library: Path | None, root: Path) -> None:
    import signal
    import threading

    from podlore.interference.probe.serve_metrics import Totals, run_taps, server

    totals, stop = Totals(), threading.Event()
    serving = server(listen, taps, totals, root)
    counting = threading.Thread(target=run_taps, args=(taps, totals, seconds, stop, library), daemon=True)
    counting.start()
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=serving.shutdown).start())
    typer.echo(f"serving /metrics at {listen}; taps: {', '.join(tap.name for tap in taps) or 'none'}", err=True)
    try:
        serving.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        stop.set()
        serving.server_close()


def _measured(
    chosen: list["Tap"], checks: tuple["Check", ...], seconds: float, library: Path | None
) -> Iterator[tuple["Tap", list[str], str]]:
    """Run taps one by one; yield each with its lines in Prometheus' format, or with why it was skipped."""
    from rich.console import Console
    from rich.status import Status

    from podlore.errors import BadInput, Unavailable
    from podlore.interference.probe.pressure import pod_cgroups
    from podlore.interference.probe.taps import exposition, lacking, pod_uids_by_cgroup, run_tap

    pods = pod_uids_by_cgroup(pod_cgroups()) if chosen else {}
    for tap in chosen:
        reason = lacking(tap, checks, library)
        if reason:
            yield tap, [], reason
            continue
        with Status(f"tap {tap.name} for {seconds:g} s", console=Console(stderr=True)):
            try:
                yield tap, list(exposition(tap, run_tap(tap, seconds, library), pods)), ""
            except (Unavailable, BadInput) as error:
                yield tap, [], str(error)


def _exposition(measured: list[tuple["Tap", list[str], str]]) -> Iterator[str]:
    from podlore.interference.probe.serve_metrics import stall_lines

    yield from stall_lines()
    for tap, lines, reason in measured:
        yield from lines
        if reason:
            yield f"# tap {tap.name} was skipped: {reason}"


def _facts(
    checks: tuple["Check", ...], measured: list[tuple["Tap", list[str], str]], library: Path | None
) -> dict[str, Any]:
    from podlore.interference.probe.pressure import pressures
    from podlore.interference.probe.taps import TAPS, lacking

    ran = {tap.name: (lines, reason) for tap, lines, reason in measured}
    return {
        "checks": [{"name": check.name, "there": check.is_there, "seen": check.seen} for check in checks],
        "pressure": [
            {
                "pod_uid": one.pod_uid,
                "resource": one.resource,
                "kind": one.kind,
                "share_10s": one.share_10s,
                "seconds_total": one.seconds_total,
            }
            for one in pressures()
        ],
        "taps": [
            {
                "name": tap.name,
                "tells": tap.meaning,
                "possible": not lacking(tap, checks, library),
                "reason": ran.get(tap.name, ([], ""))[1] or lacking(tap, checks, library),
                "metrics": ran.get(tap.name, ([], ""))[0],
            }
            for tap in TAPS
        ],
    }


def _table(found: dict[str, Any]) -> Iterator[str]:
    for check in found["checks"]:
        yield f"{'yes' if check['there'] else 'no':4} {check['name']:40} {check['seen']}"
    yield ""
    for one in found["pressure"]:
        whose = one["pod_uid"] or "node"
        yield f"{whose:36} {one['resource']:6} {one['kind']:4} {100 * one['share_10s']:5.1f} % of the last 10 s"
    yield ""
    for tap in found["taps"]:
        state = f"skipped: {tap['reason']}" if tap["reason"] else "can run"
        yield f"tap {tap['name']:16} {tap['tells']}; {state}"
        yield from (f"    {line}" for line in tap["metrics"])
