"""The ways in which a request to an API server goes wrong that a healthy one cannot be asked for."""

from dataclasses import dataclass
from enum import StrEnum


class Stream(StrEnum):
    """What happens to a watch after its good headers."""

    SILENT = "silent"  # half-open: nothing is ever sent, and the line stays up
    ENDED = "ended"  # the server ends it at once
    CUT = "cut"  # the connection breaks in the middle of the first event
    TWICE = "twice"  # every event is sent twice
    GARBAGE = "garbage"  # the first line is no JSON


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong with one request.

    ``status`` answers with that HTTP status, ``in_stream`` with an ERROR event of that code, ``stream`` does what it
    says, ``body`` answers 200 with these bytes, and ``reset`` drops the connection without an answer.
    """

    status: int = 0
    retry_after_seconds: int = 0
    in_stream: int = 0
    stream: Stream | None = None
    body: bytes | None = None
    reset: bool = False
