"""What to do about what was found: one table from pattern and cause to actions, in order of preference.

`ACTIONS` says of each action what it needs, what forbids it, which share of what is at stake it brings back, what it
costs if it is wrong, and which patch previews it. `REMEDIES` says which of them answer a pattern's cause, and how a
person goes about it. The first that fits is recommended, the others that fit are alternatives. ``podlore actions``
prints the table, and ``docs/actions.md`` is generated from it.

The steps are what a person does. They name the target, never another team's work; ``{target}`` is ``Kind/name``.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from podlore.advice import conditions as c
from podlore.advice.remedy import Condition, Effect, Remedy, Wrong
from podlore.vocabulary import Action, Finding, Pattern

ANY = ""
"""Stands for every cause of a pattern that has no line of its own."""

P, A = Pattern, Action
WHOLE = Effect(0.9, 1.0, 1.0, "what is let go of is free at once")
SOON = Effect(0.4, 0.9, 1.0, "it counts from the next start on")
MEASURED = Effect(0.4, 1.0, 2.0, "the loss is a lower bound, and some of it may have other reasons")
LIKELY = Effect(0.2, 0.8, 1.0, "it takes somebody's time, and may take a second try")
KEPT_OFF = Effect(0.5, 1.0, 1.0, "nothing new lands there, and what runs there ends")
SLOW = Effect(0.05, 0.5, 1.0, "the reason must be found before it can be mended")
WAITED = Effect(0.2, 0.8, 1.5, "the place must come free, or be made, first")

ACTIONS: Mapping[Action, Remedy] = MappingProxyType(
    {
        A.RELEASE_IDLE: Remedy(
            A.RELEASE_IDLE,
            "Ask the owner whether {target} is still needed. Save what is in memory, then suspend it, scale it to zero "
            "or delete it; start it again when there is work.",
            WHOLE,
            Wrong(1.0, "somebody comes back to a stopped session and starts it again"),
            unless=(c.PROTECTED,),
            patch="suspends it, or scales it to zero",
        ),
        A.RIGHT_SIZE: Remedy(
            A.RIGHT_SIZE,
            "Lower the requests of {target} to what it used at its busiest, with some room, the next time that it "
            "starts.",
            SOON,
            Wrong(0.5, "the next run is too small and starts once more"),
            patch="lowers the request in its template",
        ),
        A.COLOCATE: Remedy(
            A.COLOCATE,
            "At its next checkpoint restart {target} on the listed nodes, with a preferred affinity for one domain.",
            MEASURED,
            Wrong(0.5, "a restart, and the work since the last checkpoint"),
            needs=(c.NODES_RANKED,),
            unless=(c.PROTECTED,),
        ),
        A.SEPARATE: Remedy(
            A.SEPARATE,
            "Keep {target} and the neighbour that the evidence names on different nodes.",
            MEASURED,
            Wrong(0.5, "a restart, and the work since the last checkpoint"),
            unless=(c.PROTECTED,),
        ),
        A.CONSOLIDATE: Remedy(
            A.CONSOLIDATE,
            "Let small work on the first listed node end or move, and keep new small work off it, until {target} fits.",
            WAITED,
            Wrong(0.5, "free GPUs of one node stay empty while others wait"),
            needs=(c.NODES_RANKED,),
        ),
        A.AVOID_NODE: Remedy(
            A.AVOID_NODE,
            "Keep new work off the node that the evidence names (an anti-affinity on its name), and look at it.",
            LIKELY,
            Wrong(0.5, "a restart, and work on a node that is no better"),
            needs=(c.ROOM_ELSEWHERE,),
        ),
        A.CORDON_NODE: Remedy(
            A.CORDON_NODE,
            "Cordon {target}, let its work end or move, then reset the GPU or hand the node to whoever repairs it.",
            KEPT_OFF,
            Wrong(2.0, "a sound node stands empty until somebody has looked at it"),
            unless=(c.LAST_OF_ITS_KIND,),
            patch="marks the node unschedulable",
        ),
        A.RELAX_CONSTRAINT: Remedy(
            A.RELAX_CONSTRAINT,
            "Drop or widen the constraint of {target} that the evidence names; the nodes that would open are listed.",
            WAITED,
            Wrong(0.5, "it runs where it is slower, or must start again where it was meant to"),
            needs=(c.CONSTRAINT_OPENS,),
            patch="drops the node selector's key",
        ),
        A.DEFER: Remedy(
            A.DEFER,
            "Withdraw {target} and submit it again when the queue is short: until then its wait costs others theirs.",
            SLOW,
            Wrong(0.5, "it would have started sooner"),
            patch="suspends it",
        ),
        A.BREAK_REQUEUE_LOOP: Remedy(
            A.BREAK_REQUEUE_LOOP,
            "Stop {target} from coming back at once: lower its retries or raise its back-off, find out what takes its "
            "place away each time, and resubmit it when that has ended.",
            LIKELY,
            Wrong(0.5, "the next round would have gone through"),
            needs=(c.OWNER_KNOWN,),
            patch="suspends it; a CronJob forbids runs beside each other",
        ),
        A.RAISE_MEMORY: Remedy(
            A.RAISE_MEMORY,
            "Raise the memory limit of the container that the evidence names, or make {target} use less: smaller "
            "batches, fewer loader workers.",
            LIKELY,
            Wrong(0.25, "memory that nobody uses, and one more kill"),
            needs=(c.LIMIT_MAY_RISE,),
            patch="raises the limit by half",
        ),
        A.BORROW_QUOTA: Remedy(
            A.BORROW_QUOTA,
            "Borrow quota for {target} from the queues whose GPUs lie idle; it may be reclaimed, so let it write "
            "checkpoints.",
            WAITED,
            Wrong(1.0, "the lender reclaims, and the work since the last checkpoint is lost"),
            needs=(c.IN_A_QUEUE, c.IDLE_ELSEWHERE),
        ),
        A.FIX_APPLICATION: Remedy(
            A.FIX_APPLICATION,
            "Read the log of the last run of {target} (kubectl logs --previous), and suspend it until it is mended.",
            LIKELY,
            Wrong(0.0, "an hour of somebody's time"),
        ),
        A.INVESTIGATE: Remedy(
            A.INVESTIGATE,
            "Find out what holds {target} up: the evidence says where to look first.",
            SLOW,
            Wrong(0.0, "an hour of somebody's time"),
        ),
    }
)
"""Each action as such, in the order of the vocabulary."""


def row(
    action: Action, steps: str = "", *, needs: tuple[Condition, ...] | None = None, effect: Effect | None = None
) -> Remedy:
    """Return an action of the table, with what is special about it here."""
    made = ACTIONS[action]
    return replace(
        made,
        steps=steps or made.steps,
        needs=made.needs if needs is None else needs,
        effect=effect or made.effect,
    )


REMEDIES: Mapping[tuple[Pattern, str], tuple[Remedy, ...]] = MappingProxyType(
    {
        (P.RESOURCE_HOARDING, ANY): (row(A.RELEASE_IDLE), row(A.RIGHT_SIZE)),
        (P.OVER_REQUEST, ANY): (row(A.RIGHT_SIZE),),
        (P.QUEUE_SPIRAL, ANY): (row(A.BREAK_REQUEUE_LOOP), row(A.DEFER)),
        (P.ACCESSIBILITY_BARRIER, "Constraint"): (row(A.RELAX_CONSTRAINT), row(A.INVESTIGATE)),
        (P.ACCESSIBILITY_BARRIER, "Topology"): (
            row(
                A.RELAX_CONSTRAINT,
                "Turn the rule of {target} about where its pods stand together from required into preferred, or widen "
                "it.",
            ),
            row(A.INVESTIGATE),
        ),
        (P.ACCESSIBILITY_BARRIER, "Volume"): (
            row(
                A.INVESTIGATE,
                "Look at the volume claims of {target}: the claim must exist and be bound, in a zone that has free "
                "nodes.",
            ),
        ),
        (P.ACCESSIBILITY_BARRIER, "Priority"): (
            row(A.BORROW_QUOTA),
            row(
                A.DEFER,
                "Submit {target} again when less work of higher priority waits, or give it a higher priority for some "
                "of the time.",
                needs=(c.TURNOVER_KNOWN,),
            ),
            row(A.INVESTIGATE),
        ),
        (P.ACCESSIBILITY_BARRIER, "Capacity"): (
            row(A.BORROW_QUOTA),
            row(A.DEFER, needs=(c.TURNOVER_KNOWN,)),
            row(A.INVESTIGATE),
        ),
        (P.ACCESSIBILITY_BARRIER, ANY): (
            row(
                A.INVESTIGATE,
                "Find out who holds {target} back: the evidence names the gate, the queue or the scheduler that does.",
            ),
        ),
        (P.FRAGMENTATION, "Domain"): (
            row(A.CONSOLIDATE, "Move small work out of one domain so that {target} fits into it."),
            row(A.RELAX_CONSTRAINT, "Let {target} span two domains: turn the required topology into a preferred one."),
        ),
        (P.FRAGMENTATION, ANY): (
            row(A.CONSOLIDATE),
            row(A.RELAX_CONSTRAINT),
            row(A.RIGHT_SIZE, "Divide {target} into smaller pods: no node is large enough.", needs=(c.DIVISIBLE,)),
        ),
        (P.INTERFERENCE, ANY): (row(A.SEPARATE), row(A.INVESTIGATE)),
        (P.GANG_SCATTERED, ANY): (row(A.COLOCATE), row(A.INVESTIGATE)),
        (P.STRAGGLER, ANY): (
            row(
                A.AVOID_NODE, "Restart the slow rank of {target} on another node, and look at the node that it leaves."
            ),
            row(A.INVESTIGATE),
        ),
        (P.CRASH_LOOP, "Image"): (
            row(
                A.FIX_APPLICATION,
                "Check the image name, its tag and the pull secret of {target}.",
                needs=(c.END_SEEN,),
            ),
            row(A.INVESTIGATE, "Find out why the registry that {target} pulls from does not answer."),
        ),
        (P.CRASH_LOOP, ANY): (row(A.FIX_APPLICATION, needs=(c.END_SEEN,)), row(A.INVESTIGATE)),
        (P.OUT_OF_MEMORY_LOOP, ANY): (
            row(A.RAISE_MEMORY),
            row(
                A.FIX_APPLICATION,
                "Make {target} use less memory (smaller batches, fewer loader workers, no leak): no node could hold "
                "much more.",
            ),
        ),
        (P.BLACK_HOLE_NODE, ANY): (
            row(
                A.CORDON_NODE,
                "Cordon {target}, look at its device plugin and kubelet, and uncordon it when a test pod runs.",
            ),
            row(
                A.AVOID_NODE,
                "Keep large work off {target} while it is the only one of its kind; look at its device plugin and "
                "kubelet.",
                needs=(),
            ),
        ),
        (P.HARDWARE_FAULT, ANY): (row(A.CORDON_NODE), row(A.INVESTIGATE)),
        (P.NETWORK_DEGRADATION, "Link"): (
            row(
                A.AVOID_NODE,
                "Keep gangs off {target} until its links are clean: check cable, port and switch counters.",
            ),
            row(A.INVESTIGATE, "Check the links of {target} (cable, port, switch counters)."),
        ),
        (P.NETWORK_DEGRADATION, ANY): (
            row(A.INVESTIGATE, "Check the links of {target} (cables, ports, switch counters) and the switch above."),
        ),
        (P.STORAGE_STALL, "Mount"): (
            row(
                A.FIX_APPLICATION,
                "Mend what {target} names: the volume, secret or map that the kubelet calls missing.",
                needs=(c.NAMES_THE_MISSING,),
            ),
            row(
                A.INVESTIGATE,
                "Check the volume that {target} waits for: its claim, its attachment, and the server behind it.",
            ),
        ),
        (P.STORAGE_STALL, ANY): (
            row(A.INVESTIGATE, "Check the storage that {target} reads from: its server, its network, its quota."),
        ),
        (P.SECURITY_INCIDENT, ANY): (
            row(
                A.INVESTIGATE,
                "Find out who runs {target} and what it tried to reach; revoke its credentials if nobody can tell.",
            ),
        ),
    }
)


def remedies(finding: Finding) -> tuple[Remedy, ...]:
    """Return the rows of the table that may answer a finding, in order of preference.

    >>> from podlore.patterns.found import found
    >>> from podlore.vocabulary import Evidence, EvidenceSource, ObjectRef
    >>> evidence = [Evidence(EvidenceSource.OBJECT, "Pod nlp/a", "3 failures")]
    >>> target = ObjectRef("batch", "Job", "nlp", "tune")
    >>> [str(one.action) for one in remedies(found(Pattern.CRASH_LOOP, "Application", target, "It fails.", evidence))]
    ['FixApplication', 'Investigate']
    """
    rows = REMEDIES.get((finding.pattern, finding.cause)) or REMEDIES[finding.pattern, ANY]
    if finding.action is None:
        return rows
    wanted = next((one for one in rows if one.action is finding.action), ACTIONS[finding.action])
    return (wanted, *(one for one in rows if one.action is not finding.action))


def steps_of(remedy: Remedy, finding: Finding) -> str:
    """Return what a person does, with the target's name filled in."""
    return remedy.steps.replace("{target}", f"{finding.target.kind}/{finding.target.name}")
