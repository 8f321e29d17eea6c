"""Runs of gangs over the last hours, as their series show them, those that are gone included.

A run is a set of pods of one namespace whose names differ only in their rank. Two runs are twins if their names differ
only in numbers: ``ft-r1`` and ``ft-r2``, of equally many pods. `podlore.patterns.penalty` compares them.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from podlore.patterns.failing import RANDOM_END
from podlore.patterns.trends import activity_of
from podlore.view import ClusterView

RANK_END = re.compile(r"(-(worker|master|launcher|ps|leader|chief))?(-\d+){1,2}$")
NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Run:
    """The pods of one run, with each one's activity and node step by step; all rows end at the same moment."""

    namespace: str
    name: str
    activity_by_pod: Mapping[str, tuple[float | None, ...]]
    nodes_by_pod: Mapping[str, tuple[str, ...]]

    @property
    def stem(self) -> tuple[str, str, int]:
        """What twins have in common."""
        return self.namespace, NUMBER.sub("#", self.name), len(self.activity_by_pod)

    def complete_steps(self) -> dict[int, float]:
        """Return the mean activity by step, counted back from the last one, where every pod has a value."""
        length = min(len(values) for values in self.activity_by_pod.values())
        steps = {}
        for back in range(1, length + 1):
            values = [row[-back] for row in self.activity_by_pod.values()]
            present = [value for value in values if value is not None]
            if len(present) == len(values):
                steps[back] = fmean(present)
        return steps

    def nodes_at(self, back: int) -> tuple[str, ...]:
        """Return the nodes at a step, counted back from the last one."""
        return tuple(sorted({row[-back] for row in self.nodes_by_pod.values() if back <= len(row) and row[-back]}))


def run_name(pod: str) -> str:
    """Return what the pods of one run have in common.

    >>> run_name("ft-r1-worker-0"), run_name("esm-2-3-x2x4f"), run_name("emulator-7")
    ('ft-r1', 'esm-2', 'emulator')
    """
    return RANK_END.sub("", RANDOM_END.sub("", pod), count=1) if not _is_job_pod(pod) else _job_of(pod)


def _is_job_pod(pod: str) -> bool:
    return RANDOM_END.search(pod) is not None


def _job_of(pod: str) -> str:
    return re.sub(r"-\d+$", "", RANDOM_END.sub("", pod))


def runs(view: ClusterView) -> Mapping[tuple[str, str], Run]:
    """Return all runs of at least two pods with GPU activity, by namespace and name.

    Of runs that came back under their name the latest has it; the earlier ones stand under the name and a number.
    """
    return view.once("runs", lambda: _runs(view))


def incarnations(view: ClusterView, run: Run) -> list[Run]:
    """Return the runs of this name and size, the one given among them."""
    return [other for other in runs(view).values() if (other.namespace, other.name) == (run.namespace, run.name)]


def _runs(view: ClusterView) -> Mapping[tuple[str, str], Run]:
    members: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for namespace, pod in view.series_by_pod:
        if activity_of(view, namespace, pod):
            members[namespace, run_name(pod)].append(pod)
    found: dict[tuple[str, str], Run] = {}
    for (namespace, name), pods in sorted(members.items()):
        for number, together in enumerate(_by_incarnation(view, namespace, pods)):
            if len(together) > 1:
                found[namespace, f"{name} {number}" if number else name] = _run(view, namespace, name, sorted(together))
    return found


def _by_incarnation(view: ClusterView, namespace: str, pods: list[str]) -> list[list[str]]:
    """Divide pods of one run's name, the latest first: a rank that is there twice came back with its run."""
    by_rank: defaultdict[str, list[str]] = defaultdict(list)
    for pod in sorted(pods, key=lambda pod: (_last_seen_back(activity_of(view, namespace, pod)), pod)):
        by_rank[RANDOM_END.sub("", pod)].append(pod)
    if len(by_rank) == 1:
        return [pods]  # ranks that are told apart by random ends alone
    return [
        [row[number] for row in by_rank.values() if number < len(row)]
        for number in range(max(map(len, by_rank.values())))
    ]


def _last_seen_back(values: Sequence[float | None]) -> int:
    return next((back for back, value in enumerate(reversed(values)) if value is not None), len(values))


def _run(view: ClusterView, namespace: str, name: str, pods: list[str]) -> Run:
    return Run(
        namespace,
        name,
        {pod: activity_of(view, namespace, pod) for pod in pods},
        {pod: _nodes(view, namespace, pod) for pod in pods},
    )


def _nodes(view: ClusterView, namespace: str, pod: str) -> tuple[str, ...]:
    """Return where a pod was, step by step: on the node whose series has a value there."""
    series = view.series_by_pod[namespace, pod]
    length = max(len(one.values) for one in series)
    nodes = [""] * length
    for one in series:
        for back, value in enumerate(reversed(one.values), start=1):
            if value is not None:
                nodes[-back] = one.node
    return tuple(nodes)
