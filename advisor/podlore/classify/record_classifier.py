"""Classify records as they arrive, most of them without cleaning, masking or cutting them: by the shape they share.

In: records of the readers, raw. Out: `Classified`. Called by ``podlore classify`` and benchmarks; a stream of many
lines has few shapes, and a shape that was met before is one look into a dictionary.
"""

import re
from dataclasses import dataclass, field

from podlore.classify.classifier import Classified, Classifier
from podlore.classify.text_of import text_of
from podlore.events.normalize import normalize
from podlore.events.record import LogRecord
from podlore.vocabulary import EventClass

SHAPES, SHAPE_CHARS = 50_000, 1_024
"""How many shapes are kept, of so many characters at most."""

_NUMBERS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|\d{4,}")  # bounded and without nesting: linear in any text


def shape(message: str) -> str:
    """Return a message with its long numbers and network addresses made alike; short numbers, as of exit codes, stay.

    >>> shape("pid 48213 on 10.0.0.7 exited with 137") == shape("pid 5117 on 10.0.0.12 exited with 137")
    True
    >>> shape("exited with 137") == shape("exited with 1")
    False
    """
    return _NUMBERS.sub("0000", message)


@dataclass(frozen=True)
class RecordClassifier:
    """A classifier of records with a memory for shapes."""

    classifier: Classifier
    _by_shape: dict[tuple[str, ...], Classified] = field(default_factory=dict, repr=False, compare=False)

    @property
    def classes(self) -> tuple[EventClass, ...]:
        """The classes, in the order of their probabilities."""
        return self.classifier.classes

    def causes(self, message: str) -> tuple[str, ...]:
        """Return the words of a masked message that name the cause of its problem."""
        return self.classifier.causes(message)

    def classify(self, record: LogRecord) -> Classified:
        """Return the class of a record as a reader gave it."""
        message = record.message
        if len(message) > SHAPE_CHARS:
            return self.normalized(normalize(record))
        labels = (record.facility, record.service, record.component, record.severity, record.reason)
        key = (*labels, _NUMBERS.sub("0000", message))
        found = self._by_shape.get(key)
        if found is None:
            found = self.normalized(normalize(record))
            if len(self._by_shape) >= SHAPES:
                self._by_shape.clear()
            self._by_shape[key] = found
        return found

    def normalized(self, record: LogRecord) -> Classified:
        """Return the class of a record that has passed the door already."""
        return self.classifier.predict([text_of(record)])[0]
