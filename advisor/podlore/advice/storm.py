"""A pass: many nodes that show the same fault at once have one cause, and it is told once.

A driver's rollout, a zone's power or a switch that fails would otherwise be a flood of advice to cordon node by node,
which is the wrong thing to do to a tenth of a cluster. The one advice is about the narrowest domain that all of them
stand in, and names them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from podlore.advice.advised import Withheld, Withholding
from podlore.patterns.severity import ORDER
from podlore.patterns.stake import two_digits
from podlore.view import ClusterView
from podlore.vocabulary import Action, Evidence, EvidenceSource, Finding, ObjectRef, Pattern, Recommendation

NODES_SHARE_MIN = 0.1
NODES_MIN = 5
"""Fewer are no storm, however small the cluster."""
CAUSE = "Common"
NAMED_MAX = 20
FACTS_MAX = 3


def storm(recommendations: Iterable[Recommendation], view: ClusterView) -> Iterator[Recommendation | Withheld]:
    """Pass everything on, but one advice for each fault that more than a tenth of the nodes show."""
    by_fault: defaultdict[tuple[Pattern, str], list[Recommendation]] = defaultdict(list)
    for one in recommendations:
        if one.target.kind == "Node" and not one.target.namespace:
            by_fault[one.because.pattern, one.because.cause].append(one)
        else:
            yield one
    for flagged in by_fault.values():
        if len(flagged) >= NODES_MIN and len(flagged) > NODES_SHARE_MIN * len(view.nodes):
            common = _common(sorted(flagged, key=lambda one: one.target), view)
            yield common
            yield from (Withheld(one, Withholding.COMMON_CAUSE, str(common.target)) for one in flagged)
        else:
            yield from flagged


def _common(flagged: Sequence[Recommendation], view: ClusterView) -> Recommendation:
    names = [one.target.name for one in flagged]
    first, place = flagged[0].because, _place(names, view)
    members = f"{len(names)} of {len(view.nodes)} nodes"
    fact = Evidence(
        EvidenceSource.OBJECT,
        f"Nodes {', '.join(names[:NAMED_MAX])}" + (", …" if len(names) > NAMED_MAX else ""),
        f"{members} show {first.pattern} ({first.cause}) at once",
        f"{100 * NODES_SHARE_MIN:g} % of all nodes, {NODES_MIN} at least",
    )
    finding = Finding(
        pattern=first.pattern,
        cause=CAUSE,
        target=place,
        severity=min((one.because.severity for one in flagged), key=ORDER.index),
        summary=f"{members} show the same fault at once, all in {place}: they have one cause.",
        evidence=(fact, *(one.because.evidence[0] for one in flagged[:FACTS_MAX])),
        confidence=min(one.because.confidence for one in flagged),
        gpus=sum(one.because.gpus for one in flagged),
        gpu_hours_at_stake=two_digits(sum(one.because.gpu_hours_at_stake for one in flagged)),
        blamed=tuple(one.target for one in flagged[:NAMED_MAX]),
    )
    steps = (
        f"Look for what these nodes have in common in {place} before treating any of them: a rollout of a driver or an "
        "image, power, cooling, a switch. Cordoning them one by one takes a tenth of the cluster away and mends none."
    )
    return Recommendation(finding, Action.INVESTIGATE, steps)


def _place(names: Sequence[str], view: ClusterView) -> ObjectRef:
    """Return the narrowest domain in which all of these nodes stand; the cluster if there is none."""
    for level in reversed(view.topology.levels[:-1]):
        domains = {view.topology.domain_of(name, level) for name in names}
        domain = next(iter(domains))
        if len(domains) == 1 and domain is not None:
            return ObjectRef("", _kind_of(level), "", domain[-1])
    return ObjectRef("", "Cluster", "", "cluster")


def _kind_of(level: str) -> str:
    """Name what a level's domains are.

    >>> _kind_of("topology.kubernetes.io/zone"), _kind_of("topology.podlore.io/rack"), _kind_of("a.b/tier-2")
    ('Zone', 'Rack', 'Domain')
    """
    word = level.rpartition("/")[2]
    return word.capitalize() if word.isalpha() else "Domain"
