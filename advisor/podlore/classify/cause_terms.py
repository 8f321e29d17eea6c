"""Mark the words of a message that name the cause of its problem: a linear model over tokens, read from left to right.

In: a masked message. Out: the marked runs of words. Trained by ``podlore.classify.cause_training`` on generated
messages, whose vocabularies mark the cause; used by ``podlore classify`` and wherever a person is to see why. The
features of a token are hashed into one array of weights, so the file is small and holds numbers alone.

References
----------
Collins, "Discriminative Training Methods for Hidden Markov Models", EMNLP 2002 (the averaged perceptron).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

COLUMNS = 1 << 16
MOST_TOKENS, MOST_CAUSES = 200, 3
REMEMBERED = 4_096
"""Of so many messages the causes are kept."""
_TOKENS = re.compile(r"<[a-z]{2,8}>|\w+(?:[-'/]\w+)*|[^\w\s]")
_DIGITS = re.compile(r"\d")
_GLUE = frozenset("-_./'=:,()<>")


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a mark with its place in the message; ``shape`` is in lower case, digits as 0."""

    shape: str
    start: int
    stop: int


def tokens_of(message: str) -> list[Token]:
    """Cut a message into words and single marks.

    >>> [token.shape for token in tokens_of("disk sda1: I/O error")]
    ['disk', 'sda0', ':', 'i/o', 'error']
    """
    found: list[Token] = []
    for match in _TOKENS.finditer(message):
        if len(found) == MOST_TOKENS:
            break
        found.append(Token(_DIGITS.sub("0", match.group().lower())[:24], match.start(), match.end()))
    return found


def columns_of(tokens: Sequence[Token], at: int, marked_before: bool) -> Iterator[int]:
    """Yield the columns of a token's features: itself, its neighbours, its ending, whether the last was marked."""

    def shape(place: int) -> str:
        return tokens[place].shape if 0 <= place < len(tokens) else "."

    word, before, after = shape(at), shape(at - 1), shape(at + 1)
    state = "+" if marked_before else "-"
    for feature in (
        f"w {word}",
        f"b {before}",
        f"a {after}",
        f"bw {before} {word}",
        f"wa {word} {after}",
        f"bb {shape(at - 2)} {before}",
        f"aa {after} {shape(at + 2)}",
        f"e {word[-3:]}",
        f"s {state}",
        f"sw {state} {word}",
        f"sb {state} {before}",
        f"p {min(at, 4)} {len(tokens) // 8}",
    ):
        yield crc32(feature.encode()) % COLUMNS


@dataclass(frozen=True)
class CauseTerms:
    """The trained marker; ``weights`` has `COLUMNS` numbers."""

    weights: NDArray[np.float32]

    @cached_property
    def _weights(self) -> list[float]:
        return [float(weight) for weight in self.weights]

    def marks(self, tokens: Sequence[Token]) -> list[bool]:
        """Return for each token whether it belongs to the cause."""
        marked: list[bool] = []
        weights = self._weights
        for at in range(len(tokens)):
            score = sum(weights[column] for column in columns_of(tokens, at, bool(marked and marked[-1])))
            marked.append(score > 0)
        return marked

    def find(self, message: str) -> tuple[str, ...]:
        """Return the runs of words that name the cause, in order, three at most.

        >>> CauseTerms(np.zeros(COLUMNS, np.float32)).find("dial tcp: lookup <host> on <ip>:53: no such host")
        ()
        """
        return self._remembered(message)

    @cached_property
    def _remembered(self) -> Callable[[str], tuple[str, ...]]:
        return lru_cache(REMEMBERED)(self._find)

    def _find(self, message: str) -> tuple[str, ...]:
        tokens = tokens_of(message)
        return tuple(message[start:stop] for start, stop in spans(tokens, self.marks(tokens)))[:MOST_CAUSES]


def spans(tokens: Sequence[Token], marks: Sequence[bool]) -> list[tuple[int, int]]:
    """Return the places of runs of marked tokens in the message; a run of nothing but marks is none."""
    found: list[tuple[int, int]] = []
    run: list[Token] = []
    for token, marked in [*zip(tokens, marks, strict=True), (None, False)]:
        if marked and token is not None:
            run.append(token)
        elif run:
            if any(one.shape not in _GLUE for one in run):
                found.append((run[0].start, run[-1].stop))
            run = []
    return found
