"""Mark the words of a message that name the cause of its problem: a linear model over tokens, and their best runs.

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
from math import inf
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

COLUMNS = 1 << 16
MOST_TOKENS, MOST_CAUSES = 200, 2
WORTH_TELLING = 0.6
"""What a second run's sum must be beside the first one's."""
REMEMBERED = 4_096
"""Of so many messages the causes are kept."""
_TOKENS = re.compile(r"<[a-z]{2,8}>|\w+(?:[-'/]\w+)*|[^\w\s]")
_DIGITS = re.compile(r"\d")
_GLUE = frozenset("-_./'=:,()<>")
_MARKS = _GLUE | frozenset('[]{}";|*')
_BREAKS = frozenset(":=\"'(;,.|-")


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


def columns_of(tokens: Sequence[Token], at: int) -> Iterator[int]:
    """Yield the columns of a token's features: itself, what stands around it, and where in the message it stands."""

    def shape(place: int) -> str:
        return tokens[place].shape if 0 <= place < len(tokens) else "."

    word, before, after = shape(at), shape(at - 1), shape(at + 1)
    colons = min(3, sum(token.shape == ":" for token in tokens[at:]))
    since = next((back for back in range(1, 9) if at < back or shape(at - back) in _BREAKS), 9)
    for feature in (
        "1",
        f"w {word}",
        f"b {before}",
        f"a {after}",
        f"bw {before} {word}",
        f"wa {word} {after}",
        f"bb {shape(at - 2)} {before}",
        f"bbb {before} {shape(at - 2)} {shape(at - 3)}",
        f"aa {after} {shape(at + 2)}",
        f"e {word[-3:]}",
        f"k {word[:3]}",
        f"p {min(at, 4)} {len(tokens) // 8}",
        f"n {min(len(tokens) - at, 8)}",
        f"c {colons}",
        f"cw {colons} {word}",
        f"s {since}",
        f"sc {since} {min(colons, 2)}",
        f"d {word.isalpha()} {colons == 0}",
    ):
        yield crc32(feature.encode()) % COLUMNS


@dataclass(frozen=True)
class CauseTerms:
    """The trained marker; ``weights`` has `COLUMNS` numbers, ``ease`` is added to the score of every token."""

    weights: NDArray[np.float32]
    ease: float = 0.0

    @cached_property
    def _weights(self) -> list[float]:
        return [float(weight) for weight in self.weights]

    def scores(self, tokens: Sequence[Token]) -> list[float]:
        """Return how much speaks for each token being part of the cause."""
        weights = self._weights
        return [sum(weights[column] for column in columns_of(tokens, at)) for at in range(len(tokens))]

    def marks(self, tokens: Sequence[Token]) -> list[bool]:
        """Return for each token whether it belongs to a cause: the run with the highest sum of scores, and the next."""
        scores = [score + self.ease for score in self.scores(tokens)]
        marked, first = [False] * len(tokens), 0.0
        for _ in range(MOST_CAUSES):
            start, stop, worth = _best_run(scores)
            if worth <= first * WORTH_TELLING:
                break
            first = first or worth
            scores[start:stop] = [-inf] * (stop - start)
            while start < stop and tokens[start].shape in _MARKS:
                start += 1
            while start < stop and tokens[stop - 1].shape in _MARKS:
                stop -= 1
            marked[start:stop] = [True] * (stop - start)
        return marked

    def find(self, message: str) -> tuple[str, ...]:
        """Return the runs of words that name the cause, in order, two at most.

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


def _best_run(scores: Sequence[float]) -> tuple[int, int, float]:
    """Return the start, the stop and the sum of the run with the highest sum; an empty run where none is above zero.

    >>> _best_run([-1.0, 2.0, -0.5, 3.0, -9.0])
    (1, 4, 4.5)
    """
    start, stop, highest, begin, running = 0, 0, 0.0, 0, 0.0
    for at, score in enumerate(scores):
        if running <= 0:
            begin, running = at, 0.0
        running += score
        if running > highest:
            start, stop, highest = begin, at + 1, running
    return start, stop, highest


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
