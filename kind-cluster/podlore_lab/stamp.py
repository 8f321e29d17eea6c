"""A checksum beside each program that was built, so that a broken one is noticed before it is run."""

import hashlib
import json
from pathlib import Path


def write_stamp(program: Path) -> None:
    """Write down what this program is."""
    stamp = {"sha256": _sha256(program), "bytes": program.stat().st_size, "modified_ns": program.stat().st_mtime_ns}
    draft = program.with_name(f"{program.name}.stamp.part")
    draft.write_text(json.dumps(stamp))
    draft.replace(_stamp_of(program))


def is_intact(program: Path, *, thorough: bool = False) -> bool:
    """Tell whether the program is the one whose stamp was written.

    Its bytes are read if its size or time of change differs from the stamp, and always if ``thorough``: eight programs
    take two seconds, too long for every start of a lab.
    """
    try:
        stamp = json.loads(_stamp_of(program).read_text())
        status = program.stat()
        if status.st_size != stamp["bytes"]:
            return False
        unchanged = status.st_mtime_ns == stamp["modified_ns"]
        return (unchanged and not thorough) or _sha256(program) == stamp["sha256"]
    except (OSError, ValueError, KeyError, TypeError):  # no stamp, or one that was cut off, is a broken program
        return False


def _stamp_of(program: Path) -> Path:
    return program.with_name(f"{program.name}.stamp")


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
