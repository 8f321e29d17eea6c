"""Cut a text into the terms that models count: labels, words, pairs of words, and parts of words.

Linear in the text and without a regular expression. Words are runs of letters and digits, split again where a capital
starts (``OutOfMemoryError``); numbers of four digits or more and words with digits in them lose which number it was,
short numbers (exit codes, HTTP statuses, Xids) stay.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

LABEL_SEPARATOR = " | "
LONGEST_WORD = 24
MOST_WORDS = 256
_SHORT_NUMBER = 3
_PARTS = (3, 4, 5)
_MORE_THAN_ASCII = 128


class _Breaks(dict[int, int | str]):
    """A table for `str.translate`: what is neither letter nor digit becomes a blank."""

    def __missing__(self, code: int) -> int | str:
        self[code] = value = code if chr(code).isalnum() and code < _MORE_THAN_ASCII else " "
        return value


_BREAKS = _Breaks()


def labels_and_words(text: str) -> tuple[list[str], list[str]]:
    """Return the ``key=value`` labels of a text and the words of its message, in order.

    >>> labels_and_words("service=kubelet | OOMKilled: exit code 137, pid 48213")
    (['service=kubelet'], ['oom', 'killed', 'exit', 'code', '137', 'pid', '0000'])
    """
    head, found, body = text.partition(LABEL_SEPARATOR)
    labels = [label.lower() for label in head.split()] if found else []
    words: list[str] = []
    for token in (body if found else text).translate(_BREAKS).split()[:MOST_WORDS]:
        words.extend(_pieces(token[: 2 * LONGEST_WORD]))
    return labels, words


def word_terms(text: str) -> list[str]:
    """Return labels, words and pairs of neighbouring words.

    >>> word_terms("severity=error | disk full")
    ['severity=error', 'disk', 'full', 'disk full']
    """
    labels, words = labels_and_words(text)
    return [*labels, *words, *(f"{left} {right}" for left, right in pairwise(words))]


def part_terms(text: str) -> list[str]:
    """Return the parts of three to five characters of every word, its edges marked by a blank.

    >>> part_terms("oom")
    [' oo', 'oom', 'om ', ' oom', 'oom ', ' oom ']
    """
    return [part for word in labels_and_words(text)[1] for part in parts(word)]


@lru_cache(maxsize=65_536)
def parts(word: str) -> tuple[str, ...]:
    """Return the parts of one word."""
    edged = f" {word} "
    return tuple(edged[at : at + size] for size in _PARTS for at in range(len(edged) - size + 1))


@lru_cache(maxsize=65_536)
def _pieces(token: str) -> tuple[str, ...]:
    if token.isdecimal():
        return (token if len(token) <= _SHORT_NUMBER else "0000",)
    if any(character.isdigit() for character in token):
        return (_shape(token.lower()),)
    return tuple(piece[:LONGEST_WORD].lower() for piece in _camel(token))


def _shape(token: str) -> str:
    """Return a word with each digit as 0; a long hexadecimal number as ``0x``."""
    if len(token) > _SHORT_NUMBER and all(character in "0123456789abcdefx" for character in token):
        return "0x"
    return "".join("0" if character.isdigit() else character for character in token)[:LONGEST_WORD]


def _camel(token: str) -> Iterator[str]:
    """Split where a capital follows a small letter, and before the last capital of a run that a small one follows."""
    start = 0
    for at in range(1, len(token)):
        rises = token[at].isupper() and token[at - 1].islower()
        ends_run = token[at].isupper() and token[at - 1].isupper() and token[at + 1 : at + 2].islower()
        if (rises or ends_run) and at - start > 1:
            yield token[start:at]
            start = at
    yield token[start:]
