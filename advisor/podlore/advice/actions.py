"""What to do about what was found: one table from pattern and cause to actions, the recommended one first.

The steps are what a person does. They name the target, never another team's work; ``{target}`` is ``Kind/name``.
"""

from collections.abc import Mapping
from typing import NamedTuple

from podlore.vocabulary import Action, Finding, Pattern

ANY = ""
"""Stands for every cause of a pattern that has no line of its own."""


class Remedy(NamedTuple):
    """Actions in order, and how a person goes about the first."""

    actions: tuple[Action, ...]
    steps: str


P, A = Pattern, Action
REMEDIES: Mapping[tuple[Pattern, str], Remedy] = {
    (P.RESOURCE_HOARDING, ANY): Remedy(
        (A.RELEASE_IDLE, A.RIGHT_SIZE),
        "Ask the owner whether {target} is still needed. Save what is in memory, then suspend it, scale it to zero or "
        "delete it; start it again when there is work.",
    ),
    (P.OVER_REQUEST, ANY): Remedy(
        (A.RIGHT_SIZE,),
        "Lower the requests of {target} to what it used at its busiest, with some room, the next time that it starts.",
    ),
    (P.QUEUE_SPIRAL, ANY): Remedy(
        (A.BREAK_REQUEUE_LOOP, A.DEFER),
        "Stop {target} from coming back at once: lower its retries or raise its back-off, find out what takes its "
        "place away each time, and resubmit it when that has ended.",
    ),
    (P.ACCESSIBILITY_BARRIER, "Constraint"): Remedy(
        (A.RELAX_CONSTRAINT, A.BORROW_QUOTA),
        "Drop or widen the constraint of {target} that the evidence names; the nodes that would open are listed.",
    ),
    (P.ACCESSIBILITY_BARRIER, "Topology"): Remedy(
        (A.RELAX_CONSTRAINT, A.INVESTIGATE),
        "Turn the rule of {target} about where its pods stand together from required into preferred, or widen it.",
    ),
    (P.ACCESSIBILITY_BARRIER, "Volume"): Remedy(
        (A.INVESTIGATE, A.RELAX_CONSTRAINT),
        "Look at the volume claims of {target}: the claim must exist and be bound, in a zone that has free nodes.",
    ),
    (P.ACCESSIBILITY_BARRIER, "Priority"): Remedy(
        (A.BORROW_QUOTA, A.INVESTIGATE),
        "Give {target} a share of its own (a quota, or a higher priority for some of the time), or run it where work "
        "of higher priority does not go.",
    ),
    (P.ACCESSIBILITY_BARRIER, "Capacity"): Remedy(
        (A.BORROW_QUOTA, A.DEFER, A.INVESTIGATE),
        "Others were served first although {target} asks for no more. Borrow quota for it, or let it start before "
        "further work of those who were served.",
    ),
    (P.ACCESSIBILITY_BARRIER, ANY): Remedy(
        (A.INVESTIGATE, A.RELAX_CONSTRAINT),
        "Find out who holds {target} back: the evidence names the gate, the queue or the scheduler that does.",
    ),
    (P.FRAGMENTATION, "Domain"): Remedy(
        (A.CONSOLIDATE, A.RELAX_CONSTRAINT),
        "Move small work out of one domain so that {target} fits into it, or let it span two.",
    ),
    (P.FRAGMENTATION, ANY): Remedy(
        (A.CONSOLIDATE, A.RELAX_CONSTRAINT, A.RIGHT_SIZE),
        "Let small work on the first listed node end or move, and keep new small work off it, until {target} fits; or "
        "divide {target} into smaller pods.",
    ),
    (P.INTERFERENCE, ANY): Remedy(
        (A.SEPARATE, A.INVESTIGATE),
        "Keep {target} and the neighbour that the evidence names on different nodes.",
    ),
    (P.GANG_SCATTERED, ANY): Remedy(
        (A.COLOCATE, A.CONSOLIDATE),
        "At its next checkpoint restart {target} on the listed nodes, with a preferred affinity for one domain.",
    ),
    (P.STRAGGLER, ANY): Remedy(
        (A.AVOID_NODE, A.INVESTIGATE),
        "Restart the slow rank of {target} on another node, and look at the node that it leaves.",
    ),
    (P.CRASH_LOOP, "Image"): Remedy(
        (A.FIX_APPLICATION, A.INVESTIGATE),
        "Check the image name, its tag and the pull secret of {target}, and whether the registry answers.",
    ),
    (P.CRASH_LOOP, ANY): Remedy(
        (A.FIX_APPLICATION, A.INVESTIGATE),
        "Read the log of the last run of {target} (kubectl logs --previous), and suspend it until it is mended.",
    ),
    (P.OUT_OF_MEMORY_LOOP, ANY): Remedy(
        (A.RAISE_MEMORY, A.FIX_APPLICATION),
        "Raise the memory limit of the container that the evidence names, or make {target} use less: smaller batches, "
        "fewer loader workers.",
    ),
    (P.BLACK_HOLE_NODE, ANY): Remedy(
        (A.CORDON_NODE, A.AVOID_NODE),
        "Cordon {target}, look at its device plugin and kubelet, and uncordon it when a test pod runs.",
    ),
    (P.HARDWARE_FAULT, ANY): Remedy(
        (A.CORDON_NODE, A.INVESTIGATE),
        "Cordon {target}, let its work end or move, then reset the GPU or hand the node to whoever repairs it.",
    ),
    (P.NETWORK_DEGRADATION, ANY): Remedy(
        (A.INVESTIGATE, A.AVOID_NODE),
        "Check the links of {target} (cable, port, switch counters), and keep gangs off it until they are clean.",
    ),
    (P.STORAGE_STALL, ANY): Remedy(
        (A.INVESTIGATE, A.FIX_APPLICATION),
        "Check the volume that {target} waits for: its claim, its attachment, and the server behind it.",
    ),
    (P.SECURITY_INCIDENT, ANY): Remedy(
        (A.INVESTIGATE,),
        "Find out who runs {target} and what it tried to reach; revoke its credentials if nobody can tell.",
    ),
}


def remedy(finding: Finding) -> Remedy:
    """Return what to do about a finding, with its target's name filled in.

    >>> from podlore.patterns.found import found
    >>> from podlore.vocabulary import Evidence, EvidenceSource, ObjectRef
    >>> evidence = [Evidence(EvidenceSource.OBJECT, "Pod nlp/a", "3 failures")]
    >>> target = ObjectRef("batch", "Job", "nlp", "tune")
    >>> remedy(found(Pattern.CRASH_LOOP, "Application", target, "It fails.", evidence)).actions[0]
    <Action.FIX_APPLICATION: 'FixApplication'>
    """
    actions, steps = REMEDIES.get((finding.pattern, finding.cause)) or REMEDIES[finding.pattern, ANY]
    return Remedy(actions, steps.replace("{target}", f"{finding.target.kind}/{finding.target.name}"))
