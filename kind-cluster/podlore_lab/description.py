"""What a lab's folder says of it, for whoever finds it later."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from podlore_lab.ports import Ports


@dataclass(frozen=True, slots=True)
class LabDescription:
    """What a lab's folder says of it, for whoever finds it later."""

    name: str
    created_at: float
    programs: str
    ports: Ports

    @classmethod
    def read(cls, file: Path) -> "LabDescription":
        """Read what `write` wrote."""
        content = json.loads(file.read_text())
        return cls(**{**content, "ports": Ports(**content["ports"])})

    def write(self, file: Path) -> None:
        """Write it down for `read`."""
        file.write_text(json.dumps(asdict(self), indent=1))
