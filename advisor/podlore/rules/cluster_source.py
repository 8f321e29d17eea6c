"""What a cluster says as entries of a log: events, node conditions and GPU samples, for rules to read like any other.

Called by who feeds a `RuleEngine` live; times are trace seconds, as everywhere in a snapshot.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from podlore.rules.engine import Match, RuleEngine
from podlore.rules.entity import Entity
from podlore.vocabulary import Event, Node

EVENTS, CONDITIONS, GPU_SAMPLES = "cre.kubernetes", "cre.kubernetes.node", "cre.log.dcgm"


@dataclass(frozen=True, slots=True)
class ClusterEntry:
    """One thing said, whose it is, and the label of the source that rules name."""

    entity: Entity
    label: str
    time_ns: int
    text: bytes


def event_entry(event: Event) -> ClusterEntry:
    """Return an event as JSON; the events of a namespace are one entity, those of nodes are the cluster's.

    >>> from podlore.vocabulary import ObjectRef
    >>> about = ObjectRef("", "Pod", "ml", "train-0")
    >>> event_entry(Event("u", about, "FailedScheduling", "no node", "Warning", last_seen_at=2.0)).text
    b'{"type":"Warning","reason":"FailedScheduling","object":"Pod/train-0","message":"no node"}'
    """
    said = {
        "type": event.type,
        "reason": event.reason,
        "object": f"{event.about.kind}/{event.about.name}",
        "message": event.message,
    }
    return ClusterEntry(_events_of(event.about.namespace), EVENTS, _nanoseconds(event.last_seen_at), _json(said))


@lru_cache(maxsize=10_000)
def _events_of(namespace: str) -> Entity:
    return Entity(name="events", namespace=namespace)


def condition_entries(node: Node) -> Iterator[ClusterEntry]:
    """Yield a node's conditions as JSON, those whose last change is known."""
    for condition in node.conditions:
        if condition.changed_at is None:
            continue
        said = {
            "condition": condition.type,
            "status": condition.status,
            "reason": condition.reason,
            "message": condition.message,
        }
        entity = Entity(name="conditions", node=node.name)
        yield ClusterEntry(entity, CONDITIONS, _nanoseconds(condition.changed_at), _json(said))


def gpu_entry(node: str, gpu: int, metric: str, value: float, at_seconds: float) -> ClusterEntry:
    """Return one sample of a GPU's metric as JSON, e.g. ``DCGM_FI_DEV_XID_ERRORS``."""
    said = {"metric": metric, "gpu": gpu, "value": value}
    return ClusterEntry(Entity(name=f"gpu-{gpu}", node=node), GPU_SAMPLES, _nanoseconds(at_seconds), _json(said))


def push(engine: RuleEngine, entry: ClusterEntry, position: int) -> list[Match]:
    """Feed an entry to an engine; return what fires."""
    return engine.push(entry.entity, entry.time_ns, entry.text, position, label=entry.label)


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)


def _json(said: dict[str, object] | dict[str, str]) -> bytes:
    return msgspec.json.encode(said)
