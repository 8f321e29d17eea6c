"""Recommendations come in, most valuable first; what the API server should hold because of them leaves, by key.

Called by ``podlore_operator.loop`` in the advisor's thread, read by ``podlore_operator.reconcile``.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from podlore.clock import Clock
from podlore.policy import Prices
from podlore.vocabulary import ObjectRef, Recommendation, Severity
from podlore.workloads import ROLL_UP
from podlore_operator.api.advice import AdviceSpec, AdviceStatus
from podlore_operator.api.convert import advice_of
from podlore_operator.api.identity import name_of
from podlore_operator.api.resource import OwnerReference
from podlore_operator.writes import Key

SEVERITIES = {severity: rank for rank, severity in enumerate(Severity)}
"""Rank by severity, 0 is the worst."""


@dataclass(frozen=True, slots=True)
class Said:
    """One advice as if it were said for the first time; ``owner`` is the live workload that takes it along."""

    key: Key
    spec: AdviceSpec
    status: AdviceStatus
    owner: OwnerReference | None = None


@dataclass(frozen=True, slots=True)
class Speech:
    """What every advice is said with.

    Parameters
    ----------
    clock
        Converts trace time to wall time.
    model_version
        Which podlore and which classifier speak.
    prices
        The policy's.
    product_of
        The GPU product that a target holds, empty if unknown.
    live_uids
        The objects that exist: a dead owner would have the advice collected.
    """

    clock: Clock
    model_version: str
    prices: Prices
    product_of: Callable[[ObjectRef], str]
    live_uids: frozenset[str]

    def say(
        self, recommendations: Iterable[Recommendation], now: float, failed: Callable[[Recommendation, Exception], None]
    ) -> dict[Key, Said]:
        """Return what is to be said at ``now``, in the order given; one that cannot be said is handed to ``failed``."""
        clock = replace(self.clock, read=lambda: self.clock.to_wall(now))
        return {said.key: said for said in self._each(recommendations, clock, failed)}

    def _each(
        self,
        recommendations: Iterable[Recommendation],
        clock: Clock,
        failed: Callable[[Recommendation, Exception], None],
    ) -> Iterator[Said]:
        for recommendation in recommendations:
            try:
                yield self._one(recommendation, clock)
            except ValueError as error:
                failed(recommendation, error)

    def _one(self, recommendation: Recommendation, clock: Clock) -> Said:
        target = recommendation.target
        spec, status = advice_of(
            recommendation,
            clock,
            self.model_version,
            prices=self.prices,
            gpu_product=self.product_of(target),
        )
        key = Key(target.namespace, name_of(recommendation))
        return Said(key, spec, status, owner_of(target, self.live_uids))


def owner_of(target: ObjectRef, live_uids: frozenset[str]) -> OwnerReference | None:
    """Return the reference by which Kubernetes deletes the advice with its target, None if that must not be.

    >>> owner_of(ObjectRef("", "Node", "", "gpu-7", "v1", "u1"), frozenset({"u1"})) is None
    True
    """
    if (target.group, target.kind) not in ROLL_UP or target.uid not in live_uids:
        return None
    return OwnerReference(
        api_version=f"{target.group}/{target.version}" if target.group else target.version,
        kind=target.kind,
        name=target.name,
        uid=target.uid,
        controller=False,
        block_owner_deletion=False,
    )
