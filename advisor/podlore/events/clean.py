"""Bring hostile text to a bounded, printable form before anything else looks at it: the first step at the door."""

import unicodedata

import re2

MESSAGE_CHARS = 4_096
"""What is kept of a message; the head names the problem, and nothing downstream needs more."""

FIELD_CHARS = 253
"""What is kept of any other field: the longest name Kubernetes allows."""

_READ_AHEAD = 8
_ESCAPES = re2.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_BLANKS = re2.compile(r"\s+")


def decode(raw: bytes) -> str:
    r"""Decode bytes of unknown origin: by their byte order mark, else UTF-8, else Latin-1.

    >>> decode(b"caf\xe9"), decode("naïve".encode("utf-16"))
    ('café', 'naïve')
    """
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def clean(text: str, limit: int = MESSAGE_CHARS) -> str:
    r"""Return one printable line of at most ``limit`` characters.

    Terminal escapes and control characters go, blanks collapse, lone surrogates become ``?``. A cut falls between
    words where it can, so that no half of a secret is left which a mask would no longer recognize.

    >>> clean("\x1b[31mpanic\x1b[0m:\x00 oops\n")
    'panic: oops'
    >>> clean("one two three", limit=9)
    'one two'
    """
    head = text[: limit * _READ_AHEAD].encode("utf-8", errors="replace").decode("utf-8")
    visible = "".join(map(_visible, head)) if not head.isprintable() else head
    line = _BLANKS.sub(" ", _ESCAPES.sub("", visible).replace("\x1b", "")).strip()
    return line if len(line) <= limit and len(head) == len(text) else _cut(line, limit)


def _visible(character: str) -> str:
    if character.isprintable() or character == "\x1b":
        return character
    return " " if character.isspace() or unicodedata.category(character) == "Cc" else ""


def _cut(line: str, limit: int) -> str:
    head = line[:limit]
    at_word = head.rfind(" ")
    return head if at_word < limit // 2 else head[:at_word].rstrip()
