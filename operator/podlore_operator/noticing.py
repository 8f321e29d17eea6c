"""Between the reflectors and ClusterState: passes on what is seen, and tells the loop when that changed anything.

The Events that podlore itself records are left out: it must not take its own words for the cluster's.
"""

from collections.abc import Callable, Iterable
from functools import partial
from itertools import filterfalse

from podlore.cluster_state import ClusterState, Seen
from podlore.vocabulary import Event
from podlore_operator.write_requests import REPORTER


class Noticing:
    """Passes what reflectors see on to a ClusterState, and says so where that changed anything."""

    def __init__(self, state: ClusterState, changed: Callable[[], None]) -> None:
        self._state = state
        self._changed = changed

    def apply(self, obj: Seen) -> None:
        """Take in an object as it is now."""
        if not _is_ours(obj):
            self._notice(partial(self._state.apply, obj))

    def delete(self, kind: str, key: str) -> None:
        """Forget an object."""
        self._notice(partial(self._state.delete, kind, key))

    def replace(self, kind: str, objs: Iterable[Seen]) -> None:
        """Take in a complete list of a kind."""
        self._notice(partial(self._state.replace, kind, filterfalse(_is_ours, objs)))

    def _notice(self, change: Callable[[], None]) -> None:
        before = self._state.revision
        change()
        if self._state.revision != before:
            self._changed()


def _is_ours(obj: Seen) -> bool:
    return isinstance(obj, Event) and obj.component == REPORTER
