"""What podlore remembers beyond a restart, as bytes: bounded, and trusted no more than any other input.

`pack` and `unpack` are pure; ``podlore_operator.state_store`` keeps the bytes in a ConfigMap.
"""

import base64
import binascii
import gzip
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import msgspec

from podlore.clock import Clock
from podlore.errors import BadInput
from podlore.impact.day_samples import GpuSample
from podlore.policy import Policy
from podlore.snapshot import History
from podlore.vocabulary import Failure, Given, Outcome, Start

VERSION = 1
KEY = "state.json.gz"
BYTES_MAX = 512 * 1024
PACKED_BYTES_MAX = (BYTES_MAX - 8192) * 3 // 4
"""What base64 and the object around it leave of the bound."""
UNPACKED_BYTES_MAX = 64 * 1024 * 1024
_Item = TypeVar("_Item", Start, Failure, Given, Outcome)


@dataclass(frozen=True, slots=True)
class Remembered:
    """All that outlives a process beside the objects themselves and Prometheus.

    ``silences`` says for how many seconds each advice had not been found, ``observed_since`` when watching began,
    ``policy`` is the last good one: a bad one may have taken its place since, ``samples`` are for the day's report. The
    clock's scale and anchor are kept, since trace times mean nothing under another clock.
    """

    history: History = field(default_factory=History)
    silences: Mapping[str, float] = field(default_factory=dict)
    observed_since: float | None = None
    scale: float = 1.0
    anchor: float = 0.0
    version: int = VERSION
    policy: Policy | None = None
    samples: tuple[GpuSample, ...] = ()

    def fits(self, clock: Clock) -> bool:
        """Say whether its times are those of this clock."""
        return self.scale == clock.scale and (clock.scale == 1.0 or self.anchor == clock.anchor)


def pack(remembered: Remembered, bytes_max: int = PACKED_BYTES_MAX) -> bytes:
    """Return the memory as compressed JSON of at most ``bytes_max``; the oldest history gives way.

    >>> unpack(pack(Remembered(silences={"vision/a": 60.0}))).silences
    {'vision/a': 60.0}
    """
    while len(packed := gzip.compress(msgspec.json.encode(remembered), 6, mtime=0)) > bytes_max:
        if remembered.history == History():
            return pack(replace(remembered, silences={}), bytes_max)
        share = min(0.9, bytes_max / len(packed))
        remembered = replace(remembered, history=_shorter(remembered.history, share))
    return packed


def unpack(packed: bytes) -> Remembered:
    """Return what was packed.

    Raises
    ------
    BadInput
        If it is anything else: cut off, not podlore's, of another version, or too large when unpacked.
    """
    try:
        remembered = msgspec.json.decode(_decompressed(packed), type=Remembered)
    except (zlib.error, msgspec.DecodeError, RecursionError, ValueError) as error:
        raise BadInput(f"the stored state is not podlore's, it is ignored: {error}") from None
    if remembered.version != VERSION:
        raise BadInput(f"the stored state has version {remembered.version}, not {VERSION}: it is ignored")
    return replace(
        remembered,
        silences={key: seconds for key, seconds in remembered.silences.items() if math.isfinite(seconds)},
    )


def content_of(configmap: Mapping[str, Any]) -> bytes | None:
    """Return the packed memory in a ConfigMap, None where there is none; foreign content is a `BadInput`."""
    data = configmap.get("binaryData")
    text = data.get(KEY) if isinstance(data, Mapping) else None
    if text is None:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise BadInput("the stored state is not podlore's, it is ignored: no base64") from None


def _decompressed(packed: bytes) -> bytes:
    decompressor = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    content = decompressor.decompress(packed, UNPACKED_BYTES_MAX)
    if not decompressor.eof:
        raise ValueError(f"it is cut off, or unpacks to more than {UNPACKED_BYTES_MAX} bytes")
    return content


def _shorter(history: History, share: float) -> History:
    """Keep the newest share of what is many and soon old; what was given and what came of it goes last."""
    if history.starts or history.failures:
        return replace(history, starts=_newest(history.starts, share), failures=_newest(history.failures, share))
    return replace(history, given=_newest(history.given, share), outcomes=_newest(history.outcomes, share))


def _newest(items: tuple[_Item, ...], share: float) -> tuple[_Item, ...]:
    return items[len(items) - int(len(items) * share) :]
