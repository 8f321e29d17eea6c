"""Which fields of which kind a patch preview changes: what a server took once in kind, it takes with other values."""

import json
from collections.abc import Iterator
from typing import Any

from podlore.vocabulary import Recommendation

FREE_KEYS = frozenset({"nodeSelector"})
"""Maps whose keys are anybody's."""


def patch_paths(one: Recommendation) -> frozenset[str]:
    """Return the kind and each field that an advice's preview changes; empty where there is no preview.

    Names of containers, of labels and of extended resources are left out: they are the target's own.

    >>> from podlore.testing import job
    >>> from podlore.patterns.found import found
    >>> from podlore.vocabulary import Action, Evidence, EvidenceSource, Pattern
    >>> fact = Evidence(EvidenceSource.OBJECT, "so", "so")
    >>> made = found(Pattern.RESOURCE_HOARDING, "Idle", job().ref, "It idles.", [fact])
    >>> patch = '{"spec":{"suspend":true,"limits":{"nvidia.com/gpu":"1"}}}'
    >>> sorted(patch_paths(Recommendation(made, Action.RELEASE_IDLE, "Do it.", patch=patch)))
    ['batch/Job spec.limits.*/*', 'batch/Job spec.suspend']
    """
    kind = "/".join(part for part in (one.target.group, one.target.kind) if part)
    return frozenset(f"{kind} {path}" for path in _paths(json.loads(one.patch), ())) if one.patch else frozenset()


def _paths(value: Any, at: tuple[str, ...]) -> Iterator[str]:  # noqa: ANN401 - a patch is any JSON
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, (*at, _told(key, at)))
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner, (*at[:-1], f"{at[-1]}[]"))
    else:
        yield ".".join(at)


def _told(key: str, at: tuple[str, ...]) -> str:
    if at and at[-1] in FREE_KEYS:
        return "*"
    return "*/*" if "/" in key else key
