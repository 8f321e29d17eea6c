"""What rules heard becomes evidence of what detectors found, and a finding of its own where a rule speaks alone.

Called by `podlore.advisor.detect` after the detectors. A rule of the catalogue says why something happens that a
detector found by its effect; alone it speaks only where it quotes the driver on a fault of a device, and only from the
log of a node's agent: a log collector quotes other nodes. A rule of the cluster's own speaks alone, that is what it was
written for.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from podlore.patterns import stake
from podlore.patterns.found import found
from podlore.topology.room import GPU_MILLI
from podlore.view import ClusterView
from podlore.vocabulary import Evidence, EvidenceSource, Finding, ObjectRef, Pattern, RuleMatch

NODE_PATTERNS = frozenset({Pattern.HARDWARE_FAULT, Pattern.BLACK_HOLE_NODE})
NODE_AGENTS = frozenset({"DaemonSet", "Node"})
EVIDENCE_MAX = 3
ACTIVE_SECONDS = 3600.0
"""A rule that speaks alone is silent again so long after its last match."""
OWN_SURER = 0.9


def with_rules(findings: Iterable[Finding], view: ClusterView) -> tuple[Finding, ...]:
    """Return findings with what rules heard about their targets, and the findings that rules make alone."""
    given = tuple(findings)
    if not view.snapshot.rule_matches:
        return given
    heard = _by_target(view)
    told = tuple(_told(finding, heard.get(finding.target, ())) for finding in given)
    said = {(finding.pattern, finding.target) for finding in told if not finding.horizon_minutes}
    return told + tuple(_alone(view, said))


def _told(finding: Finding, matches: Iterable[RuleMatch]) -> Finding:
    facts = [_evidence(match) for match in _fitting(finding.pattern, matches)]
    facts = [fact for fact in facts if fact not in finding.evidence][:EVIDENCE_MAX]
    return replace(finding, evidence=(*finding.evidence, *facts)) if facts else finding


def _fitting(pattern: Pattern, matches: Iterable[RuleMatch]) -> list[RuleMatch]:
    """Return the matches that speak of a pattern, whole ones first, each rule once."""
    fitting = sorted((match for match in matches if pattern in match.patterns), key=_weight)
    first_by_rule: dict[str, RuleMatch] = {}
    for match in fitting:
        first_by_rule.setdefault(match.rule, match)
    return list(first_by_rule.values())


def _weight(match: RuleMatch) -> tuple[bool, int, str, ObjectRef]:
    return not match.is_whole, -match.steps_seen, match.rule, match.about


def _alone(view: ClusterView, said: set[tuple[Pattern, ObjectRef]]) -> Iterator[Finding]:
    """Yield what rules say that speak alone, once for each pattern, cause and target."""
    heard: defaultdict[tuple[Pattern, str, ObjectRef], list[RuleMatch]] = defaultdict(list)
    for match in view.snapshot.rule_matches:
        if not (match.speaks_alone and match.is_whole and view.now - match.last_at <= ACTIVE_SECONDS):
            continue
        pattern = match.patterns[0]
        if not getattr(view.policy.thresholds, _setting(pattern)).enabled:
            continue
        target = _target(view, match, pattern)
        if target is not None and (match.is_own or (pattern, target) not in said):
            heard[pattern, match.cause, target].append(match)
    for (pattern, cause, target), matches in sorted(heard.items()):
        yield _finding(view, pattern, cause, target, sorted(matches, key=_weight))


def _finding(view: ClusterView, pattern: Pattern, cause: str, target: ObjectRef, matches: list[RuleMatch]) -> Finding:
    foremost = matches[0]
    gpus = _gpus(view, target)
    made = found(
        pattern,
        cause,
        target,
        f"{target}: {foremost.title[:200].rstrip('.')}.",
        [_evidence(match) for match in matches[:EVIDENCE_MAX]],
        gpus=gpus,
        hours=stake.expected_hours(ACTIVE_SECONDS),
        surer=OWN_SURER,
        since=min(match.first_at for match in matches),
    )
    return replace(made, severity=foremost.severity, action=foremost.action) if foremost.is_own else made


def _evidence(match: RuleMatch) -> Evidence:
    return Evidence(
        source=EvidenceSource.RULE,
        reference=f"rule {match.rule} on {_PLACES.get(match.source, 'what was said')} about {match.about}",
        observed=match.title if match.is_whole else f"in part: {match.title}",
        threshold=f"{match.steps_seen} of {match.steps_needed} steps",
    )


_PLACES: Mapping[EvidenceSource, str] = {
    EvidenceSource.EVENT: "events",
    EvidenceSource.LOG: "the log",
    EvidenceSource.OBJECT: "conditions",
    EvidenceSource.METRIC: "samples",
}


def _setting(pattern: Pattern) -> str:
    """Return the name of a pattern's thresholds in the policy.

    >>> _setting(Pattern.OUT_OF_MEMORY_LOOP)
    'out_of_memory_loop'
    """
    return pattern.name.lower()


def _by_target(view: ClusterView) -> Mapping[ObjectRef, tuple[RuleMatch, ...]]:
    """Return matches by the workload that they are about and by the node it is on."""
    groups: defaultdict[ObjectRef, list[RuleMatch]] = defaultdict(list)
    for match in view.snapshot.rule_matches:
        for target in dict.fromkeys((_workload(view, match.about), _node(view, match))):
            if target is not None:
                groups[target].append(match)
    return {target: tuple(matches) for target, matches in groups.items()}


def _target(view: ClusterView, match: RuleMatch, pattern: Pattern) -> ObjectRef | None:
    if pattern in NODE_PATTERNS:
        return _node(view, match)
    return _workload(view, match.about) or _node(view, match)


def _workload(view: ClusterView, about: ObjectRef) -> ObjectRef | None:
    """Return the top-level workload of an object that something was said about; None where it is gone or none."""
    if about.kind == "Pod":
        workload = view.workload_by_pod.get((about.namespace, about.name))
        return workload.ref if workload else None
    for _ in range(8):
        if about in view.workload_by_ref:
            return view.workload_by_ref[about].ref
        controller = view.controllers_by_ref.get(about)
        if controller is None or controller.controller is None:
            return None
        about = controller.controller
    return None


def _node(view: ClusterView, match: RuleMatch) -> ObjectRef | None:
    """Return the node itself, or the one whose agent said so; a job's word on its node is only evidence of the job."""
    about = match.about
    if about.kind == "Pod":
        workload = view.workload_by_pod.get((about.namespace, about.name))
        if workload is None or (workload.ref.kind not in NODE_AGENTS and not match.is_own):
            return None
        name = next((pod.node for pod in workload.pods if pod.name == about.name), "")
    else:
        name = about.name if about.kind == "Node" else ""
    node = view.nodes.get(name)
    return ObjectRef("", "Node", "", node.name, uid=node.uid) if node else None


def _gpus(view: ClusterView, target: ObjectRef) -> float:
    if target.kind == "Node" and target.name in view.nodes:
        return 1.0 if view.nodes[target.name].allocatable.gpu_milli else 0.0
    workload = view.workload_by_ref.get(target)
    return sum(pod.requests.gpu_milli for pod in view.bound_pods(workload)) / GPU_MILLI if workload else 0.0
