"""``python -m podlore_lab.exporter``: the lab starts this and ends it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from podlore.errors import PodloreError
from podlore_lab.exporter.serve import Options, run


def exporter(
    *,
    kubeconfig: Annotated[Path, typer.Option(help="Whose pods and nodes are reported.")],
    port: Annotated[int, typer.Option(help="Listen on this port of the loopback address.")],
    clock_scale: Annotated[
        float, typer.Option(help="Trace seconds a second, for pods without annotation lab.podlore.io/speed.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Seed of the noise.")] = 0,
    sm_active: Annotated[
        bool, typer.Option("--sm-active", help="Export DCGM_FI_PROF_SM_ACTIVE too; DCGM's default leaves it out.")
    ] = False,
    hostname_label: Annotated[
        str, typer.Option(help="Hostname, as up to DCGM exporter 4.8.2, or hostname, as since.")
    ] = "Hostname",
) -> None:
    """Report GPU metrics of the lab's fake nodes in the format of NVIDIA's DCGM exporter."""
    run(Options(kubeconfig, port, clock_scale, seed, sm_active, hostname_label))


if __name__ == "__main__":
    try:
        typer.run(exporter)
    except PodloreError as error:
        sys.exit(f"podlore exporter: {error}")
