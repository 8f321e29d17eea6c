"""Advice again after a small change: only workloads whose pods changed are looked at anew, all else stands.

`Advisor.advise` makes a full pass and remembers it; `Advisor.again` takes the next snapshot. Where nothing but the
containers of some pods has changed, the detectors that look at one workload at a time are asked about theirs alone, and
what the others found stands until the next full pass, for half a minute at most: time passes for everybody, but not
in steps of seconds. Every other change is answered by a full pass.
"""

import copy
from collections.abc import Collection, Iterable, Mapping
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
from podlore.vocabulary import Finding, ObjectRef, Pattern, Pod, Recommendation, Workload
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
STALE_SECONDS = 30.0
"""How long what the other detectors found may stand."""


class Advisor:
    """Gives advice on one snapshot after another.

    Parameters
    ----------
    classifier
        Adds what it makes of the events.
    """

    def __init__(self, classifier: Classifies | None = None) -> None:
        self._classifier = classifier
        self.view = ClusterView(Snapshot(now=0.0, observed_since=0.0))
        self.full_at: float | None = None
        self._findings: tuple[Finding, ...] = ()
        self._proposed: dict[int, tuple[Finding, Recommendation | Withheld]] = {}

    def advise(self, snapshot: Snapshot) -> Advised:
        """Return the advice of a full pass; whatever fails in it, the next pass is a full one too."""
        self.view, self.full_at = ClusterView(snapshot), None
        self._findings = detect(self.view)
        self._proposed.clear()
        advised = advice(self._findings, self.view, self._classifier, self._propose)
        self.full_at = snapshot.now
        return advised

    def again(self, snapshot: Snapshot) -> Advised:
        """Return the advice after a change; a small one is answered quickly."""
        changed = small_changes(self.view.snapshot, snapshot) if self._is_fresh(snapshot) else None
        if changed is None:
            return self.advise(snapshot)
        self.view, workloads = view_after(self.view, snapshot, changed)
        targets = {workload.ref for workload in workloads}
        found = _found(self.view, workloads)
        there = {(one.target, one.pattern) for one in found}
        kept = [one for one in self._findings if one.target not in targets or _stands(one, there)]
        self._findings = (*kept, *found)
        known = {id(one) for one in kept if one.target not in targets}
        self._proposed = {key: one for key, one in self._proposed.items() if key in known}
        return advice(self._findings, self.view, self._classifier, self._propose)

    def _is_fresh(self, snapshot: Snapshot) -> bool:
        return self.full_at is not None and 0 <= snapshot.now - self.full_at < STALE_SECONDS

    def _propose(self, finding: Finding) -> Recommendation | Withheld:
        """Return what a finding earns; the very same finding on an untouched target earns the same."""
        if id(finding) not in self._proposed:
            self._proposed[id(finding)] = finding, propose(self.view, finding)
        return self._proposed[id(finding)][1]


def _stands(finding: Finding, there: Collection[tuple[ObjectRef, Pattern]]) -> bool:
    """Say whether what was found on a workload that changed stands: others found it, or it is to come and not there."""
    if finding.pattern not in ALONE:
        return True
    return finding.horizon_minutes > 0 and (finding.target, finding.pattern) not in there


def small_changes(before: Snapshot, after: Snapshot) -> tuple[Pod, ...] | None:
    """Return the pods whose containers alone have changed; None if anything else has."""
    if any(getattr(before, part) is not getattr(after, part) for part in SAME):
        return None
    if (before.has_metrics, before.observed_since) != (after.has_metrics, after.observed_since):
        return None
    old, new = before.history, after.history
    if old.starts != new.starts or old.outcomes != new.outcomes or len(before.pods) != len(after.pods):
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
