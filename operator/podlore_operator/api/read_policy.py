"""An AdvisorPolicy object as written in a file comes in, the advisor's `Policy` leaves; found by entry point."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from podlore.errors import BadInput
from podlore.policy import Policy
from podlore_operator.api.advisor_policy import AdvisorPolicySpec
from podlore_operator.api.convert import policy_of


def read_policy(obj: Mapping[str, Any]) -> Policy:
    """Return the policy of an object.

    Raises
    ------
    BadInput
        With the first thing that is wrong and where it stands.

    Examples
    --------
    >>> read_policy({"spec": {"mode": "DryRun"}}).mode
    <Mode.DRY_RUN: 'DryRun'>
    """
    try:
        return policy_of(AdvisorPolicySpec.model_validate(obj.get("spec") or {}))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise BadInput(f"AdvisorPolicy: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
