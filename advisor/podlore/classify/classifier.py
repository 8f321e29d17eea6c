"""Classify texts by a linear model over terms, in plain dictionaries and arrays: no learning library at run time.

In: texts made by `text_of`. Out: `Classified`. The arrays come from a model file (`podlore.classify.model_file`), where
training has put them; a template that was met before is answered from a cache.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from podlore.classify.cause_terms import CauseTerms
from podlore.classify.terms import labels_and_words, parts, word_terms
from podlore.vocabulary import EventClass

FloatArray = NDArray[np.float32]
CACHE_TEMPLATES, CACHE_CHARS = 50_000, 512
"""What the cache holds at most: so many templates of so many characters."""


@dataclass(frozen=True, slots=True)
class Classified:
    """A class with its probability, and the probability of every class."""

    event_class: EventClass
    probability: float
    probability_by_class: Mapping[EventClass, float]


@dataclass(frozen=True)
class TermModel:
    """One kind of term: what each term is worth, as (n_terms,) idf and (n_terms, n_classes) coefficients."""

    terms: tuple[str, ...]
    idf: FloatArray
    coefficients: FloatArray

    @cached_property
    def index(self) -> Mapping[str, int]:
        """The row of each term."""
        return {term: row for row, term in enumerate(self.terms)}

    def scores(self, terms: Iterable[str]) -> FloatArray:
        """Return what the terms of one text add to each class: sublinear tf-idf of unit length times coefficients."""
        index = self.index
        count_by_row = Counter(row for term in terms if (row := index.get(term)) is not None)
        if not count_by_row:
            return np.zeros(self.coefficients.shape[1], np.float32)
        rows = np.fromiter(count_by_row, np.intp, len(count_by_row))
        counts = np.fromiter(count_by_row.values(), np.float32, len(count_by_row))
        values = (1 + np.log(counts)) * self.idf[rows]
        worth: FloatArray = values @ self.coefficients[rows] / np.sqrt(values @ values)
        return worth


@dataclass(frozen=True)
class Classifier:
    """A trained model; `podlore.classify.load` makes one.

    ``temperature`` above 1 says that the scores were too sure of themselves on held-out families of templates.
    """

    classes: tuple[EventClass, ...]
    words: TermModel
    parts: TermModel
    intercept: FloatArray
    temperature: float
    version: str = ""
    marker: CauseTerms | None = None
    _seen: dict[str, Classified] = field(default_factory=dict, repr=False, compare=False)

    def predict(self, texts: Sequence[str]) -> list[Classified]:
        """Return class and probabilities of each text, in order.

        A text is looked up by its words first: the same template with other numbers is the same answer.
        """
        return [self._cached(text) for text in texts]

    def causes(self, message: str) -> tuple[str, ...]:
        """Return the words of a masked message that name the cause of its problem; none where no marker is there."""
        return self.marker.find(message) if self.marker else ()

    def logits(self, text: str) -> FloatArray:
        """Return the score of each class before calibration."""
        _, words = labels_and_words(text)
        in_parts = [part for word in words for part in parts(word)]
        return self.intercept + self.words.scores(word_terms(text)) + self.parts.scores(in_parts)

    def _cached(self, text: str) -> Classified:
        labels, words = labels_and_words(text)
        template = " ".join((*labels, "|", *words))
        found = self._seen.get(template)
        if found is None:
            found = self._classify(text)
            if len(self._seen) >= CACHE_TEMPLATES:
                self._seen.clear()
            if len(template) <= CACHE_CHARS:
                self._seen[template] = found
        return found

    def _classify(self, text: str) -> Classified:
        scores = self.logits(text).astype(np.float64) / self.temperature
        chances = np.exp(scores - scores.max())
        chances /= chances.sum()
        best = int(chances.argmax())
        by_class = {event_class: float(chance) for event_class, chance in zip(self.classes, chances, strict=True)}
        return Classified(self.classes[best], float(chances[best]), by_class)
