"""The policy in force: AdvisorPolicy objects come in, the last good one stays, and its status says what became of each.

Called by ``handlers`` with each change, read by ``loop``; pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from podlore.advice import CAPS
from podlore.errors import BadInput
from podlore.policy import Mode, Policy
from podlore_operator.api.advisor_policy import AdvisorPolicy, AdvisorPolicyStatus
from podlore_operator.api.conditions import Condition, ConditionType, condition, with_condition
from podlore_operator.api.convert import clipped, policy_of
from podlore_operator.api.significant import two_digits

POLICY_NAME = "default"
MODES = tuple(Mode)


@dataclass(frozen=True, slots=True)
class Grants:
    """What the operator's account may do, and so what a policy may ask for."""

    max_mode: Mode = Mode.ADVISE
    annotations: bool = False
    events: bool = False
    logs: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the policy object as it is now."""

    accepted: bool
    reason: str
    message: str
    generation: int | None = None


class PolicyKeeper:
    """Keeps the policy in force.

    Parameters
    ----------
    grants
        Bounds what is accepted.
    dry_run
        Overrules every policy's mode.

    Examples
    --------
    >>> keeper = PolicyKeeper(Grants())
    >>> keeper.offer({"metadata": {"name": "default"}, "spec": {"mode": "Assist"}})
    >>> keeper.verdict.reason, keeper.in_force.mode.value
    ('NotGranted', 'Advise')
    """

    def __init__(self, grants: Grants, *, dry_run: bool = False) -> None:
        self.grants = grants
        self._dry_run = dry_run
        self._accepted = self._default = Policy(mode=min(Mode.ADVISE, grants.max_mode, key=MODES.index))
        self.verdict: Verdict | None = None
        self.status: AdvisorPolicyStatus | None = None

    @property
    def in_force(self) -> Policy:
        """The policy to work by."""
        return replace(self._accepted, mode=Mode.DRY_RUN) if self._dry_run else self._accepted

    @property
    def last_good(self) -> Policy | None:
        """The last policy object that was accepted, None if the defaults hold."""
        return None if self._accepted is self._default else self._accepted

    def recall(self, policy: Policy) -> None:
        """Take over the last good policy of an earlier process, where there is one now that is no good."""
        if (
            self.verdict is not None
            and not self.verdict.accepted
            and self.last_good is None
            and not self._excess(policy)
        ):
            self._accepted = policy

    def offer(self, obj: Mapping[str, Any]) -> None:
        """Take in the policy object as it is now; a bad one leaves the last good one in force."""
        generation = _generation(obj)
        try:
            policy = AdvisorPolicy.read({"kind": "AdvisorPolicy", "apiVersion": "podlore.io/v1alpha1", **obj})
            wanted = policy_of(policy.spec)
        except (ValidationError, BadInput, ValueError) as error:
            self.verdict = Verdict(False, "Invalid", _first(error), generation)
            return
        self.status = policy.status
        if excess := self._excess(wanted):
            self.verdict = Verdict(False, "NotGranted", excess, generation)
            return
        self._accepted = wanted
        self.verdict = Verdict(True, "Valid", "", generation)

    def withdraw(self) -> None:
        """Take in that there is no policy object: the built-in defaults hold."""
        self._accepted = self._default
        self.verdict, self.status = None, None

    def status_wanted(
        self,
        has_metrics: bool,
        at: datetime,
        withheld: Mapping[str, int] | None = None,
        knows_events: bool | None = None,
    ) -> AdvisorPolicyStatus | None:
        """Return the status that the policy object should carry, None where there is no object.

        ``withheld`` counts advice that was not given, by reason; what there was no room for is told. ``knows_events``
        says whether the event classifier knows what it lately read, None while that cannot be said.
        """
        verdict = self.verdict
        if verdict is None:
            return None
        accepted = condition(
            ConditionType.ACCEPTED,
            verdict.accepted,
            verdict.reason,
            clipped(verdict.message, 512),
            at=at,
            generation=verdict.generation,
        )
        metrics = condition(
            ConditionType.METRICS_AVAILABLE,
            has_metrics,
            "Received" if has_metrics else "NoSamples",
            "" if has_metrics else "advice comes from events and objects alone; see --prometheus and spec.metrics",
            at=at,
        )
        conditions = self.status.conditions if self.status else ()
        for one in (accepted, metrics, _budget(withheld or {}, at), _events_known(knows_events, at)):
            conditions = with_condition(conditions, one)
        return AdvisorPolicyStatus(
            observed_generation=verdict.generation,
            conditions=conditions,
            mode=self.in_force.mode,
        )

    def _excess(self, wanted: Policy) -> str:
        grants = self.grants
        if MODES.index(wanted.mode) > MODES.index(grants.max_mode):
            return f"mode {wanted.mode} is above this operator's {grants.max_mode}: " + (
                "raise maxMode in the chart, or lower the mode"
            )
        for wish, granted, name in (
            (wanted.annotations_enabled, grants.annotations, "annotations"),
            (wanted.events_enabled, grants.events, "events"),
            (wanted.logs_enabled, grants.logs, "logs"),
        ):
            if wish and not granted:
                return f"{name}.enabled needs a grant: set {name}.enabled in the chart too, or switch it off here"
        return ""


def _events_known(knows_events: bool | None, at: datetime) -> Condition:
    """Return whether the event classifier fits what the cluster says, or has drifted away from it."""
    reason = {True: "Known", False: "Drifted", None: "TooFewTexts"}[knows_events]
    text = "most events are unlike those the classifier learned from: train another one and name it with --model"
    return condition(ConditionType.EVENTS_KNOWN, knows_events, reason, text if knows_events is False else "", at=at)


def _budget(withheld: Mapping[str, int], at: datetime) -> Condition:
    """Say whether a limit was reached; counts have two digits, so that one more does not write the status anew."""
    counts = [f"{reason} {two_digits(withheld[reason])}" for reason in sorted(CAPS) if withheld.get(reason)]
    message = f"withheld by limit: {', '.join(counts)}" if counts else ""
    return condition(
        ConditionType.WITHIN_BUDGET, not counts, "Withheld" if counts else "NothingWithheld", message, at=at
    )


def _generation(obj: Mapping[str, Any]) -> int | None:
    found = (obj.get("metadata") or {}).get("generation")
    return found if isinstance(found, int) else None


def _first(error: Exception) -> str:
    """Return the first complaint in one line, with its place."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error).splitlines()[0]
