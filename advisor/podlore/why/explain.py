"""Why one workload waits: the judges are asked in order, the first that answers is the dominant reason."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from podlore.patterns.comparable import Comparables, Yardstick
from podlore.patterns.reason import lifting
from podlore.patterns.waiting import Waiting, waiting, waiting_of
from podlore.topology.room import NOTHING
from podlore.view import ClusterView
from podlore.vocabulary import Evidence, Workload
from podlore.why.judges import JUDGES, starting
from podlore.why.start_time import StartTime, start_time
from podlore.why.wait_reason import BY_ITSELF, FREES, WORDS, WaitReason
from podlore.workloads import is_finished

NOBODY = Comparables(0, 0, 0.0, np.array([], dtype=np.float64))


@dataclass(frozen=True, slots=True)
class Why:
    """Why a workload waits; no ``reason`` if it does not.

    ``also`` lists the other reasons that apply, in their order; ``nodes`` those that would open; ``start`` is None
    where somebody must act first.
    """

    workload: Workload
    reason: WaitReason | None
    evidence: tuple[Evidence, ...] = ()
    also: tuple[WaitReason, ...] = ()
    since: float | None = None
    nodes: tuple[str, ...] = ()
    start: StartTime | None = None

    @property
    def summary(self) -> str:
        """The answer in one plain sentence."""
        if self.reason is None:
            return f"{self.workload.ref} does not wait."
        return f"{self.workload.ref} waits: {WORDS[self.reason]}."

    @property
    def frees(self) -> str:
        """What would free it."""
        return FREES[self.reason] if self.reason else ""


def why(view: ClusterView, workload: Workload) -> Why:
    """Return why a workload waits.

    >>> from podlore.testing import node, pod, snapshot
    >>> waiter = pod("train-0", gpus=8)
    >>> view = ClusterView(snapshot(nodes=(node(gpus=4),), pods=(waiter,)))
    >>> str(why(view, view.workloads[0]).reason)
    'Capacity'
    """
    one = waiting_of(view, workload) or _without_pods(view, workload)
    if one is None:
        return _placed(view, workload)
    others = _comparables(view, one)
    verdicts = [(reason, fact) for reason, judge in JUDGES if (fact := judge(view, one, others))]
    if not verdicts:
        return Why(workload, None)
    reason, evidence = verdicts[0]
    named = {reason, WaitReason.SCHEDULER}
    also = tuple(dict.fromkeys(other for other, _ in verdicts if other not in named))
    opens = lifting(view, one.largest)[1] if reason is WaitReason.CONSTRAINT and one.largest else ()
    return Why(workload, reason, evidence, also, one.since, opens, _start(view, one, reason))


def _placed(view: ClusterView, workload: Workload) -> Why:
    found = starting(view, workload.pods)
    if found is None:
        return Why(workload, None)
    since = min((pod.scheduled_at for pod in workload.pods if pod.scheduled_at is not None), default=None)
    return Why(workload, found[0], found[1], since=since)


def _without_pods(view: ClusterView, workload: Workload) -> Waiting | None:
    """Return the wait of a workload whose pods nobody has made; one that has ended waits no more."""
    controller = view.controllers_by_ref.get(workload.ref)
    alive: Sequence[object] = [pod for pod in workload.pods if not is_finished(pod)]
    if controller is None or controller.finished_at is not None or alive or controller.pods_wanted == 0:
        return None
    if workload.pods:
        return None
    return Waiting(workload, (), workload.created_at, controller.requests or NOTHING)


def _comparables(view: ClusterView, one: Waiting) -> Comparables:
    yardstick = view.once("yardstick", lambda: Yardstick(view, view.once("waiting", lambda: waiting(view))))
    return yardstick.comparables(one) or NOBODY


def _start(view: ClusterView, one: Waiting, reason: WaitReason) -> StartTime | None:
    return start_time(view, one) if reason in BY_ITSELF else None
