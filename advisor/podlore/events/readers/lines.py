"""Cut a stream of bytes of unknown origin into lines of text, each bounded, whatever the stream holds."""

import codecs
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from podlore.events.clean import decode

LINE_BYTES = 1 << 20
"""What is kept of one line; the rest of a longer one is read past and counted."""

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def lines(stream: BinaryIO, skipped: Counter[str], longest: int = LINE_BYTES) -> Iterator[str]:
    r"""Yield the lines of a stream without their ends; what is beyond ``longest`` bytes is cut, counted in ``skipped``.

    >>> from io import BytesIO
    >>> list(lines(BytesIO(b"caf\xe9\r\n\nna\xc3\xafve"), Counter()))
    ['café', '', 'naïve']
    """
    first = stream.readline(longest)
    if first.startswith(_UTF16):
        yield from _wide(first, stream, skipped, longest)
        return
    raw = first
    while raw:
        whole = raw.endswith(b"\n") or len(raw) < longest
        yield decode(raw).rstrip("\r\n")
        if not whole:
            skipped["rest of a long line"] += 1
            _skip_line(stream)
        raw = stream.readline(longest)


def _skip_line(stream: BinaryIO) -> None:
    while (raw := stream.readline(LINE_BYTES)) and not raw.endswith(b"\n"):
        pass


def _wide(first: bytes, stream: BinaryIO, skipped: Counter[str], longest: int) -> Iterator[str]:
    """Read UTF-16, whose line ends cannot be found in bytes."""
    decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")
    rest = ""
    chunk = first
    while chunk:
        *whole, rest = (rest + decoder.decode(chunk)).split("\n")
        yield from (line.rstrip("\r") for line in whole)
        if len(rest) > longest:
            skipped["rest of a long line"] += 1
            yield rest[:longest]
            rest = ""
        chunk = stream.read(LINE_BYTES)
    if rest:
        yield rest.rstrip("\r")
