"""The official client's informer with empty handlers: a contender of `observe.py`."""

from collections.abc import Callable
from typing import Any

from kubernetes.client import ApiClient, Configuration, CoreV1Api
from kubernetes.informer import SharedInformer
from observe_meter import Meter, contend
from observe_server import END


def client(meter: Meter) -> Callable[[], object]:
    """Return what starts the informers."""
    configuration = Configuration()
    configuration.host = meter.url
    core = CoreV1Api(ApiClient(configuration))

    def added(found: Any) -> None:  # noqa: ANN401
        if found.metadata.name == END:
            meter.saw_event(END)
        else:
            meter.saw_listed()

    informers = [SharedInformer(core.list_pod_for_all_namespaces), SharedInformer(core.list_node)]
    for informer in informers:
        informer.add_event_handler("ADDED", added)
        informer.add_event_handler("MODIFIED", lambda found: meter.saw_event(found.metadata.name))
    return lambda: [informer.start() for informer in informers]


if __name__ == "__main__":
    contend(client)
