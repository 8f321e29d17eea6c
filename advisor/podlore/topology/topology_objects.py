"""Kueue's and KAI's Topology objects: which node labels are levels, the widest first.

Both write ``spec.levels[].nodeLabel``. Several objects are several views of one cluster: the one that most nodes carry
whole is taken, and the others are said.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from podlore.errors import BadInput
from podlore.topology.levels import NODE_LEVEL
from podlore.vocabulary import Node

LEVELS_MAX = 16
LABEL_CHARACTERS_MAX = 317


def levels_of_objects(objects: Iterable[Mapping[str, Any]], nodes: Sequence[Node]) -> tuple[tuple[str, ...], list[str]]:
    """Return the levels above the node, and remarks on what was not used.

    Raises
    ------
    BadInput
        Where an object names a level twice: no tree has a vertex above itself.

    Examples
    --------
    >>> one = {"kind": "Topology", "metadata": {"name": "t"}, "spec": {"levels": [{"nodeLabel": "rack"}]}}
    >>> levels_of_objects([one], [])
    (('rack',), [])
    """
    found = {}
    for one in objects:
        if one.get("kind") == "Topology":
            name, levels = _levels(one)
            if levels:
                found[name] = levels
    if not found:
        return (), []
    carried = {name: sum(all(level in node.labels for level in levels) for node in nodes)
               for name, levels in found.items()}  # fmt: skip
    best = min(found, key=lambda name: (-carried[name], name))
    remarks = [
        f"Topology {name} was not used: {carried[name]} of {len(nodes)} nodes carry all its levels, "
        f"{carried[best]} those of {best}"
        for name in sorted(found)
        if name != best
    ]
    return found[best], remarks


def _levels(one: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    metadata, spec = one.get("metadata"), one.get("spec")
    name = str(metadata.get("name", "")) if isinstance(metadata, dict) else ""
    listed = spec.get("levels") if isinstance(spec, dict) else None
    labels = [level.get("nodeLabel") for level in listed or () if isinstance(level, dict)]
    levels = [label for label in labels if isinstance(label, str) and 0 < len(label) <= LABEL_CHARACTERS_MAX]
    if len(set(levels)) < len(levels) or len(levels) > LEVELS_MAX:
        raise BadInput(f"Topology {name}: a level is named twice, or there are more than {LEVELS_MAX}: {levels[:4]}")
    return name, tuple(level for level in levels if level != NODE_LEVEL)
