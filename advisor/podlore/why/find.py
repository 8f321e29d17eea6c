"""A pod or a workload by what people call it: ``namespace/Kind/name``, ``namespace/name``, ``Kind/name`` or a name."""

from collections.abc import Iterable

from podlore.errors import BadInput
from podlore.view import ClusterView
from podlore.vocabulary import ObjectRef, Workload

CANDIDATES_MAX = 8


def find(view: ClusterView, name: str, namespace: str = "") -> Workload:
    """Return the workload of that name, or of the pod of that name.

    Raises
    ------
    BadInput
        If nothing, or more than one thing, is called so; the text names the candidates.

    Examples
    --------
    >>> from podlore.testing import pod, snapshot
    >>> find(ClusterView(snapshot(pods=(pod("train-0"),))), "vision/train-0").ref.name
    'train-0'
    """
    found = sorted({ref for ref in _refs(view) if _is_called(ref, name, namespace)})
    owners = {_owner(view, ref).ref: _owner(view, ref) for ref in found}
    if len(owners) == 1:
        return next(iter(owners.values()))
    if not owners:
        raise BadInput(f"no pod or workload {name!r} in the snapshot; write namespace/Kind/name or namespace/pod")
    some = ", ".join(str(ref) for ref in sorted(owners)[:CANDIDATES_MAX])
    raise BadInput(f"{name!r} may be one of {some}: write namespace/Kind/name")


def _refs(view: ClusterView) -> Iterable[ObjectRef]:
    yield from view.workload_by_ref
    yield from (ref for ref, controller in view.controllers_by_ref.items() if controller.controller is None)
    yield from (ObjectRef("", "Pod", pod.namespace, pod.name) for pod in view.snapshot.pods)


def _is_called(ref: ObjectRef, name: str, namespace: str) -> bool:
    parts = name.split("/")
    if namespace and ref.namespace != namespace:
        return False
    match parts:
        case [only]:
            return ref.name == only
        case [first, last]:
            return ref.name == last and (first == ref.namespace or first.lower() == ref.kind.lower())
        case [space, kind, last]:
            return (ref.namespace, ref.kind.lower(), ref.name) == (space, kind.lower(), last)
    return False


def _owner(view: ClusterView, ref: ObjectRef) -> Workload:
    if ref in view.workload_by_ref:
        return view.workload_by_ref[ref]
    if ref.kind == "Pod":
        return view.workload_by_pod[ref.namespace, ref.name]
    known = view.controllers_by_ref[ref]
    return Workload(ref, (), known.created_at, known.pods_wanted, is_suspended=known.is_suspended)
