"""Puts the advice annotation on pods, sparingly: each patch of a pod wakes everything that watches pods.

Called by ``podlore_operator.apply``. The uid in the patch makes it a conflict, not a change, where another pod has
taken the name; a merge patch never creates one.
"""

import time
from collections.abc import Callable
from typing import Protocol

from podlore_operator.observe.connection import Answer
from podlore_operator.observe.refused import Refused
from podlore_operator.token_bucket import TokenBucket
from podlore_operator.write_requests import WriteRequest, request_of
from podlore_operator.writes import AnnotatePod

POD_SECONDS = 600.0
PODS_PER_SECOND, PODS_BURST = 5.0, 10.0


class Sends(Protocol):
    """Sends a request that changes something."""

    async def send(self, request: WriteRequest) -> Answer:
        """Send it and return the answer."""


class Annotator:
    """At most one annotation a pod in ten minutes, and few a second over all pods; the next round asks again."""

    def __init__(self, sender: Sends, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._sender = sender
        self._monotonic = monotonic
        self._bucket = TokenBucket(PODS_PER_SECOND, PODS_BURST, monotonic=monotonic)
        self._annotated_at: dict[str, float] = {}

    async def annotate(self, write: AnnotatePod) -> bool:
        """Annotate the pod unless it is too soon, and say whether it was done."""
        self._forget_old()
        if write.uid in self._annotated_at or not self._bucket.take_if_there():
            return False
        self._annotated_at[write.uid] = self._monotonic()
        try:
            await self._sender.send(request_of(write))
        except Refused:
            return False  # the pod is gone, or is another one by now
        return True

    def _forget_old(self) -> None:
        oldest = self._monotonic() - POD_SECONDS
        while self._annotated_at:
            uid, at = next(iter(self._annotated_at.items()))
            if at > oldest:
                return
            del self._annotated_at[uid]
