"""The writer of dry run: it says what would be written, keeps it in mind, and asks the API server for nothing.

What it keeps is served at ``/advice`` and shown by ``podlore advice --operator``. Called by ``podlore_operator.loop``.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from podlore_operator.advice_book import AdviceBook
from podlore_operator.api.advice import Advice, AdviceSpec
from podlore_operator.api.resource import ObjectMeta
from podlore_operator.write_requests import kind_of
from podlore_operator.writes import AnnotatePod, ApplyObject, ApplyStatus, Delete, EmitEvent, Write

logger = logging.getLogger(__name__)


class DryRun:
    """Performs writes on the book alone."""

    def __init__(self, book: AdviceBook) -> None:
        self._book = book

    async def perform(self, writes: Sequence[Write]) -> int:
        """Log what would be done, and note what would be there."""
        for write in writes:
            self._one(write)
        return 0

    def _one(self, write: Write) -> None:
        match write:
            case ApplyObject(key) if before := self._book.get(key):
                self._book.overlay(key, before.model_copy(update={"metadata": _owned(before.metadata, write)}))
            case ApplyObject(key):
                logger.info("dry run: would create advice %s", key)
                self._book.overlay(key, _created(write))
            case ApplyStatus(key, status, why) if before := self._book.get(key):
                logger.info("dry run: would say %s: %s %s: %s", key, why, status.action, status.summary)
                self._book.overlay(key, before.model_copy(update={"status": status}))
            case Delete(key, uid, _, why):
                logger.info("dry run: would delete advice %s: %s", key, why)
                self._book.delete(key, uid)
            case AnnotatePod(namespace, name):
                logger.debug("dry run: would annotate pod %s/%s", namespace, name)
            case EmitEvent(key, _, reason):
                logger.debug("dry run: would record event %s about %s", reason, key)


def _created(write: ApplyObject) -> Advice:
    key = write.key
    metadata = ObjectMeta(
        name=key.name,
        namespace=key.namespace or None,
        generation=1,
        labels=dict(write.labels),
        creation_timestamp=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    kind = kind_of(key)
    return kind(kind=kind.__name__, metadata=_owned(metadata, write), spec=AdviceSpec(target=write.target))


def _owned(metadata: ObjectMeta, write: ApplyObject) -> ObjectMeta:
    owners = (write.owner,) if write.owner else ()
    return metadata.model_copy(update={"labels": dict(write.labels), "owner_references": owners})
