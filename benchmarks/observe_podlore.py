"""podlore's observer, filling a ClusterState: a contender of `observe.py`."""

import asyncio
from collections.abc import Callable, Iterable

from observe_meter import Meter, contend

from podlore.clock import Clock
from podlore.cluster_state import ClusterState, Seen
from podlore.vocabulary import Pod
from podlore_operator.observe.connection import Connection
from podlore_operator.observe.credentials import Credentials
from podlore_operator.observe.observer import Observer
from podlore_operator.observe.resource import BASIC


class Metered(ClusterState):
    """A state that tells of the events of the watch."""

    def __init__(self, meter: Meter) -> None:
        super().__init__(Clock())
        self._meter = meter
        self._is_listing = False

    def apply(self, obj: Seen) -> None:
        """Take in an object."""
        super().apply(obj)
        if not self._is_listing and isinstance(obj, Pod):
            self._meter.saw_event(obj.name)

    def replace(self, kind: str, objs: Iterable[Seen]) -> None:
        """Take in a list."""
        self._is_listing = True
        super().replace(kind, objs)
        self._is_listing = False


async def watch(meter: Meter) -> None:
    """Observe for ever."""
    state = Metered(meter)
    resources = [resource for resource in BASIC if resource.kind in {"Pod", "Node"}]
    async with Connection(lambda: Credentials(meter.url, "the benchmark")) as api:
        observer = Observer(api, Clock(), state, resources)
        task = asyncio.create_task(observer.run())
        await observer.synced()
        state.snapshot()
        meter.synced()
        await task


def podlore(meter: Meter) -> Callable[[], object]:
    """Return what runs the observer."""
    return lambda: asyncio.run(watch(meter))


if __name__ == "__main__":
    contend(podlore)
