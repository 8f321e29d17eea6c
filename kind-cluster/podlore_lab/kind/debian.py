"""Debian roots by debootstrap, from the mirror that this machine's apt uses; a finished one is kept in the cache."""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from podlore.errors import Unavailable
from podlore_lab.cache import cache_root
from podlore_lab.kind.needs import search_path

SOURCES = Path("/etc/apt")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
DEFAULT_MIRROR = "http://deb.debian.org/debian"
MIRROR = re.compile(r"(?:^URIs:\s*|^deb\s+(?:\[[^\]]*\]\s+)?)(https?://\S+/debian/?)(?:\s|$)", re.MULTILINE)


def debootstrap(suite: str, packages: Sequence[str], root: Path) -> None:
    """Make a minimal Debian with these packages in ``root``; the second time it is a copy of the first.

    Raises
    ------
    Unavailable
        If debootstrap fails, with where its log is; nothing half-made stays.
    """
    kept = cache_root() / "kind" / "debian" / f"{suite}-{_digest(packages)}"
    if not kept.is_dir():
        _make(suite, packages, kept)
    root.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "--archive", "--reflink=auto", str(kept), str(root)], check=True)  # noqa: S603, S607


def mirror(texts: Sequence[str]) -> str:
    """Return the first Debian mirror that apt's files name, Debian's own if none does.

    >>> mirror(["deb [arch=amd64] https://example.org/tools stable main", "URIs: http://mirror.example/debian"])
    'http://mirror.example/debian'
    """
    found = (MIRROR.search(text) for text in texts)
    return next((match[1] for match in found if match), DEFAULT_MIRROR)


def _make(suite: str, packages: Sequence[str], kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    draft, log = kept.with_suffix(".part"), kept.with_suffix(".log")
    shutil.rmtree(draft, ignore_errors=True)
    files = [*SOURCES.glob("sources.list"), *SOURCES.glob("sources.list.d/*")]
    command = [shutil.which("debootstrap", path=search_path()) or "debootstrap", "--variant=minbase"]
    command += [f"--keyring={KEYRING}"] if KEYRING.is_file() else []
    command += [f"--include={','.join(packages)}", suite, str(draft), mirror([file.read_text() for file in files])]
    with log.open("w") as output:
        done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False)  # noqa: S603 -- a list
    if done.returncode:
        shutil.rmtree(draft, ignore_errors=True)
        said = [line for line in log.read_text(errors="replace").splitlines() if line.startswith(("E:", "W:"))]
        raise Unavailable(f"debootstrap {suite} failed: {' | '.join(said[-2:]) or 'it said nothing'} (log: {log})")
    draft.replace(kept)


def _digest(packages: Sequence[str]) -> str:
    return hashlib.sha256(" ".join(sorted(packages)).encode()).hexdigest()[:12]
