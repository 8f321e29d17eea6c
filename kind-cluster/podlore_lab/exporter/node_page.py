"""What pods take from each other, in the words of the node's exporter and the kubelet: a fleet comes in, text leaves.

A bus that is pressed shows on devices (`podlore_lab.exporter.metrics`); stalls of nodes and bytes of pods show here.
Counters grow in trace time, as all the lab does.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator

from podlore.traces.presses import Pressed
from podlore_lab.exporter.fleet import Fleet

STALLS = (Pressed.CPU, Pressed.IO, Pressed.MEMORY)
QUIET_SHARE = 0.005
"""A node always waits a little."""
NETWORK_BYTES_PER_SECOND = 12.5e9
"""A port of 100 Gb/s: a pod that presses on the network fills that share of it."""


class NodePage:
    """Renders stalls and bytes; keeps counters between scrapes."""

    def __init__(self, fleet: Fleet, *, now: Callable[[], float] = time.monotonic) -> None:
        self._fleet = fleet
        self._now = now
        self._read_at = now()
        self._stalled_seconds = defaultdict[tuple[Pressed, str], float](float)
        self._network_bytes: dict[tuple[str, str, str], float] = {}

    def render(self) -> str:
        """Return all series of this moment."""
        now = self._now()
        self._advance((now - self._read_at) * self._fleet.speed)
        self._read_at = now
        return "".join(f"{line}\n" for line in self._lines())

    def _advance(self, trace_seconds: float) -> None:
        for node in self._fleet.nodes:
            for resource in STALLS:
                self._stalled_seconds[resource, node] += QUIET_SHARE * trace_seconds
        sent: dict[tuple[str, str, str], float] = {}
        for pod in self._fleet.pressing():
            for press in pod.presses:
                if press.resource in STALLS:
                    self._stalled_seconds[press.resource, pod.node] += press.share * trace_seconds
                elif press.resource is Pressed.NETWORK:
                    key = pod.namespace, pod.name, pod.node
                    more = press.share * NETWORK_BYTES_PER_SECOND * trace_seconds
                    sent[key] = self._network_bytes.get(key, 0.0) + more
        self._network_bytes = sent  # the kubelet says nothing of pods that are gone

    def _lines(self) -> Iterator[str]:
        for resource in STALLS:
            name = f"node_pressure_{resource}_waiting_seconds_total"
            yield f"# HELP {name} Total time in seconds that processes have waited for it.\n# TYPE {name} counter"
            for (stalled, node), seconds in sorted(self._stalled_seconds.items()):
                if stalled is resource:
                    yield f'{name}{{node="{escaped(node)}"}} {seconds:.3f}'
        for name in ("container_network_receive_bytes_total", "container_network_transmit_bytes_total"):
            yield f"# HELP {name} Cumulative count of bytes.\n# TYPE {name} counter"
            for (namespace, pod, node), sent in sorted(self._network_bytes.items()):
                labels = (
                    f'namespace="{escaped(namespace)}",pod="{escaped(pod)}",node="{escaped(node)}",interface="eth0"'
                )
                yield f"{name}{{{labels}}} {sent:.0f}"


def escaped(value: str) -> str:
    """Return a label's value as it stands between quotes."""
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
