"""Cut a text into the word pieces that BERT-like models were trained on: lower case, punctuation apart, longest first.

In: a text and a model's vocabulary. Out: numbers of pieces. Called by `podlore.classify.models.minilm`.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from podlore.errors import BadInput

LONGEST_WORD = 100


class WordPiece:
    """A tokenizer of one vocabulary: a piece a line, ``##`` before those that continue a word."""

    def __init__(self, number_by_piece: Mapping[str, int]) -> None:
        missing = {"[CLS]", "[SEP]", "[UNK]", "[PAD]"} - set(number_by_piece)
        if missing:
            raise BadInput(f"the vocabulary has no {', '.join(sorted(missing))}: it is not one of a BERT model")
        self.number_by_piece = number_by_piece
        self._word = lru_cache(maxsize=100_000)(self._pieces)

    @classmethod
    def read(cls, file: Path) -> "WordPiece":
        """Read ``vocab.txt``."""
        return cls({piece: number for number, piece in enumerate(file.read_text(encoding="utf-8").splitlines())})

    def numbers(self, text: str, most: int) -> list[int]:
        """Return the numbers of a text's pieces between those of its start and end, ``most`` in all.

        >>> pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "disk", "full", "##s", "!"]
        >>> WordPiece({piece: number for number, piece in enumerate(pieces)}).numbers("Disks full!", 8)
        [2, 4, 6, 5, 7, 3]
        """
        found = [self.number_by_piece["[CLS]"]]
        for word in _words(text):
            found.extend(self._word(word))
            if len(found) >= most:
                break
        return [*found[: most - 1], self.number_by_piece["[SEP]"]]

    def _pieces(self, word: str) -> tuple[int, ...]:
        unknown = (self.number_by_piece["[UNK]"],)
        if len(word) > LONGEST_WORD:
            return unknown
        found: list[int] = []
        start = 0
        while start < len(word):
            stop = len(word)
            mark = "##" if start else ""
            while stop > start and (number := self.number_by_piece.get(mark + word[start:stop])) is None:
                stop -= 1
            if stop == start or number is None:
                return unknown
            found.append(number)
            start = stop
        return tuple(found)


def _words(text: str) -> Iterator[str]:
    """Yield words and single punctuation marks, in lower case and without accents."""
    plain = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(c) != "Mn")
    return iter("".join(f" {c} " if _is_mark(c) else c for c in plain).split())


def _is_mark(character: str) -> bool:
    if character.isascii():
        return character.isprintable() and not character.isalnum() and character != " "
    return unicodedata.category(character).startswith("P")
