"""A complete, frozen picture of a cluster: everything the advisor looks at, and nothing else.

The same advisor serves the live operator, ``podlore advise --snapshot DIR``, replays and simulations because each of
them only has to come up with one of these.
"""

from dataclasses import dataclass, field

from podlore.policy import Policy
from podlore.vocabulary import (
    Controller,
    DisruptionBudget,
    Event,
    Failure,
    Given,
    GpuWindow,
    LogLine,
    Node,
    Outcome,
    Pod,
    RuleMatch,
    Series,
    Start,
)


@dataclass(frozen=True, slots=True)
class History:
    """What is remembered of objects that may be gone, bounded, oldest first.

    ``given`` is the advice of the last days, ``outcomes`` what came of that which is settled.
    """

    starts: tuple[Start, ...] = ()
    failures: tuple[Failure, ...] = ()
    given: tuple[Given, ...] = ()
    outcomes: tuple[Outcome, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Objects sorted by key, metric windows, history and policy as they were at ``now``.

    ``observed_since`` is when watching began: nothing can be said about waits and silences before it. ``has_metrics``
    is False where no GPU metrics could be had; then ``gpu_windows`` is empty and says nothing about idleness.
    ``series`` and ``logs`` are empty unless somebody collects them, ``rule_matches`` unless a
    `podlore.rules.watch.RuleWatch` listened: no detector needs them to be there. ``budgets`` are the disruption
    budgets, where somebody watches them.
    """

    now: float
    observed_since: float
    pods: tuple[Pod, ...] = ()
    nodes: tuple[Node, ...] = ()
    events: tuple[Event, ...] = ()
    controllers: tuple[Controller, ...] = ()
    gpu_windows: tuple[GpuWindow, ...] = ()
    has_metrics: bool = False
    history: History = History()
    policy: Policy = field(default_factory=Policy)
    series: tuple[Series, ...] = ()
    logs: tuple[LogLine, ...] = ()
    rule_matches: tuple[RuleMatch, ...] = ()
    budgets: tuple[DisruptionBudget, ...] = ()
