"""What leaves the advisor: recommendations in order of worth, and those withheld, each with the reason.

Nothing is dropped in silence: what was found and is not said stands among the withheld, which the operator counts and
``podlore advise --explain`` prints.
"""

from dataclasses import dataclass
from enum import StrEnum

from podlore.vocabulary import Recommendation


class Withholding(StrEnum):
    """Why a recommendation is not given."""

    OPT_OUT = "OptOut"
    OUT_OF_SCOPE = "OutOfScope"
    TERMINATING = "Terminating"
    VANISHED = "Vanished"
    NO_ACTION_OPEN = "NoActionOpen"
    GAIN_COVERS_ZERO = "GainCoversZero"
    NODE_IN_DOUBT = "NodeInDoubt"
    ALREADY_DONE = "AlreadyDone"
    SYMPTOM = "Symptom"
    SAME_RESOURCE = "SameResource"
    COMMON_CAUSE = "CommonCause"
    NAMESPACE_CAP = "NamespaceCap"
    CLUSTER_CAP = "ClusterCap"
    NAMESPACE_DAY_CAP = "NamespaceDayCap"
    TEAM_DAY_CAP = "TeamDayCap"


CAPS = frozenset(
    {
        Withholding.NAMESPACE_CAP,
        Withholding.CLUSTER_CAP,
        Withholding.NAMESPACE_DAY_CAP,
        Withholding.TEAM_DAY_CAP,
    }
)
"""Reasons of which a policy's limits are the cause."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """A recommendation that is not given; ``because_of`` names what stands in its way."""

    recommendation: Recommendation
    reason: Withholding
    because_of: str = ""


@dataclass(frozen=True, slots=True)
class Advised:
    """The advice of one snapshot: ``recommendations`` ranked, the worthiest first."""

    recommendations: tuple[Recommendation, ...] = ()
    withheld: tuple[Withheld, ...] = ()
