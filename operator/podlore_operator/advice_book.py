"""The advice that the cluster holds, as far as is known here: from lists, from the watch, and from our own writes.

What we wrote is known at once, not when the watch tells of it; word that comes late is recognised by its resource
version, which Kubernetes lets clients compare since 1.35. Called by ``handlers``, ``apply`` and ``loop``, in one
thread.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from podlore.errors import BadInput
from podlore_operator.api.advice import Advice, ClusterSchedulingAdvice, SchedulingAdvice
from podlore_operator.api.resource import API_VERSION
from podlore_operator.writes import Key

KINDS: dict[str, type[Advice]] = {kind.__name__: kind for kind in (SchedulingAdvice, ClusterSchedulingAdvice)}
GONE_MAX = 10_000


class AdviceBook:
    """Advice by key; ``unreadable`` holds what must be left alone since it cannot be understood."""

    def __init__(self) -> None:
        self._held: dict[Key, Advice] = {}
        self._gone: dict[str, None] = {}
        self.unreadable: set[Key] = set()

    @property
    def held(self) -> Mapping[Key, Advice]:
        """All advice there is, in a copy that stays as it is."""
        return dict(self._held)

    def get(self, key: Key) -> Advice | None:
        """Return one advice, None where there is none."""
        return self._held.get(key)

    def overlay(self, key: Key, advice: Advice) -> None:
        """Pretend that the cluster holds this advice, until word of the real one comes: for dry run."""
        self._held[key] = advice

    def clear(self) -> None:
        """Forget everything, also what was pretended; a list fills it again."""
        self._held.clear()
        self._gone.clear()
        self.unreadable.clear()

    def put(self, obj: Mapping[str, Any]) -> bool:
        """Take in an object as the API server gave it, and say whether that was news.

        Raises
        ------
        BadInput
            If it cannot be read; it is then listed as unreadable.
        """
        key = _key(obj)
        try:
            advice = KINDS[str(obj["kind"])].read(obj)
        except (ValidationError, KeyError) as error:
            self.unreadable.add(key)
            self._held.pop(key, None)
            raise BadInput(f"{obj.get('kind')} {key}: {_first(error)}") from None
        self.unreadable.discard(key)
        return self._keep(key, advice)

    def forget(self, obj: Mapping[str, Any]) -> bool:
        """Take in the last word of an object that is gone, and say whether that was news."""
        return self.delete(_key(obj), str((obj.get("metadata") or {}).get("uid") or ""))

    def delete(self, key: Key, uid: str = "") -> bool:
        """Note that an advice is gone (only this incarnation, if ``uid`` is given), and say whether that was news."""
        known = self._held.get(key)
        self.unreadable.discard(key)
        if known is None or (uid and known.metadata.uid != uid):
            return False
        self._forget(known)
        del self._held[key]
        return True

    def replace(self, kind: type[Advice], objs: Iterable[Mapping[str, Any]], version: str) -> list[BadInput]:
        """Take in a complete list of one kind as of ``version``: what is absent is gone; return what is unreadable."""
        errors, listed = [], set[Key]()
        for obj in objs:
            listed.add(_key(obj))
            try:
                self.put({"kind": kind.__name__, "apiVersion": API_VERSION, **obj})
            except BadInput as error:
                errors.append(error)
        for key, advice in self.held.items():
            if isinstance(advice, kind) and key not in listed and _version(advice) <= int(version or 0):
                self.delete(key)
        return errors

    def _keep(self, key: Key, advice: Advice) -> bool:
        """Take in an advice unless more recent word of it is known, and say whether it was news."""
        known = self._held.get(key)
        if known and known.metadata.uid == advice.metadata.uid and _version(known) >= _version(advice) > 0:
            return False
        if advice.metadata.uid in self._gone:
            return False
        self._held[key] = advice
        return True

    def _forget(self, advice: Advice) -> None:
        """Remember for a while which objects are gone: the watch may still tell of their last changes."""
        if uid := advice.metadata.uid:
            self._gone[uid] = None
        while len(self._gone) > GONE_MAX:
            del self._gone[next(iter(self._gone))]


def _key(obj: Mapping[str, Any]) -> Key:
    metadata = obj.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    return Key(str(metadata.get("namespace") or "")[:63], str(metadata.get("name") or "")[:253])


def _version(advice: Advice) -> int:
    version = advice.metadata.resource_version or ""
    return int(version) if version.isdecimal() else 0


def _first(error: Exception) -> str:
    """Return the first complaint in one line, without the value: it may be large."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return f"no such kind: {error}"
