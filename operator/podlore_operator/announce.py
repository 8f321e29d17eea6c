"""The advice annotation of pods and the Kubernetes Events that go with advice; both off unless the policy says so.

Called by ``podlore_operator.loop`` after ``reconcile``; pure.
"""

import json
from collections.abc import Iterable, Iterator, Mapping

from podlore.vocabulary import Pod
from podlore_operator.api.advice import Advice, AdviceStatus, State
from podlore_operator.api.convert import clipped
from podlore_operator.api.keys import POD_ADVICE
from podlore_operator.said import SEVERITIES
from podlore_operator.writes import AnnotatePod, ApplyObject, ApplyStatus, EmitEvent, Key, Why, Write

ANNOTATION_BYTES_MAX = 1024
TOLD = {Why.NEW: "", Why.REOPENED: "", Why.RESOLVED: "Resolved: "}
"""Which changes are worth an Event, and how its text begins."""


def events(writes: Iterable[Write], existing: Mapping[Key, Advice]) -> Iterator[EmitEvent]:
    """Tell of advice that is new, that is back, and that is over."""
    targets = {key: advice.spec.target for key, advice in existing.items()}
    for write in writes:
        if isinstance(write, ApplyObject):
            targets[write.key] = write.target
        elif isinstance(write, ApplyStatus) and write.why in TOLD:
            status, is_over = write.status, write.why is Why.RESOLVED
            note = clipped(f"{TOLD[write.why]}{status.summary}", 1024)
            reason = "AdviceResolved" if is_over else str(status.pattern)
            yield EmitEvent(write.key, targets[write.key], reason, note, str(status.action), not is_over)


def annotations(
    pods_by_key: Mapping[Key, Iterable[Pod]], existing: Mapping[Key, Advice], pods: Iterable[Pod]
) -> Iterator[AnnotatePod]:
    """Return the annotations to set or to remove so that each pod names the worst advice about its workload.

    Parameters
    ----------
    pods_by_key
        The pods of each advice's target.
    existing
        The advice that the cluster holds.
    pods
        All pods, with the annotations they carry now.
    """
    worst: dict[str, tuple[int, Key]] = {}
    texts: dict[Key, str] = {}
    for key, members in pods_by_key.items():
        status = existing[key].status if key in existing else None
        if status is None or status.state is not State.ACTIVE:
            continue
        texts[key] = _annotation(key, status)
        for pod in members:
            worst[pod.uid] = min(worst.get(pod.uid, (len(SEVERITIES), key)), (SEVERITIES[status.severity], key))
    for pod in pods:
        wanted = texts[worst[pod.uid][1]] if pod.uid in worst else None
        if pod.annotations.get(POD_ADVICE) != wanted and pod.deleted_at is None:
            yield AnnotatePod(pod.namespace, pod.name, pod.uid, wanted)


def _annotation(key: Key, status: AdviceStatus) -> str:
    """Return the annotation's JSON; the summary gives way where all of it would not fit."""
    length = 512
    while True:
        text = json.dumps(
            {
                "advice": key.name,
                "pattern": status.pattern,
                "action": status.action,
                "severity": status.severity,
                "summary": clipped(status.summary, length),
            },
            ensure_ascii=False,
        )
        if len(text.encode()) <= ANNOTATION_BYTES_MAX:
            return text
        length //= 2
