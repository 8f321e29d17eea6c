"""Where the files of one lab lie, and where the labs of this user lie."""

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from podlore.errors import BadInput, Unavailable


@dataclass(frozen=True, slots=True)
class LabFolder:
    """The folder of one lab; all of it is temporary and for this user only."""

    path: Path

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.path / "admin.kubeconfig"

    @property
    def certificates(self) -> Path:
        """The certificate authority and all certificates."""
        return self.path / "certificates"

    @property
    def audit_log(self) -> Path:
        """The API server's audit log, one JSON event a line."""
        return self.path / "audit.log"

    @property
    def scrape_targets(self) -> Path:
        """One file a job; Prometheus watches them."""
        return self.path / "scrape-targets"

    @property
    def description(self) -> Path:
        """What runs here: name, ports, programs."""
        return self.path / "lab.json"

    def create(self) -> "LabFolder":
        """Make the folder and those inside it, readable by nobody else."""
        self.path.mkdir(mode=0o700, parents=True)
        for inside in (self.certificates, self.scrape_targets, self.path / "logs", self.path / "service-accounts"):
            inside.mkdir(mode=0o700)
        return self


LAB_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")


def lab_folder(name: str) -> LabFolder:
    """Return the folder of the lab with this name.

    >>> lab_folder("../home")
    Traceback (most recent call last):
    podlore.errors.BadInput: lab name '../home': use up to 40 small letters, digits and dashes
    """
    if not LAB_NAME.fullmatch(name):
        raise BadInput(f"lab name {name[:80]!r}: use up to 40 small letters, digits and dashes")
    return LabFolder(labs_root() / name)


def labs_root() -> Path:
    """Return the folder of this user's labs, ``$PODLORE_LABS`` or one in the system's temporary folder.

    Raises
    ------
    Unavailable
        If somebody else owns it: what lies there is not trusted.
    """
    chosen = os.environ.get("PODLORE_LABS")
    root = Path(chosen) if chosen else Path(tempfile.gettempdir()) / f"podlore-labs-{os.getuid()}"
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"{root}: {error.strerror}; set PODLORE_LABS to a folder of your own") from error
    if root.stat().st_uid != os.getuid():
        raise Unavailable(f"{root} belongs to another user; set PODLORE_LABS to a folder of your own")
    return root
