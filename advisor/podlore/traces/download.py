"""Getting a file of which every byte is known: into place only when its checksum is right, resumed where it was cut.

Called by ``podlore trace get``. What has arrived is kept in ``NAME.part`` until it is whole.
"""

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from podlore.errors import BadInput, Unavailable
from podlore.traces.catalogue import PinnedFile

TRIES = 4
TIMEOUT_SECONDS = 30.0
BLOCK_BYTES = 1 << 16
PARTIAL_CONTENT, RANGE_NOT_SATISFIABLE = 206, 416

Progress = Callable[[int], None]


def _say_nothing(_bytes_there: int) -> None:
    pass


def download(pinned: PinnedFile, folder: Path, *, base: str | None = None, progress: Progress = _say_nothing) -> Path:
    """Return the path of the file in ``folder``, fetched if it is not there already.

    Parameters
    ----------
    base
        Take it from here instead, e.g. from a mirror; the checksum stays the same.
    progress
        Called with how many bytes are there, as they arrive.

    Raises
    ------
    Unavailable
        If it cannot be reached, stays cut off, or is not the file it should be.
    BadInput
        If the folder cannot be written, or the address is none.
    """
    target, part = folder / pinned.name, folder / f"{pinned.name}.part"
    url = pinned.url if base is None else base.rstrip("/") + "/" + pinned.name
    if urlsplit(url).scheme not in ("http", "https"):
        raise BadInput(f"{url!r} is no web address")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (target.is_file() and _sha256(target) == pinned.sha256):
            _fetch(url, part, pinned, progress)
            os.replace(part, target)  # noqa: PTH105 -- atomic, and says so
    except OSError as error:
        raise BadInput(f"cannot write {error.filename or folder}: {error.strerror or error}") from None
    progress(pinned.bytes)
    return target


def _fetch(url: str, part: Path, pinned: PinnedFile, progress: Progress) -> None:
    """Fetch until all bytes are there; a cut-off transfer is taken up where it stopped."""
    problem = ""
    for _ in range(TRIES):
        problem = _take_up(url, part, pinned, progress)
        there = part.stat().st_size if part.exists() else 0
        if there == pinned.bytes:
            break
    else:
        kept = f"; {there} of {pinned.bytes} bytes are kept, run it again to go on" if there else ""
        raise Unavailable(f"cannot get {url}: {problem}{kept}; or fetch it by hand into {part.parent}")
    if (found := _sha256(part)) != pinned.sha256:
        part.unlink()
        raise Unavailable(
            f"{url} is not the file it should be: its SHA-256 is {found}, not {pinned.sha256}; what came was deleted"
        )


def _take_up(url: str, part: Path, pinned: PinnedFile, progress: Progress) -> str:
    """Ask for what is missing and append it; return what went wrong, empty if nothing."""
    there = part.stat().st_size if part.exists() else 0
    if there > pinned.bytes:
        part.unlink()
        there = 0
    headers = {"User-Agent": "podlore", **({"Range": f"bytes={there}-"} if there else {})}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 -- the scheme was checked
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            is_rest = answer.status == PARTIAL_CONTENT
            return _append(answer, part, pinned, progress, mode="ab" if is_rest else "wb")
    except urllib.error.HTTPError as error:
        if error.code == RANGE_NOT_SATISFIABLE:
            part.unlink()
        return f"the server says {error.code} {error.reason}"
    except urllib.error.URLError as error:
        return f"{urlsplit(url).netloc} cannot be reached ({error.reason}); are you offline?"
    except TimeoutError:
        return f"no word from {urlsplit(url).netloc} for {TIMEOUT_SECONDS:g} s"


def _append(answer: http.client.HTTPResponse, part: Path, pinned: PinnedFile, progress: Progress, *, mode: str) -> str:
    try:
        with part.open(mode) as file:
            while block := answer.read(BLOCK_BYTES):
                file.write(block)
                if file.tell() > pinned.bytes:
                    return "more bytes came than the file has"
                progress(file.tell())
    except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
        return f"the transfer was cut off ({type(error).__name__})"
    return "" if part.stat().st_size == pinned.bytes else "the transfer was cut off"


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
