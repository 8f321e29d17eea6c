"""Tells about advice in Kubernetes Events: one Event for one thing, which counts up when it is told again.

Called by ``podlore_operator.apply``. An Event is lost rather than late: it says what the advice says, too.
"""

import time
from collections.abc import Callable
from http import HTTPStatus

from podlore_operator.observe.refused import Refused
from podlore_operator.pod_annotations import Sends
from podlore_operator.token_bucket import TokenBucket
from podlore_operator.write_requests import event_counted, event_created, event_name
from podlore_operator.writes import EmitEvent

EVENTS_PER_SECOND, EVENTS_BURST = 1.0, 25.0
SAME_SECONDS = 300.0
REMEMBERED_MAX = 10_000


class EventTeller:
    """Remembers what was told, how often, and when.

    Parameters
    ----------
    sender
        The writer's.
    instance
        Which replica reports.
    """

    def __init__(
        self,
        sender: Sends,
        instance: str,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._sender = sender
        self._instance = instance
        self._monotonic = monotonic
        self._wall = wall
        self._bucket = TokenBucket(EVENTS_PER_SECOND, EVENTS_BURST, monotonic=monotonic)
        self._told: dict[tuple[str, str], tuple[int, float]] = {}

    async def tell(self, write: EmitEvent) -> bool:
        """Tell it unless it was told just now or too much was, and say whether it was."""
        name = write.key.namespace, event_name(write)
        count, at = self._told.get(name, (0, float("-inf")))
        if self._monotonic() - at < SAME_SECONDS or not self._bucket.take_if_there():
            return False
        self._remember(name, count + 1)
        if count == 0:
            try:
                await self._sender.send(event_created(write, self._instance, self._wall()))
            except Refused as refusal:
                if refusal.status != HTTPStatus.CONFLICT:
                    return False
                self._remember(name, 2)  # an earlier process told it
            else:
                return True
        return await self._count_up(write, name)

    async def _count_up(self, write: EmitEvent, name: tuple[str, str]) -> bool:
        try:
            await self._sender.send(event_counted(write, self._told[name][0], self._wall()))
        except Refused:
            del self._told[name]  # it has expired: the next time it is new
            return False
        return True

    def _remember(self, name: tuple[str, str], count: int) -> None:
        self._told.pop(name, None)
        self._told[name] = (count, self._monotonic())
        if len(self._told) > REMEMBERED_MAX:
            del self._told[next(iter(self._told))]
