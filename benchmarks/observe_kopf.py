"""kopf with an empty handler for events: a contender of `observe.py`."""

import logging
from collections.abc import Callable
from typing import Any

import kopf
from observe_meter import Meter, contend


def empty_handler(meter: Meter) -> Callable[[], object]:
    """Return what runs the operator."""
    registry = kopf.OperatorRegistry()

    @kopf.on.event("pods", registry=registry)
    @kopf.on.event("nodes", registry=registry)
    def seen(name: str, type: str | None, **_: Any) -> None:  # noqa: A002, ANN401 - the names are kopf's
        if type is None:
            meter.saw_listed()
        else:
            meter.saw_event(name)

    @kopf.on.login(registry=registry)
    def login(**_: Any) -> kopf.ConnectionInfo:  # noqa: ANN401
        return kopf.ConnectionInfo(server=meter.url)

    settings = kopf.OperatorSettings()
    settings.scanning.disabled = True
    settings.peering.standalone = True
    settings.posting.enabled = False
    logging.disable(logging.CRITICAL)
    return lambda: kopf.run(registry=registry, settings=settings, clusterwide=True)


if __name__ == "__main__":
    contend(empty_handler)
