"""The event classifier in use: a model folder comes in, also a changed one while the operator runs; answers leave.

Asked by the advisor's passes, made and watched by ``podlore_operator.runtime``. A changed folder is loaded beside the
model in use, which stays where the new one is no good. How well the model knows what it is asked about shows in two
metrics, the share of texts most of whose words it has never seen and its mean confidence, and in the policy's condition
``EventsKnown``.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Never

from podlore.classify import Classified, Classifier, load
from podlore.classify.model_file import MANIFEST, shipped_folder
from podlore.classify.terms import labels_and_words
from podlore.errors import BadInput
from podlore_operator.serve.telemetry import Telemetry

logger = logging.getLogger(__name__)

LOOK_SECONDS = 10.0
TEXTS_KEPT = 1000
"""Drift is that of the last so many different texts."""
KNOWN_SHARE_MIN = 0.5
"""Of a text's words; one with fewer known words is unseen."""
TEXTS_MIN, UNSEEN_MAX, CONFIDENCE_MIN = 50, 0.5, 0.6
"""From so many texts on it is said whether the model knows them: few are unseen, and its mean confidence is high."""


class WatchedModel:
    """A classifier whose folder may change.

    Parameters
    ----------
    folder
        The model folder; None for the one that ships, without which advice goes on.
    changed
        Called when another model has come into use.

    Raises
    ------
    BadInput
        If a folder was asked for that holds no good model.
    """

    def __init__(self, folder: Path | None, telemetry: Telemetry, changed: Callable[[], None] = lambda: None) -> None:
        self._telemetry = telemetry
        self._changed = changed
        self._classifier: Classifier | None = None
        self._folder: Path | None = None
        self._manifest = b""
        self._texts: dict[str, None] = {}
        self._answers: deque[tuple[bool, float]] = deque(maxlen=TEXTS_KEPT)
        try:
            self._folder = folder or shipped_folder()
            self._use(self._folder, self._read_manifest(self._folder))
        except BadInput as error:
            if folder is not None:
                raise
            logger.warning("advice goes without the event classifier: %s", error)

    @property
    def version(self) -> str:
        """Which model is in use, empty if none is."""
        return self._classifier.version if self._classifier else ""

    def predict(self, texts: Sequence[str]) -> list[Classified]:
        """Return class and probabilities of each text; nothing where there is no model."""
        classifier = self._classifier
        if classifier is None:
            return []
        answers = classifier.predict(texts)
        for text, answer in zip(texts, answers, strict=True):
            if text not in self._texts:
                self._note(text, answer, classifier)
        return answers

    def causes(self, message: str) -> tuple[str, ...]:
        """Return the words of a masked message that name the cause of its problem; none where there is no model."""
        return self._classifier.causes(message) if self._classifier else ()

    def knows(self) -> bool | None:
        """Return whether the model knows what it lately read; None while too few texts have come, or without one."""
        if len(self._answers) < TEXTS_MIN:
            return None
        unseen, confidence = self._drift()
        return unseen <= UNSEEN_MAX and confidence >= CONFIDENCE_MIN

    async def run(self) -> Never:
        """Look after the folder until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Take another model into use if there is one."""
        if self._folder is None:
            return
        try:
            manifest = self._read_manifest(self._folder)
            if manifest != self._manifest:
                await asyncio.to_thread(self._use, self._folder, manifest)
                logger.info("the event classifier is now %s", self.version)
                self._changed()
        except BadInput as error:
            self._telemetry.once(logger, "model", error)

    @staticmethod
    def _read_manifest(folder: Path) -> bytes:
        """Return what tells one model from another; whoever writes a model folder writes it last."""
        try:
            return (folder / MANIFEST).read_bytes()
        except OSError as error:
            raise BadInput(f"{folder / MANIFEST}: {error.strerror}; make a model with: podlore train") from None

    def _use(self, folder: Path, manifest: bytes) -> None:
        self._classifier = load(folder)
        self._manifest = manifest
        self._texts, self._answers = {}, deque(maxlen=TEXTS_KEPT)  # the advisor's thread may be at the old ones

    def _note(self, text: str, answer: Classified, classifier: Classifier) -> None:
        """Keep count of what is asked: which texts are new to the model, and how sure it is."""
        labels, words = labels_and_words(text)
        known = sum(word in classifier.words.index for word in (*labels, *words))
        self._answers.append((known < KNOWN_SHARE_MIN * len((*labels, *words)), answer.probability))
        self._texts[text] = None
        if len(self._texts) > TEXTS_KEPT:
            del self._texts[next(iter(self._texts))]
        unseen, confidence = self._drift()
        self._telemetry.model_unseen.set(unseen)
        self._telemetry.model_confidence.set(confidence)

    def _drift(self) -> tuple[float, float]:
        """Return the share of unseen texts, and the mean confidence."""
        answers = tuple(self._answers)  # the advisor's thread may add to them
        unseen = sum(is_unseen for is_unseen, _ in answers) / len(answers)
        return unseen, sum(probability for _, probability in answers) / len(answers)
