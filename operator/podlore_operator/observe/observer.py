"""All reflectors of the operator, feeding one ClusterState. Called by the runtime, and by ``podlore snapshot``."""

import asyncio
from collections.abc import Iterable
from typing import Never

from podlore.clock import Clock
from podlore.errors import Unavailable
from podlore_operator.observe.connection import Connection
from podlore_operator.observe.progress import Progress
from podlore_operator.observe.reflector import Reflector, Sink
from podlore_operator.observe.resource import BASIC, WORKLOADS, Resource


class Observer:
    """Watches every resource at once.

    Parameters
    ----------
    sink
        What the reflectors feed: a `ClusterState` on the same clock.
    """

    def __init__(
        self, api: Connection, clock: Clock, sink: Sink, resources: Iterable[Resource] = (*BASIC, *WORKLOADS)
    ) -> None:
        self._reflectors = tuple(Reflector(api, resource, clock, sink) for resource in resources)

    async def run(self) -> Never:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for reflector in self._reflectors:
                tasks.create_task(reflector.run(), name=f"reflector {reflector.resource.kind}")
        raise AssertionError("reflectors run for ever")

    @property
    def is_synced(self) -> bool:
        """Whether every kind was listed once, or is known to be absent."""
        return all(reflector.synced.is_set() for reflector in self._reflectors)

    async def synced(self, seconds: float | None = None) -> None:
        """Wait until every kind was listed once.

        Raises
        ------
        Unavailable
            If that takes longer than ``seconds``; it names the kinds that are missing.
        """
        try:
            async with asyncio.timeout(seconds):
                for reflector in self._reflectors:
                    await reflector.synced.wait()
        except TimeoutError:
            missing = ", ".join(r.resource.kind for r in self._reflectors if not r.synced.is_set())
            raise Unavailable(f"not listed within {seconds:g} s: {missing}; see the log for the reason") from None

    @property
    def progress(self) -> tuple[Progress, ...]:
        """How each reflector fares, for metrics."""
        return tuple(reflector.progress for reflector in self._reflectors)

    def watch_ages(self) -> dict[str, float]:
        """Return for each kind that is served how many seconds ago the server last said something about it."""
        return {p.kind: p.age_seconds() for p in self.progress if not p.is_absent}
