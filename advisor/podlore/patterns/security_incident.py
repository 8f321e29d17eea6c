"""SecurityIncident: repeated refused access, guessing, enumeration.

Logs are read only where they are switched on. A typo and a role that comes late are refused too, but always the same
thing: enumeration is refused many different ones, and guessing fails to prove who it is, many times in minutes. The
lines themselves go no further than their count.
"""

import re
from collections import defaultdict
from collections.abc import Iterator

from podlore.patterns import steady
from podlore.patterns.found import found
from podlore.policy import MINUTE_SECONDS
from podlore.view import ClusterView
from podlore.vocabulary import Evidence, EvidenceSource, Finding, LogLine, Pattern, Workload

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
    """Yield the workloads that are refused again and again, in many ways."""
    if not view.policy.thresholds.security_incident.enabled or not view.snapshot.logs:
        return
    lines: defaultdict[tuple[str, str], list[LogLine]] = defaultdict(list)
    for line in sorted(view.snapshot.logs, key=lambda line: (line.at, line.namespace, line.pod, line.text)):
        if line.at >= view.now - LOOK_BACK_SECONDS:
            lines[line.namespace, line.pod].append(line)
    for workload in view.workloads:
        for pod in workload.pods:
            if cause := _cause(lines.get((pod.namespace, pod.name), [])):
                yield _finding(workload, cause, pod.name)
                break


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


def _finding(workload: Workload, cause: str, pod: str) -> Finding:
    least = GUESSES_MIN if cause == "Guessing" else REFUSED_MIN
    return found(
        Pattern.SECURITY_INCIDENT,
        cause,
        workload.ref,
        f"{workload.ref} was refused access again and again, in many ways.",
        [
            Evidence(
                source=EvidenceSource.LOG,
                reference=f"log of Pod {workload.ref.namespace}/{pod}",
                observed=f"at least {least} refusals",
                threshold=f"{least} in {steady.span(WINDOW_SECONDS)}, not of one and the same thing",
                window_seconds=WINDOW_SECONDS,
            )
        ],
    )
