"""What ``podlore lab`` does on kind: the images, and ending a cluster with the host as it was."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podlore_lab.cli.demo import OwnDockerdOption

if TYPE_CHECKING:
    from podlore_lab.kind.kind_lab import KindLab


def node_image(
    own_dockerd: OwnDockerdOption = False,
    force: Annotated[bool, typer.Option("--force", help="Build it again.")] = False,
) -> None:
    """Build the image of a kind node from source, once: for machines that reach no image registry.

    Kubernetes, etcd, CoreDNS and kind from their Go modules, Debian's systemd and containerd by debootstrap. Needs root
    and about 9 GiB; what is missing is said before anything is built. Prints the image's name.

    [bold]podlore lab node-image --own-dockerd[/]
    """
    from podlore_lab.kind.dockerd import engine_for
    from podlore_lab.kind.kind_lab import check_needs
    from podlore_lab.kind.node_image import build_node_image, node_image_name
    from podlore_lab.kind.programs import kind_programs

    check_needs(own_dockerd=own_dockerd, build=True)
    ready_programs(own_dockerd=own_dockerd, registry_image=False)
    found = kind_programs()
    name = node_image_name(found)
    with engine_for(own_dockerd=own_dockerd) as engine:
        if force or not engine.has_image(name):
            build_node_image(engine, found, say=_say)
    typer.echo(name)


def image(
    own_dockerd: OwnDockerdOption = False,
    name: Annotated[str, typer.Option(help="What to call it [podlore:VERSION, which the chart expects].")] = "",
    base: Annotated[str, typer.Option(help="An image of Debian bookworm [made by debootstrap].")] = "",
    sbom: Annotated[Path | None, typer.Option(help="Write a CycloneDX list of what is inside to this file.")] = None,
) -> None:
    """Build the operator's image: Python, podlore and its wheels, user 65532, no shell, no package manager.

    The same source makes the same layers. Without [bold]--base[/] no image registry is asked. Prints name, size and id.

    [bold]podlore lab image --own-dockerd --sbom podlore.cdx.json[/]
    """
    from podlore_lab.kind.bill_of_materials import bill_of_materials
    from podlore_lab.kind.dockerd import engine_for
    from podlore_lab.kind.kind_lab import check_needs
    from podlore_lab.kind.operator_image import build_operator_image, image_bytes, operator_image_name

    check_needs(own_dockerd=own_dockerd, build=not base)
    called = name or operator_image_name()
    with engine_for(own_dockerd=own_dockerd) as engine:
        identity = build_operator_image(engine, called, base=base, say=_say)
        if sbom:
            sbom.write_text(bill_of_materials(engine, called))
        typer.echo(f"{called} {image_bytes(engine, called) / 1e6:.0f} MB {identity}")


def kind_lab(
    name: str,
    *,
    own_dockerd: bool,
    registry_image: bool,
    say: Callable[[str], None],
    api_port: int = 0,
    prometheus_port: int = 0,
) -> "KindLab":
    """Return a lab on kind that is not started yet."""
    from podlore_lab.kind.configuration import REGISTRY_IMAGE
    from podlore_lab.kind.kind_lab import KindLab

    image = REGISTRY_IMAGE if registry_image else ""
    ports = {"api_port": api_port, "prometheus_port": prometheus_port}
    return KindLab(name, own_dockerd=own_dockerd, image=image, say=say, **ports)


def ready_programs(*, own_dockerd: bool, registry_image: bool) -> None:
    """Look for what is missing first, then build the programs with a bar of their own."""
    from podlore_lab.build_progress import BuildProgress
    from podlore_lab.kind.kind_lab import check_needs
    from podlore_lab.kind.programs import built_kind_programs, kind_programs

    there = built_kind_programs()
    check_needs(own_dockerd=own_dockerd, build=there is None and not registry_image)
    if there is None:
        with BuildProgress() as watcher:
            kind_programs(watcher)


def name_on_kind() -> set[str]:
    """Return the name of the lab that runs on kind, or was left there by a crash."""
    from podlore_lab.kind.running import running

    there = running()
    return {there.name} if there else set()


def end_on_kind(name: str, *, force: bool) -> None:
    """End a lab on kind, and say whether the host is as it was."""
    from podlore_lab.kind.kind_lab import take_down

    say_what_is_left(take_down(name, force=force))


def say_what_is_left(differences: list[str]) -> None:
    """Say what still differs on the host from before, if anything does."""
    for line in differences:
        typer.echo(f"differs from before: {line}", err=True)
    if not differences:
        typer.echo("the host is as it was before: processes, mounts, bridges, rules, routes and settings")


def _say(stage: str) -> None:
    typer.echo(stage, err=True)
