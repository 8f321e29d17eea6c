"""The operator's image: all that its build needs is laid into one folder, then the engine follows `Containerfile`.

Wheels are fetched by pip with their hashes, the base is made by debootstrap where no registry has it, and the build
itself needs no network. `podlore_lab.kind.bill_of_materials` lists what is inside.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from podlore.errors import Unavailable
from podlore_lab.cache import cache_root
from podlore_lab.kind.debian import debootstrap
from podlore_lab.kind.engine import Engine
from podlore_lab.shipped import shipped_folder

SUITE = "bookworm"
BASE_PACKAGES = ("ca-certificates", "libgomp1", "netbase", "media-types", "python3", "python3-pip", "tzdata")
BASE = f"podlore.local/debian:{SUITE}"
PLATFORMS = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014", "manylinux_2_5", "manylinux1")
LOCK = "requirements-operator.lock"
BYTES_MOST = 500 * 10**6


def operator_image_name() -> str:
    """Return the name under which the chart looks for the image by default."""
    return f"podlore:{version('podlore')}"


def build_operator_image(
    engine: Engine,
    name: str,
    *,
    base: str = "",
    source: Path | None = None,
    cached: bool = True,
    say: Callable[[str], None],
) -> str:
    """Build the image, and return its id.

    Parameters
    ----------
    base
        An image of Debian bookworm; empty to make one by debootstrap.
    source
        The source that goes in; this checkout by default.
    cached
        Whether steps of an earlier build may be used again.

    Raises
    ------
    Unavailable
        If a wheel, the base or a step of the build is missing.
    """
    root = source or checkout()
    if not base:
        say("a Debian base for the operator's image")
        base = _debian_base(engine)
    with tempfile.TemporaryDirectory(prefix="podlore-image-") as folder:
        context = Path(folder)
        say("the operator's wheels")
        shutil.copytree(fetch_wheels(root / LOCK), context / "wheels")
        shutil.copy(root / LOCK, context)
        shutil.copy(shipped_folder("image") / "assemble.sh", context)
        _own_wheel(root, context / "podlore")
        say("the operator's image")
        epoch = source_date_epoch(root)
        values = {
            "BASE": base,
            "SOURCE_DATE_EPOCH": str(epoch),
            "CREATED": datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "VERSION": version("podlore"),
            "REVISION": _git(root, "rev-parse", "HEAD") or "unknown",
        }
        arguments = [word for key, value in values.items() for word in ("--build-arg", f"{key}={value}")]
        network = ("--network", "none") if base == BASE else ()
        fresh = () if cached else ("--no-cache",)
        containerfile = str(root / "Containerfile")
        engine.run("build", "--quiet", "--file", containerfile, "--tag", name, *fresh, *network, *arguments, folder)
    return engine.run("image", "inspect", "--format", "{{.Id}}", name).strip()


def image_bytes(engine: Engine, name: str) -> int:
    """Return how large an image is, uncompressed."""
    return int(engine.run("image", "inspect", "--format", "{{.Size}}", name))


def layers(engine: Engine, name: str) -> list[str]:
    """Return the digests of an image's layers: two builds of one source have the same."""
    return engine.run("image", "inspect", "--format", '{{join .RootFS.Layers " "}}', name).split()


def checkout() -> Path:
    """Return the root of the checkout: an installed wheel carries neither `Containerfile` nor lock."""
    root = shipped_folder("node").parents[1]
    if not (root / "Containerfile").is_file():
        raise Unavailable(f"no Containerfile in {root}: the operator's image is built from a checkout of podlore")
    return root


def fetch_wheels(lock: Path) -> Path:
    """Return the folder with all wheels of a lock file, fetched by pip once, checked by their hashes.

    Raises
    ------
    Unavailable
        If pip cannot fetch one.
    """
    folder = cache_root() / "kind" / "wheels" / hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    if folder.is_dir():
        return folder
    draft = folder.with_suffix(".part")
    platforms = [word for each in PLATFORMS for word in ("--platform", f"{each}_x86_64")]
    abis = [word for each in ("cp311", "abi3", "none") for word in ("--abi", each)]
    asked = subprocess.run(  # noqa: S603 -- pip with hashes
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"),
            *("--require-hashes", "--only-binary=:all:", "--python-version=3.11", "--implementation=cp"),
            *(*abis, *platforms, f"--dest={draft}", f"--requirement={lock}"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        reason = (asked.stderr.strip().splitlines() or ["pip failed"])[-1]
        raise Unavailable(f"the operator's wheels could not be fetched: {reason}")
    draft.replace(folder)
    return folder


def source_date_epoch(root: Path) -> int:
    """Return the time that everything in the image carries: ``$SOURCE_DATE_EPOCH``, or that of the last commit."""
    return int(os.environ.get("SOURCE_DATE_EPOCH") or _git(root, "log", "-1", "--format=%ct") or 0)


def _debian_base(engine: Engine) -> str:
    if not engine.has_image(BASE):
        with tempfile.TemporaryDirectory(prefix="podlore-base-") as folder:
            debootstrap(SUITE, BASE_PACKAGES, Path(folder) / "root")
            engine.import_folder(Path(folder) / "root", BASE, changes=("ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin",))
    return BASE


def _own_wheel(root: Path, folder: Path) -> None:
    """Make podlore's own wheel, the same from the same commit."""
    asked = subprocess.run(  # noqa: S603 -- pip on our own source
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"),
            *("--no-build-isolation", f"--wheel-dir={folder}", str(root)),
        ],
        env={**os.environ, "SOURCE_DATE_EPOCH": str(source_date_epoch(root))},
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        raise Unavailable(f"podlore's own wheel could not be made: {asked.stderr.strip().splitlines()[-1:]}")


def _git(root: Path, *arguments: str) -> str:
    git = shutil.which("git")
    if git is None:
        return ""
    asked = subprocess.run([git, "-C", str(root), *arguments], capture_output=True, text=True, check=False)  # noqa: S603
    return asked.stdout.strip()
