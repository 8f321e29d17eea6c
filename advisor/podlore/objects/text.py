"""Text from a cluster made safe to keep and to print: bounded, without control characters. Called by every reader."""

from collections.abc import Mapping

MESSAGE_BYTES_MAX = 1024
ENTRIES_MAX = 128

# A copy of the whole object, environment included: never kept.
_COPIES = frozenset({"kubectl.kubernetes.io/last-applied-configuration", "kapp.k14s.io/original"})


def clean(text: str | None, bytes_max: int = MESSAGE_BYTES_MAX) -> str:
    r"""Return text of at most ``bytes_max`` UTF-8 bytes; what a terminal would obey becomes a space.

    >>> clean("back-off\x1b[2J 5m0s"), clean("ä" * 5, bytes_max=3)
    ('back-off [2J 5m0s', 'ä')
    """
    if not text:
        return ""
    if len(text) > bytes_max or not text.isascii():
        text = text[:bytes_max].encode("utf-8", "replace")[:bytes_max].decode("utf-8", "ignore")
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in "\n\t" else " " for char in text)


def clean_map(entries: Mapping[str, str] | None) -> dict[str, str]:
    """Return labels or annotations worth keeping: at most 128 short, printable values, the first by key.

    A value that is a document (JSON, or more than 1 KiB) is left out whole: it may hold a copy of the object with its
    environment, and half a document says nothing.

    >>> clean_map({"team": "vision", "kubectl.kubernetes.io/last-applied-configuration": "{...}"})
    {'team': 'vision'}
    """
    kept = {key: value for key, value in (entries or {}).items() if _is_plain(key, value)}
    return kept if len(kept) <= ENTRIES_MAX else dict(sorted(kept.items())[:ENTRIES_MAX])


def _is_plain(key: str, value: str) -> bool:
    return (
        len(value) <= MESSAGE_BYTES_MAX
        and value[:1] not in ("{", "[")
        and key not in _COPIES
        and len(key) <= MESSAGE_BYTES_MAX
        and key.isprintable()
        and value.isprintable()
    )
