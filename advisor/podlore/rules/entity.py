"""Whose log it is: matches never mix two entities unless a rule correlates them."""

import re
from dataclasses import dataclass
from pathlib import Path

_KUBELET = re.compile(r"/pods/(?P<namespace>[^/_]+)_(?P<pod>[^/_]+)_[^/]+/(?P<container>[^/]+)/[^/]+$")
_LINKED = re.compile(r"/containers/(?P<pod>[^/_]+)_(?P<namespace>[^/_]+)_(?P<container>[^/]+)-[0-9a-f]{64}\.log$")


@dataclass(frozen=True, slots=True)
class Entity:
    """One stream of one container, or whatever else writes a log; ``name`` where nothing better is known."""

    name: str = ""
    namespace: str = ""
    pod: str = ""
    container: str = ""
    stream: str = ""
    node: str = ""

    def __str__(self) -> str:
        known = "/".join(part for part in (self.namespace, self.pod, self.container, self.stream) if part)
        return known or self.name or self.node

    def attribute(self, name: str) -> str:
        """Return what a correlation calls ``name``: hostname, namespace, pod, container; empty where unknown."""
        named = {"hostname": self.node, "host": self.node, "machineId": self.node, "node": self.node}
        named |= {"namespace": self.namespace, "pod": self.pod, "container": self.container, "stream": self.stream}
        return named.get(name, "")

    @classmethod
    def of_file(cls, path: Path) -> "Entity":
        """Return the entity of a log file; the kubelet's folders name pod and container.

        >>> str(Entity.of_file(Path("/var/log/pods/ml_train-0_8f1c/main/0.log")))
        'ml/train-0/main'
        """
        text = path.absolute().as_posix()
        found = _KUBELET.search(text) or _LINKED.search(text)
        return cls(name=str(path), **found.groupdict()) if found else cls(name=str(path))
