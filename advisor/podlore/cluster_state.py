"""The one mutable picture of a cluster: objects come in as they are seen, a frozen `Snapshot` leaves on demand.

No I/O happens here. The operator's reflectors call `apply`, `delete` and `replace`, the metrics loop calls
`set_gpu_windows` and `set_series`, and the advisor's loop calls `snapshot`, all from one thread.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from typing import Any, Generic, TypeVar

from podlore.clock import Clock
from podlore.history import Recorder
from podlore.policy import HOUR_SECONDS, Policy
from podlore.rules.watch import RuleWatch
from podlore.snapshot import History, Snapshot
from podlore.vocabulary import Controller, DisruptionBudget, Event, GpuWindow, LogLine, Node, ObjectRef, Pod, Series
from podlore.workloads import top_level

EVENT_AGE_SECONDS_MAX = 6 * HOUR_SECONDS
EVENTS_MAX = 20_000

Seen = Pod | Node | Event | Controller | DisruptionBudget
_T = TypeVar("_T", bound=Seen)


def kind_of(obj: Seen) -> str:
    """Return the kind under which `ClusterState` files an object: workload objects by kind and group.

    >>> kind_of(Controller(ObjectRef("batch", "Job", "vision", "train"), created_at=0.0))
    'Job.batch'
    """
    if isinstance(obj, Controller):
        return f"{obj.ref.kind}.{obj.ref.group}"
    return type(obj).__name__


class ClusterState:
    """Everything podlore has seen of a cluster, and what it remembers.

    Parameters
    ----------
    clock
        Tells trace time; watching begins with the construction.
    watch
        Is told of every event, node, line of a log and GPU gauge, and says which rules that fits; None where nobody
        listens.
    event_age_seconds_max, events_max
        Older events, and the oldest beyond that number, are forgotten.

    Examples
    --------
    >>> state = ClusterState(Clock(read=lambda: 60.0))
    >>> state.apply(Pod("vision", "train-0", "u1", created_at=0.0, node="gpu-1", scheduled_at=45.0))
    >>> [str(start.workload) for start in state.snapshot().history.starts]
    ['vision/Pod/train-0']
    """

    def __init__(
        self,
        clock: Clock,
        watch: RuleWatch | None = None,
        *,
        event_age_seconds_max: float = EVENT_AGE_SECONDS_MAX,
        events_max: int = EVENTS_MAX,
    ) -> None:
        self.revision = 0
        self._clock = clock
        self._watch = watch
        self._event_age_seconds_max = event_age_seconds_max
        self._events_max = events_max
        self._observed_since = clock.now()
        self._pods = _Shelf[Pod](name=_pod_name, order=_pod_name)
        self._nodes = _Shelf[Node](name=_node_name, order=_node_name)
        self._events = _Shelf[Event](name=_event_uid, order=_event_age)
        self._controllers = _Shelf[Controller](name=_controller_ref, order=_controller_ref)
        self._budgets = _Shelf[DisruptionBudget](name=_budget_name, order=_budget_name)
        self._gpu_windows: tuple[GpuWindow, ...] = ()
        self._has_metrics = False
        self._series: tuple[Series, ...] = ()
        self._logs: tuple[LogLine, ...] = ()
        self._heard_until: dict[tuple[str, str], float] = {}
        self._policy = Policy()
        self._recorder = Recorder(clock)
        self._has_new_controllers = False
        self._told = History()
        self._history: tuple[History, History, History] | None = None

    def apply(self, obj: Seen) -> None:
        """Take in an object as it is now; the same again changes nothing."""
        match obj:
            case Pod():
                before = self._pods.by_uid.get(obj.uid)
                if self._noted(self._pods.put(obj.uid, obj)):
                    self._recorder.saw(before, obj, self._workload_of)
            case Node():
                if self._noted(self._nodes.put(obj.uid, obj)) and self._watch:
                    self._watch.see_node(obj)
            case Event():
                if self._noted(self._events.put(obj.uid, obj)) and self._watch:
                    self._watch.see_event(obj)
                self._bound_events()
            case DisruptionBudget():
                self._noted(self._budgets.put(obj.uid, obj))
            case Controller():
                self._has_new_controllers |= self._noted(self._controllers.put(obj.ref.uid, obj))

    def delete(self, kind: str, key: str) -> None:
        """Forget an object by its kind (see `kind_of`) and uid; one that is not there is no error."""
        shelf = self._shelf(kind)
        obj = shelf.by_uid.get(key)
        if obj is not None and kind_of(obj) == kind:
            self._noted(shelf.remove(key))

    def replace(self, kind: str, objs: Iterable[Seen]) -> None:
        """Take in a complete list of a kind: what is absent from it is gone, though nobody saw it go."""
        shelf = self._shelf(kind)
        gone = {uid for uid, obj in shelf.by_uid.items() if kind_of(obj) == kind}
        for obj in objs:
            gone.discard(_uid(obj))
            self.apply(obj)
        for uid in gone:
            self._noted(shelf.remove(uid))

    def set_gpu_windows(self, windows: Iterable[GpuWindow], has_metrics: bool) -> None:
        """Replace all metric windows; without metrics there are none."""
        ordered = tuple(sorted(windows, key=lambda w: (w.node, w.uuid, w.namespace, w.pod))) if has_metrics else ()
        if self._noted((ordered, has_metrics) != (self._gpu_windows, self._has_metrics)):
            self._gpu_windows, self._has_metrics = ordered, has_metrics

    def set_series(self, series: Iterable[Series]) -> None:
        """Replace how metrics went over the last hours."""
        found = tuple(series)
        if self._noted(found != self._series):
            self._series = found
            if self._watch:
                for one in found:
                    self._watch.see_series(one)

    def set_logs(self, lines: Iterable[LogLine]) -> None:
        """Replace the lines that were read of pods' logs, masked, in order of time."""
        found = tuple(lines)
        if self._noted(found != self._logs):
            self._logs = found
            if self._watch:
                self._hear(found, self._watch)

    def set_policy(self, policy: Policy) -> None:
        """Replace the policy."""
        if self._noted(policy != self._policy):
            self._policy = policy

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self._policy

    @property
    def history(self) -> History:
        """What is remembered of pods that may be gone, and of advice, oldest first."""
        if self._has_new_controllers:
            self._recorder.resettle(self._workload_of)
            self._has_new_controllers = False
        recorded, told = self._recorder.history(), self._told
        if self._history is None or self._history[:2] != (recorded, told):
            self._history = recorded, told, replace(recorded, given=told.given, outcomes=told.outcomes)
        return self._history[2]

    def restore(self, history: History) -> None:
        """Take over what an earlier process remembered."""
        self._recorder.restore(history)
        self.set_told(history)
        self.revision += 1

    def set_told(self, history: History) -> None:
        """Replace what is remembered of advice: what was given, and what came of it."""
        self._told = history

    def snapshot(self) -> Snapshot:
        """Return everything as it is now; parts that did not change are the same objects as last time."""
        now = self._clock.now()
        self._forget_events_before(now - self._event_age_seconds_max)
        return Snapshot(
            now=now,
            observed_since=self._observed_since,
            pods=self._pods.in_order(),
            nodes=self._nodes.in_order(),
            events=self._events.in_order(),
            controllers=self._controllers.in_order(),
            gpu_windows=self._gpu_windows,
            has_metrics=self._has_metrics,
            series=self._series,
            logs=self._logs,
            history=self.history,
            policy=self._policy,
            rule_matches=self._watch.matches(now) if self._watch else (),
            budgets=self._budgets.in_order(),
        )

    def _hear(self, lines: Iterable[LogLine], watch: RuleWatch) -> None:
        """Let rules hear each line once: the ends of logs are read again and again."""
        before, self._heard_until = self._heard_until, {}
        for line in lines:
            pod = line.namespace, line.pod
            if line.at > before.get(pod, float("-inf")):
                watch.see_log(line)
            self._heard_until[pod] = line.at

    def _workload_of(self, pod: Pod) -> ObjectRef:
        return top_level(pod, self._controllers.by_uid)

    def _noted(self, has_changed: bool) -> bool:
        self.revision += has_changed
        return has_changed

    def _shelf(self, kind: str) -> "_AnyShelf":
        shelves: dict[str, _AnyShelf] = {
            "Pod": self._pods,
            "Node": self._nodes,
            "Event": self._events,
            "DisruptionBudget": self._budgets,
        }
        return shelves.get(kind, self._controllers)

    def _bound_events(self) -> None:
        if len(self._events.by_uid) > self._events_max * 1.5:  # rarely, because it sorts
            for event in self._events.in_order()[: -self._events_max]:
                self._events.remove(event.uid)

    def _forget_events_before(self, oldest: float) -> None:
        for event in self._events.in_order():
            if event.last_seen_at >= oldest:
                return
            self._noted(self._events.remove(event.uid))


class _Shelf(Generic[_T]):
    """Objects of a kind by uid, of which no two bear the same name: a newcomer takes its predecessor's place."""

    def __init__(self, name: Callable[[_T], Hashable], order: Callable[[_T], Any]) -> None:
        self.by_uid: dict[str, _T] = {}
        self._uid_by_name: dict[Hashable, str] = {}
        self._name = name
        self._order = order
        self._in_order: tuple[_T, ...] | None = ()

    def put(self, uid: str, obj: _T) -> bool:
        """Keep an object and say whether that changed anything."""
        if self.by_uid.get(uid) == obj:
            return False
        namesake = self.by_uid.get(self._uid_by_name.get(self._name(obj), uid))
        if namesake is not None and _uid(namesake) != uid:
            if _created_at(obj) < _created_at(namesake):
                return False  # late word of one that is gone
            self.remove(_uid(namesake))
        self.by_uid[uid] = obj
        self._uid_by_name[self._name(obj)] = uid
        self._in_order = None
        return True

    def remove(self, uid: str) -> bool:
        """Drop an object and say whether it was there."""
        obj = self.by_uid.pop(uid, None)
        if obj is None:
            return False
        if self._uid_by_name.get(self._name(obj)) == uid:
            del self._uid_by_name[self._name(obj)]
        self._in_order = None
        return True

    def in_order(self) -> tuple[_T, ...]:
        """Return all, sorted; the same tuple as long as nothing changed."""
        if self._in_order is None:
            self._in_order = tuple(sorted(self.by_uid.values(), key=self._order))
        return self._in_order


def _pod_name(pod: Pod) -> tuple[str, str]:
    return pod.namespace, pod.name


def _budget_name(budget: DisruptionBudget) -> tuple[str, str]:
    return budget.namespace, budget.name


def _node_name(node: Node) -> str:
    return node.name


def _event_uid(event: Event) -> str:
    return event.uid


def _event_age(event: Event) -> tuple[float, str]:
    return event.last_seen_at, event.uid


def _controller_ref(controller: Controller) -> ObjectRef:
    return controller.ref


_AnyShelf = _Shelf[Pod] | _Shelf[Node] | _Shelf[Event] | _Shelf[Controller] | _Shelf[DisruptionBudget]


def _uid(obj: Seen) -> str:
    return obj.ref.uid if isinstance(obj, Controller) else obj.uid


def _created_at(obj: Seen) -> float:
    return obj.first_seen_at if isinstance(obj, Event) else obj.created_at
