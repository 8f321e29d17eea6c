"""Interference: a workload's activity falls by 15 % while a neighbour is there, over at least two changes of company.

`podlore.interference.observed` tells what each neighbour costs and on which resource they meet; the lower end of a 95 %
interval of the fall must pass the bar. The evidence names every neighbour that does, and the nodes listed are those on
which the workload would fit without any of them. A neighbour that runs elsewhere by now is not spoken of.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from podlore.patterns import stake
from podlore.patterns.found import found
from podlore.topology import fits
from podlore.topology.room import GPU_MILLI
from podlore.view import ClusterView
from podlore.vocabulary import Evidence, EvidenceSource, Finding, ObjectRef, Pattern, Workload
from podlore.workloads import is_finished

if TYPE_CHECKING:
    from podlore.interference.observed import Edge

AGGRESSORS_MAX = 3
RANKED_NODES_MAX = 5


def interference(view: ClusterView) -> Iterator[Finding]:
    """Yield the workloads that a neighbour slows down."""
    if not view.policy.thresholds.interference.enabled or not view.snapshot.series:
        return
    edges: dict[ObjectRef, list[Edge]] = {}
    for edge in slowed(view):
        edges.setdefault(edge.victim, []).append(edge)
    for victim, its in edges.items():
        worst = sorted(its, key=lambda edge: (-edge.effect.low, edge.aggressor))[:AGGRESSORS_MAX]
        yield _finding(view, view.workload_by_ref[victim], worst)


def slowed(view: ClusterView) -> Iterator["Edge"]:
    """Yield who is slowed by whom, by more than the policy lets pass, and is not apart by now."""
    from podlore.interference.observed import observed  # noqa: PLC0415 - it reads series by `podlore.patterns.trends`

    bar = view.policy.thresholds.interference.slowdown_percent_min
    return (edge for edge in observed(view) if not edge.is_apart and edge.effect.low * 100 >= bar)


def _finding(view: ClusterView, workload: Workload, edges: Sequence["Edge"]) -> Finding:
    worst = edges[0]
    return found(
        Pattern.INTERFERENCE,
        "Neighbour",
        workload.ref,
        f"{workload.ref} does less whenever a certain neighbour is on node {worst.node}; they meet on "
        f"{worst.meeting.resource}.",
        [fact for edge in edges for fact in _evidence(view, edge)],
        gpus=worst.pod.requests.gpu_milli / GPU_MILLI,
        hours=stake.expected_hours(view.now - workload.created_at, stake.rest_seconds(workload, view.now)),
        share=_stepped(worst.effect.low),
        blamed=tuple(edge.aggressor for edge in edges),
        ranked_nodes=quieter_nodes(view, worst, frozenset(edge.aggressor for edge in edges)),
    )


def _evidence(view: ClusterView, edge: "Edge") -> Iterator[Evidence]:
    limits = view.policy.thresholds.interference
    left_out = "; steps with a throttled clock were left out" if edge.effect.steps_left_out else ""
    yield Evidence(
        source=EvidenceSource.METRIC,
        reference=f"GPU activity of Pod {edge.pod.namespace}/{edge.pod.name} with and without a neighbour{left_out}",
        observed=f"at least {100 * _stepped(edge.effect.low):.0f} % lower with it",
        threshold=f"{limits.slowdown_percent_min:g} % over {limits.company_changes_min} changes of company",
    )
    yield Evidence(
        source=EvidenceSource.METRIC,
        reference=f"node {edge.node}: {edge.meeting.because}",
        observed=f"they meet on {edge.meeting.resource}",
    )


def quieter_nodes(view: ClusterView, edge: "Edge", aggressors: frozenset[ObjectRef]) -> tuple[str, ...]:
    """Return other nodes with room for the slowed pod and without its aggressors.

    First those on which nobody was seen to slow it, or to be slowed by it; of these the nearest and emptiest.
    """
    from podlore.interference.observed import lost_on  # noqa: PLC0415 - it reads series by `podlore.patterns.trends`

    loud = {
        pod.node for ref in aggressors if ref in view.workload_by_ref for pod in view.workload_by_ref[ref].pods
        if pod.node and not is_finished(pod)
    }  # fmt: skip
    open_nodes = [
        name
        for name in view.eligible(edge.pod)
        if name not in loud and name != edge.node and fits(edge.pod.requests, view.free[name])
    ]
    ranked = sorted(
        open_nodes,
        key=lambda name: (
            lost_on(view, edge.victim, name), _apart(view, edge.node, name), _company(view, name), name
        ),
    )  # fmt: skip
    return tuple(ranked[:RANKED_NODES_MAX])


def _apart(view: ClusterView, one: str, other: str) -> int:
    """Return how many levels two nodes differ in: what the workload talks to stays where it is."""
    topology = view.topology
    return sum(topology.domain_of(one, level) != topology.domain_of(other, level) for level in topology.levels)


def _company(view: ClusterView, node: str) -> int:
    return len(view.pods_by_node.get(node, ()))


def _stepped(share: float) -> float:
    """Return a share rounded down to steps of 5 %, so that it rarely changes."""
    return int(share * 20) / 20
