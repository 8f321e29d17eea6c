"""Advice again after a small change: only workloads whose pods changed are looked at anew, all else stands.

`Advisor.advise` makes a full pass and remembers it; `Advisor.again` takes the next snapshot. Where nothing but the
containers of some pods has changed, the detectors that look at one workload at a time are asked about theirs alone, and
what the others found stands until the next full pass: time passes for everybody, but not in steps of seconds. Every
other change is answered by a full pass. Who calls it decides how often a full pass is due.
"""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import replace

from podlore.advice import Advised, Classifies, Withheld, advice
from podlore.advice.propose import propose
from podlore.advisor import detect
from podlore.patterns import Detector
from podlore.patterns.crash_loop import crash_loop
from podlore.patterns.out_of_memory_loop import out_of_memory_loop
from podlore.patterns.over_request import over_request
from podlore.patterns.resource_hoarding import resource_hoarding
from podlore.patterns.rule_matches import with_rules
from podlore.snapshot import Snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Finding, Pattern, Pod, Recommendation, Workload
from podlore.workloads import is_finished

ALONE: Mapping[Pattern, Detector] = {
    Pattern.RESOURCE_HOARDING: resource_hoarding,
    Pattern.OVER_REQUEST: over_request,
    Pattern.CRASH_LOOP: crash_loop,
    Pattern.OUT_OF_MEMORY_LOOP: out_of_memory_loop,
}
"""Detectors that judge each workload by itself."""
SAME = ("nodes", "events", "controllers", "gpu_windows", "series", "logs", "rule_matches", "budgets", "policy")
"""Parts of a snapshot that must be the very same objects for a small change."""


class Advisor:
    """Gives advice on one snapshot after another.

    Parameters
    ----------
    classifier
        Adds what it makes of the events.
    """

    def __init__(self, classifier: Classifies | None = None) -> None:
        self._classifier = classifier
        self._view = ClusterView(Snapshot(now=0.0, observed_since=0.0))
        self._has_seen = False
        self._findings: tuple[Finding, ...] = ()
        self._proposed: dict[int, tuple[Finding, Recommendation | Withheld]] = {}

    def advise(self, snapshot: Snapshot) -> Advised:
        """Return the advice of a full pass."""
        self._view, self._has_seen = ClusterView(snapshot), True
        self._findings = detect(self._view)
        self._proposed.clear()
        return advice(self._findings, self._view, self._classifier, self._propose)

    def again(self, snapshot: Snapshot) -> Advised:
        """Return the advice after a change; a small one is answered quickly."""
        changed = small_changes(self._view.snapshot, snapshot) if self._has_seen else None
        if changed is None:
            return self.advise(snapshot)
        self._view, workloads = view_after(self._view, snapshot, changed)
        targets = {workload.ref for workload in workloads}
        kept = [one for one in self._findings if one.pattern not in ALONE or one.target not in targets]
        self._findings = (*kept, *_found(self._view, workloads))
        known = {id(one) for one in kept if one.target not in targets}
        self._proposed = {key: one for key, one in self._proposed.items() if key in known}
        return advice(self._findings, self._view, self._classifier, self._propose)

    def _propose(self, finding: Finding) -> Recommendation | Withheld:
        """Return what a finding earns; the very same finding on an untouched target earns the same."""
        if id(finding) not in self._proposed:
            self._proposed[id(finding)] = finding, propose(self._view, finding)
        return self._proposed[id(finding)][1]


def small_changes(before: Snapshot, after: Snapshot) -> tuple[Pod, ...] | None:
    """Return the pods whose containers alone have changed; None if anything else has."""
    if any(getattr(before, part) is not getattr(after, part) for part in SAME):
        return None
    if before.history.starts != after.history.starts or len(before.pods) != len(after.pods):
        return None
    pairs = [(old, new) for old, new in zip(before.pods, after.pods, strict=True) if old is not new]
    return tuple(new for _, new in pairs) if all(_is_small(old, new) for old, new in pairs) else None


def _is_small(old: Pod, new: Pod) -> bool:
    if is_finished(old) or is_finished(new):
        return False
    return replace(old, containers=(), phase="", message="", reason="") == replace(
        new, containers=(), phase="", message="", reason=""
    )


def view_after(view: ClusterView, snapshot: Snapshot, pods: Iterable[Pod]) -> tuple[ClusterView, tuple[Workload, ...]]:
    """Return the view of the next snapshot, made of the one before, and the workloads of the pods that changed."""
    made = ClusterView(snapshot)
    for name, value in vars(view).items():
        vars(made).setdefault(name, value)
    vars(made)["_computed"] = dict(vars(view)["_computed"])
    if view.snapshot.history.failures is not snapshot.history.failures:
        vars(made).pop("failures", None)
    by_ref, by_pod = dict(view.workload_by_ref), dict(view.workload_by_pod)
    by_node = dict(view.pods_by_node)
    touched = set()
    for pod in pods:
        ref = by_pod[pod.namespace, pod.name].ref
        by_ref[ref] = replace(by_ref[ref], pods=_exchanged(by_ref[ref].pods, pod))
        if pod.node in by_node:
            by_node[pod.node] = _exchanged(by_node[pod.node], pod)
        touched.add(ref)
    for ref in touched:
        by_pod.update({(pod.namespace, pod.name): by_ref[ref] for pod in by_ref[ref].pods})
    vars(made).update(workload_by_ref=by_ref, workload_by_pod=by_pod, pods_by_node=by_node)
    vars(made)["workloads"] = tuple(by_ref.values())
    return made, tuple(by_ref[ref] for ref in sorted(touched))


def _exchanged(pods: tuple[Pod, ...], new: Pod) -> tuple[Pod, ...]:
    return tuple(
        new if (old.namespace, old.name, old.uid) == (new.namespace, new.name, new.uid) else old for old in pods
    )


def _found(view: ClusterView, workloads: tuple[Workload, ...]) -> tuple[Finding, ...]:
    """Return what the detectors of single workloads find on these."""
    some = copy.copy(view)
    vars(some)["workloads"] = workloads
    return tuple(
        finding
        for finding in with_rules((one for detector in ALONE.values() for one in detector(some)), view)
        if finding.pattern in ALONE
    )
