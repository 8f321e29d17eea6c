"""SecurityIncident: repeated refused access, guessing, enumeration.

Logs are read only where they are switched on. A typo and a role that comes late are refused too, but always the same
thing: enumeration is refused many different ones, and guessing fails to prove who it is, many times in minutes. The
lines themselves go no further than their count. Of a node, its monitor tells in events.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from podlore.patterns import steady
from podlore.patterns.found import found
from podlore.policy import MINUTE_SECONDS
from podlore.view import ClusterView
from podlore.vocabulary import Event, Evidence, EvidenceSource, Finding, LogLine, ObjectRef, Pattern

WINDOW_SECONDS = 15 * MINUTE_SECONDS
LOOK_BACK_SECONDS = 6 * 60 * MINUTE_SECONDS
REFUSED_MIN = 10
DIFFERENT_MIN = 5
GUESSES_MIN = 20
REFUSED = re.compile(r"forbidden|permission denied|access denied|unauthorized|not authorized|\b40[13]\b", re.IGNORECASE)
GUESS = re.compile(
    r"failed password|authentication fail|invalid (?:user|password|token|credentials)|login failed", re.IGNORECASE
)
NUMBER = re.compile(r"\d+")
LINE_LENGTH_MAX = 512


def security_incident(view: ClusterView) -> Iterator[Finding]:
    """Yield the workloads that are refused again and again, in many ways, and the nodes at which somebody guesses."""
    if not view.policy.thresholds.security_incident.enabled:
        return
    lines: defaultdict[tuple[str, str], list[LogLine]] = defaultdict(list)
    for line in sorted(view.snapshot.logs, key=lambda line: (line.at, line.namespace, line.pod, line.text)):
        if line.at >= view.now - LOOK_BACK_SECONDS:
            lines[line.namespace, line.pod].append(line)
    for workload in view.workloads if lines else ():
        for pod in workload.pods:
            if cause := _cause(lines.get((pod.namespace, pod.name), [])):
                said_by = EvidenceSource.LOG, f"log of Pod {pod.namespace}/{pod.name}"
                yield _finding(workload.ref, cause, *said_by)
                break
    for node in view.nodes.values():
        ref = ObjectRef("", "Node", "", node.name, uid=node.uid)
        if _guesses(view, view.events.get(ref, ())) >= GUESSES_MIN:
            yield _finding(ref, "Guessing", EvidenceSource.EVENT, f"events of Node/{node.name}")


def _guesses(view: ClusterView, events: Iterable[Event]) -> float:
    """Return how many guesses a window holds; the repeats of an event are taken to be spread over its time."""
    lately = (event for event in events if event.last_seen_at >= view.now - LOOK_BACK_SECONDS)
    guesses = (event for event in lately if GUESS.search(event.message[:LINE_LENGTH_MAX]))
    return sum(
        event.count * min(WINDOW_SECONDS / max(event.last_seen_at - event.first_seen_at, WINDOW_SECONDS), 1.0)
        for event in guesses
    )


def _cause(lines: list[LogLine]) -> str:
    guesses = [line for line in lines if GUESS.search(line.text[:LINE_LENGTH_MAX])]
    if _densest(guesses, GUESSES_MIN):
        return "Guessing"
    refused = [line for line in lines if REFUSED.search(line.text[:LINE_LENGTH_MAX])]
    dense = _densest(refused, REFUSED_MIN)
    different = {NUMBER.sub("#", line.text[:LINE_LENGTH_MAX]) for line in dense}
    return "Enumeration" if len(different) >= DIFFERENT_MIN else ""


def _densest(lines: list[LogLine], least: int) -> list[LogLine]:
    """Return the lines of the first window that has enough of them; nothing if there is none."""
    for first, last in zip(lines, lines[least - 1 :], strict=False):
        if last.at - first.at <= WINDOW_SECONDS:
            return [line for line in lines if first.at <= line.at <= first.at + WINDOW_SECONDS]
    return []


def _finding(target: ObjectRef, cause: str, source: EvidenceSource, reference: str) -> Finding:
    least = GUESSES_MIN if cause == "Guessing" else REFUSED_MIN
    return found(
        Pattern.SECURITY_INCIDENT,
        cause,
        target,
        f"Somebody guesses how to get into {target}."
        if cause == "Guessing"
        else f"{target} was refused access again and again, in many ways.",
        [
            Evidence(
                source=source,
                reference=reference,
                observed=f"at least {least} refusals",
                threshold=f"{least} in {steady.span(WINDOW_SECONDS)}, not of one and the same thing",
                window_seconds=WINDOW_SECONDS,
            )
        ],
    )
