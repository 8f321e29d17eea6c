"""What a job takes from its neighbours: the resource they meet on, and the share of their speed that it costs them.

Readers of traces check it, the lab's exporter plays it. The text form is that of the pod annotation
``lab.podlore.io/presses``: ``cpu:0.4,pcie:0.3``.
"""

from dataclasses import dataclass
from enum import StrEnum

from podlore.errors import BadInput


class Pressed(StrEnum):
    """What pods of a node can meet on."""

    CPU = "cpu"
    IO = "io"
    MEMORY = "memory"
    PCIE = "pcie"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Press:
    """Everybody else on the node loses this share (0-1) of speed on the resource while the job is at work."""

    resource: Pressed
    share: float


def parse_presses(text: str) -> tuple[Press, ...]:
    """Read what a job takes; parts are separated by commas or spaces.

    >>> [(one.resource.value, one.share) for one in parse_presses("cpu:0.4 pcie:0.3")]
    [('cpu', 0.4), ('pcie', 0.3)]

    Raises
    ------
    BadInput
        Where a part is none, or a resource comes twice.
    """
    found = tuple(_press(part) for part in text.replace(",", " ").split())
    if len({one.resource for one in found}) < len(found):
        raise BadInput(f"presses {text[:40]!r} names a resource twice")
    return found


def _press(part: str) -> Press:
    resource, _, share = part.partition(":")
    try:
        found = Press(Pressed(resource), float(share))
    except ValueError:
        raise _refused(part) from None
    if not 0 <= found.share <= 1:
        raise _refused(part)
    return found


def _refused(part: str) -> BadInput:
    return BadInput(f"presses {part[:40]!r} is not RESOURCE:SHARE, such as cpu:0.4; resources: {', '.join(Pressed)}")
