"""The cluster's own rules: PatternRule objects come in as they change, the watch listens, their status says so.

``handlers`` passes objects on, ``runtime`` runs it beside the loop. A rule that does not load is not in use, and its
condition ``Accepted`` says where in it what is wrong; nothing else depends on it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Never

from pydantic import ValidationError

from podlore.clock import Clock
from podlore.errors import BadInput
from podlore.rules.bound_rule import BoundRule, own_rule
from podlore.rules.watch import RuleWatch
from podlore_operator.api.conditions import Condition, ConditionType, condition, with_condition
from podlore_operator.api.convert import clipped, wall_time
from podlore_operator.api.pattern_rule import PatternRule, PatternRuleStatus
from podlore_operator.api.resource import API_VERSION
from podlore_operator.apply import Dropped, Sender
from podlore_operator.observe.connection import APPLY_PATCH
from podlore_operator.observe.refused import Refused
from podlore_operator.write_requests import STATUS_MANAGER, WriteRequest, applied

logger = logging.getLogger(__name__)

RULES_MAX = 500
LOOK_SECONDS = 60.0
"""How often counts of matches are written down where nothing else changes."""
MESSAGE_LENGTH_MAX = 512


class PatternRules:
    """Keeps the cluster's own rules.

    Parameters
    ----------
    watch
        Listens for those that load.
    clock
        Dates conditions.
    """

    def __init__(self, watch: RuleWatch, clock: Clock) -> None:
        self._watch = watch
        self._clock = clock
        self._changed = asyncio.Event()
        self._bound: dict[str, BoundRule] = {}
        self._held: dict[str, PatternRuleStatus] = {}
        self._matches_before: dict[str, int] = {}
        self._verdicts: dict[str, tuple[str, str, int | None]] = {}

    def put(self, obj: Mapping[str, Any]) -> None:
        """Take in a rule as it is now; the name is known even of one that cannot be read."""
        metadata = obj.get("metadata") or {}
        name, generation = str(metadata.get("name") or ""), metadata.get("generation")
        before = self._bound.pop(name, None)
        try:
            read = PatternRule.read({"kind": "PatternRule", "apiVersion": API_VERSION, **obj})
            self._held[name] = read.status or PatternRuleStatus()
            self._matches_before.setdefault(name, self._held[name].matches - self._watch.hits[name])
            self._verdicts[name] = (*self._take(name, read, before), generation)
        except (ValidationError, BadInput, ValueError) as error:
            self._held.setdefault(name, PatternRuleStatus())
            self._verdicts[name] = "Invalid", str(error), generation
        self._listen()

    def forget(self, name: str) -> None:
        """Take in that a rule is gone."""
        for kept in (self._bound, self._held, self._verdicts, self._matches_before):
            kept.pop(name, None)
        self._listen()

    def statuses_wanted(self) -> dict[str, PatternRuleStatus]:
        """Return what should be written: the status of each rule that does not carry it yet."""
        wanted = {name: self._status(name) for name in self._verdicts}
        return {name: status for name, status in wanted.items() if status != self._held[name]}

    async def run(self, sender: Sender) -> Never:
        """Write statuses as they change, until cancelled; without leave to write there is nothing to do."""
        while True:
            self._changed.clear()
            for name, status in self.statuses_wanted().items():
                await self._write(sender, name, status)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._changed.wait()

    def _take(self, name: str, read: PatternRule, before: BoundRule | None) -> tuple[str, str]:
        spec = read.spec
        if spec.enabled is False:
            return "Disabled", "spec.enabled is false"
        if before is None and len(self._bound) >= RULES_MAX:
            raise BadInput(f"{RULES_MAX} rules are in use; remove some first")
        bound = own_rule(
            name,
            spec.rule,
            spec.pattern,
            cause=spec.cause or "",
            severity=spec.severity,
            action=spec.action,
        )
        self._bound[name] = before if before == bound else bound  # the same: what it heard so far still counts
        return "Valid", ""

    def _listen(self) -> None:
        self._watch.set_own(self._bound[name] for name in sorted(self._bound))
        self._changed.set()

    def _status(self, name: str) -> PatternRuleStatus:
        reason, message, generation = self._verdicts[name]
        held = self._held[name]
        accepted = condition(
            ConditionType.ACCEPTED,
            reason == "Valid",
            reason,
            clipped(message, MESSAGE_LENGTH_MAX),
            at=wall_time(self._clock, self._clock.now()),
            generation=generation,
        )
        conditions: tuple[Condition, ...] = with_condition(held.conditions, accepted)
        matches = max(self._matches_before.get(name, 0) + self._watch.hits[name], 0)
        return PatternRuleStatus(observed_generation=generation, conditions=conditions, matches=matches)

    async def _write(self, sender: Sender, name: str, status: PatternRuleStatus) -> None:
        try:
            await sender.send(_request(name, status))
        except (Refused, Dropped) as error:
            if not isinstance(error, Refused) or error.status != HTTPStatus.NOT_FOUND:
                logger.debug("the status of PatternRule %s was not written: %s", name, error)
            return
        if name in self._held:
            self._held[name] = status


def _request(name: str, status: PatternRuleStatus) -> WriteRequest:
    path = f"/apis/{API_VERSION}/{PatternRule.presentation.plural}/{name}/status"
    body = {
        "apiVersion": API_VERSION,
        "kind": "PatternRule",
        "metadata": {"name": name},
        "status": status.document(),
    }
    return WriteRequest("pattern-rule-status", "PATCH", path, body, applied(STATUS_MANAGER), APPLY_PATCH)
