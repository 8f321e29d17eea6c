"""What KWOK and Prometheus need to know of the cluster they stand beside, whichever way of the lab made it."""

from pathlib import Path
from typing import Protocol

from podlore_lab.folder import LabFolder
from podlore_lab.ports import Ports


class Plane(Protocol):
    """A control plane of the lab's own, or kind's."""

    @property
    def folder(self) -> LabFolder:
        """Where the lab's files are."""

    @property
    def ports(self) -> Ports:
        """Where its servers listen."""

    @property
    def programs(self) -> Path:
        """Where the programs are."""

    @property
    def kwok_kubeconfig(self) -> Path:
        """Who KWOK is."""
