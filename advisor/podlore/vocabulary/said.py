"""What is said about a cluster, and what became of it: findings with evidence, recommendations, outcomes."""

from dataclasses import dataclass

from podlore.vocabulary.cluster import Resources
from podlore.vocabulary.names import Action, EvidenceSource, Followed, ObjectRef, Pattern, Severity


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact that speaks for a finding, with the bar it passed.

    ``reference`` says where to look it up: a PromQL expression, an object, an event's reason. ``observed`` and
    ``threshold`` are short texts with units. Facts are absolute ("since 12:03 UTC"): a quiet cluster repeats them.
    """

    source: EvidenceSource
    reference: str
    observed: str
    threshold: str = ""
    window_seconds: float | None = None
    samples: int | None = None
    p_value: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A pattern that was found on a target, with its cause (CamelCase) and its evidence.

    ``confidence`` is the share (0-1) of such findings that are right; ``gpus`` what the target holds or wants;
    ``share`` (0-1) how much of that is lost;
    ``blamed`` names other objects that the evidence points at, such as a node or an aggressor. ``action`` is what a
    cluster's own rule wants recommended instead of the pattern's usual action.
    """

    pattern: Pattern
    cause: str
    target: ObjectRef
    severity: Severity
    summary: str
    evidence: tuple[Evidence, ...]
    confidence: float
    gpus: float = 0.0
    gpu_hours_at_stake: float = 0.0
    since: float | None = None
    horizon_minutes: int = 0
    blamed: tuple[ObjectRef, ...] = ()
    ranked_nodes: tuple[str, ...] = ()
    action: Action | None = None
    share: float = 1.0

    def __post_init__(self) -> None:
        if not self.evidence:
            raise ValueError(f"{self.pattern} on {self.target} has no evidence")
        if not 0 <= self.confidence <= 1:
            raise ValueError(f"{self.confidence=} is no share")


@dataclass(frozen=True, slots=True)
class Gain:
    """What following the advice is expected to bring, with a 90 % interval, in GPUHours, WaitSeconds or USD."""

    unit: str
    expected: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One action for one target, with the finding that earned it.

    ``patch`` previews a merge patch on the target (or on its pod template), empty where none helps. ``steps`` is what a
    person does, in plain words. ``gains`` holds the gain in every unit, ``gain`` the leading one; ``arithmetic`` says
    how they were reckoned, a line each. ``gpu_hours_if_wrong`` is what following it costs if the finding is wrong.
    ``promised`` is the room on nodes that following it takes, which no other advice of the same time counts on.
    """

    because: Finding
    action: Action
    steps: str
    gain: Gain | None = None
    patch: str = ""
    alternatives: tuple[Action, ...] = ()
    gains: tuple[Gain, ...] = ()
    arithmetic: tuple[str, ...] = ()
    gpu_hours_if_wrong: float = 0.0
    promised: tuple[tuple[str, Resources], ...] = ()

    @property
    def target(self) -> ObjectRef:
        """The object the advice is about."""
        return self.because.target


@dataclass(frozen=True, slots=True)
class Given:
    """An advice that was given: what it promised, and since when.

    ``team`` is who was told; ``low`` and ``high`` are the ends of the gain's 90 % interval, in ``unit``; ``patch`` is
    kept where it alone says what following looks like. ``unseen_since`` is when its pattern was first not found any
    more, None while it is; ``useful`` what people said of it.
    """

    target: ObjectRef
    pattern: Pattern
    cause: str
    action: Action
    at: float
    team: str = ""
    confidence: float = 0.0
    unit: str = ""
    expected: float = 0.0
    low: float = 0.0
    high: float = 0.0
    gpus: float = 0.0
    share: float = 1.0
    node: str = ""
    patch: str = ""
    unseen_since: float | None = None
    useful: bool | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an advice: the gain that was observed beside what was promised.

    ``control`` is what the same span brought to untouched targets of the same pattern, where there were any;
    ``was_right`` is None where nobody can tell whether the finding was right.
    """

    given: Given
    followed: Followed
    observed: float
    measured_at: float
    control: float | None = None
    was_right: bool | None = None
