"""Writes what became of the AdvisorPolicy into its status when that has changed; ``loop`` calls it after each round."""

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus

from podlore.clock import Clock
from podlore_operator.api.advisor_policy import AdvisorPolicyStatus
from podlore_operator.api.convert import wall_time
from podlore_operator.api.resource import API_VERSION
from podlore_operator.apply import Dropped, Sender
from podlore_operator.observe.connection import APPLY_PATCH
from podlore_operator.observe.refused import Refused
from podlore_operator.policy_keeper import POLICY_NAME, PolicyKeeper
from podlore_operator.serve.telemetry import Telemetry
from podlore_operator.write_requests import STATUS_MANAGER, WriteRequest, applied, policy_collection

logger = logging.getLogger(__name__)


class PolicyStatusWriter:
    """Compares the status that the policy should carry with the one it carries.

    ``knows_events`` returns whether the event classifier knows what it lately read.
    """

    def __init__(
        self,
        sender: Sender,
        keeper: PolicyKeeper,
        clock: Clock,
        telemetry: Telemetry,
        knows_events: Callable[[], bool | None] = lambda: None,
    ) -> None:
        self._sender = sender
        self._keeper = keeper
        self._clock = clock
        self._telemetry = telemetry
        self._knows_events = knows_events

    async def write(self, has_metrics: bool, may_write: bool, withheld: Mapping[str, int] | None = None) -> bool:
        """Write the status if it has changed, and say whether it was written."""
        keeper = self._keeper
        self._telemetry.policy_accepted.set(keeper.verdict is None or keeper.verdict.accepted)
        now = wall_time(self._clock, self._clock.now())
        wanted = keeper.status_wanted(has_metrics, now, withheld, self._knows_events())
        if wanted is None or wanted == keeper.status or not may_write:
            return False
        try:
            await self._sender.send(_request(wanted))
        except (Refused, Dropped) as error:
            if not isinstance(error, Refused) or error.status != HTTPStatus.NOT_FOUND:
                logger.debug("the policy's status was not written: %s", error)
            return False
        keeper.status = wanted
        return True


def _request(status: AdvisorPolicyStatus) -> WriteRequest:
    path = f"{policy_collection()}/{POLICY_NAME}/status"
    body = {
        "apiVersion": API_VERSION,
        "kind": "AdvisorPolicy",
        "metadata": {"name": POLICY_NAME},
        "status": status.document(),
    }
    return WriteRequest("policy-status", "PATCH", path, body, applied(STATUS_MANAGER), APPLY_PATCH)
