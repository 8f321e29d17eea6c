"""Which part of ``requirements.lock`` the operator's image holds: what podlore itself needs, without the extras.

``requirements-operator.lock`` is what ``python -m podlore_lab.kind.operator_lock`` prints; a test keeps both in step.
"""

import re
import sys
from importlib.metadata import requires
from pathlib import Path
from typing import Any

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+).*?(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
HEADER = (
    "# Made from requirements.lock by `python -m podlore_lab.kind.operator_lock`; the operator's image holds this.\n"
)


def entries(lock: str) -> dict[str, str]:
    r"""Return the entries of a lock file by canonical name, each with its hashes and no comment.

    >>> entries("A_b==1 \\\n    --hash=sha256:00\n    # via c\nd==2\n")
    {'a-b': 'A_b==1 \\\n    --hash=sha256:00\n', 'd': 'd==2\n'}
    """
    return {
        canonicalize_name(found["name"]): re.sub(r"^\s*#.*\n", "", found[0], flags=re.MULTILINE)
        for found in ENTRY.finditer(lock)
    }


def needed(root: str) -> set[str]:
    """Return the canonical names of all that a package needs on Linux, the package itself left out."""
    environment: dict[str, Any] = {
        **default_environment(),
        "sys_platform": "linux",
        "platform_system": "Linux",
        "python_version": "3.11",
    }
    found: set[str] = set()
    waiting: list[tuple[str, frozenset[str]]] = [(root, frozenset())]
    while waiting:
        name, extras = waiting.pop()
        for line in requires(name) or ():
            wanted = Requirement(line)
            marker = wanted.marker
            asked = any(marker.evaluate({**environment, "extra": extra}) for extra in ("", *extras)) if marker else True
            other = str(canonicalize_name(wanted.name))
            if asked and other not in found:
                found.add(other)
                waiting.append((other, frozenset(wanted.extras)))
    return found


def operator_lock(lock: str) -> str:
    """Return the part of a lock file that the operator needs."""
    names, there = needed("podlore"), entries(lock)
    return HEADER + "".join(there[name] for name in sorted(there) if name in names)


if __name__ == "__main__":
    sys.stdout.write(operator_lock(Path("requirements.lock").read_text()))
