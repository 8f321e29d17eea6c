"""Keeps what podlore remembers in one ConfigMap: read when this replica takes office, written before the advice on it.

Called by ``podlore_operator.loop``. Whoever reads the cluster's objects and this ConfigMap comes to the same advice as
the operator, so it must not lag: a container shows its last two ends only, and what is older is told by the memory
alone. What has not changed is not written, and what is large is written more rarely. What the ConfigMap holds is input
like any other: what is broken, foreign or of another clock is counted and ignored.
"""

import asyncio
import base64
import logging
import time
from collections.abc import Callable
from dataclasses import replace

from podlore.clock import Clock
from podlore.errors import BadInput, Unavailable
from podlore_operator.api.keys import MANAGED_BY, MANAGED_BY_PODLORE
from podlore_operator.apply import Dropped, Sender
from podlore_operator.observe.connection import APPLY_PATCH, Connection
from podlore_operator.observe.refused import Refused
from podlore_operator.remembered import KEY, Remembered, content_of, pack, unpack
from podlore_operator.serve.telemetry import Telemetry
from podlore_operator.write_requests import MANAGER, WriteRequest, applied

logger = logging.getLogger(__name__)

SAVE_TRACE_SECONDS = 60.0
SAVE_SECONDS_MIN = 2.0
SAMPLES_ALONE_SECONDS = 6 * 3600.0
"""A quiet cluster has nothing new but samples for the day's report: they are written as rarely as advice is renewed."""
BYTES_PER_SECOND = 32_768
"""What saving may cost etcd: the largest state is written every twelve seconds at most."""


class StateStore:
    """One ConfigMap with one key.

    Parameters
    ----------
    sender
        The writer's: fenced, so that only the leader saves.
    name
        The ConfigMap's name.
    """

    def __init__(
        self,
        api: Connection,
        sender: Sender,
        clock: Clock,
        telemetry: Telemetry,
        *,
        namespace: str,
        name: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._sender = sender
        self._clock = clock
        self._telemetry = telemetry
        self._namespace = namespace
        self._name = name
        self._monotonic = monotonic
        self._saved = b""
        self._saved_facts = b""
        self._saved_at = float("-inf")
        self._tried_at = float("-inf")

    @property
    def path(self) -> str:
        """Where the ConfigMap is."""
        return f"/api/v1/namespaces/{self._namespace}/configmaps/{self._name}"

    async def load(self) -> Remembered | None:
        """Return what was remembered, None where there is nothing that can be used."""
        try:
            content = content_of((await self._api.request("GET", self.path)).json())
            if content is None:
                return None
            remembered = unpack(content)
        except Refused as refusal:
            if refusal.status != 404:
                logger.warning("%s", refusal)
            return None
        except Unavailable as error:
            logger.warning("%s", error)
            return None
        except BadInput as error:
            self._telemetry.once(logger, "state", f"{self._namespace}/{self._name}: {error}")
            return None
        if not remembered.fits(self._clock):
            self._telemetry.once(logger, "state", f"{self._namespace}/{self._name}: it is of another clock")
            return None
        self._keep(content, _facts(remembered))
        return remembered

    def is_due(self, advice_follows: bool = False) -> bool:
        """Say whether it is time to save again: every minute, and before advice that rests on it is written."""
        pause_seconds = 0.0 if advice_follows else self._clock.wall_seconds(SAVE_TRACE_SECONDS)
        least_seconds = max(SAVE_SECONDS_MIN, len(self._saved) / BYTES_PER_SECOND)
        return self._monotonic() - self._tried_at >= max(pause_seconds, least_seconds)

    async def save(self, remembered: Remembered) -> bool:
        """Write what is remembered if that has changed, and say whether it was written."""
        self._tried_at = self._monotonic()
        facts = await asyncio.to_thread(_facts, remembered)
        if facts == self._saved_facts and self._clock.now() < self._saved_at + SAMPLES_ALONE_SECONDS:
            return False
        content = await asyncio.to_thread(pack, remembered)
        if content == self._saved:
            return False
        try:
            await self._sender.send(self._request(content))
        except (Refused, Dropped) as error:
            logger.warning("the state was not saved: %s", error)
            return False
        self._keep(content, facts)
        return True

    def _keep(self, content: bytes, facts: bytes) -> None:
        self._saved, self._saved_facts, self._saved_at = content, facts, self._clock.now()

    def _request(self, content: bytes) -> WriteRequest:
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": self._name,
                "namespace": self._namespace,
                "labels": {MANAGED_BY: MANAGED_BY_PODLORE},
            },
            "binaryData": {KEY: base64.b64encode(content).decode()},
        }
        return WriteRequest("state", "PATCH", self.path, body, applied(MANAGER), APPLY_PATCH)


def _facts(remembered: Remembered) -> bytes:
    """Return what must be written once it has changed: all but the samples."""
    return pack(replace(remembered, samples=()))
