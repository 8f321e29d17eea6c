"""One round of thought: a snapshot and what the cluster holds come in, the writes to make leave. Pure, and slow.

``podlore_operator.loop`` runs it in a thread. A detector that fails on some object silences neither the others nor the
loop: then the rest speaks, and nothing counts as gone.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from podlore.advice import Advised, Withholding, advice
from podlore.advice.outcome import calibrated, given_of, with_new
from podlore.again import Advisor
from podlore.clock import Clock
from podlore.patterns import DETECTORS
from podlore.snapshot import History, Snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Finding, Given, ObjectRef, Pod, Recommendation
from podlore_operator.announce import annotations, events
from podlore_operator.api.advice import Advice, Target
from podlore_operator.api.identity import name_of
from podlore_operator.follow_up import followed_up, latest, said_of, with_held
from podlore_operator.lifecycle import Moment
from podlore_operator.reconcile import Round, deaf_to, reconcile
from podlore_operator.said import Speech
from podlore_operator.silence import Silence
from podlore_operator.writes import ApplyObject, Key, Write

GPU_PRODUCT = "nvidia.com/gpu.product"
COVERAGE_MIN = 0.9
NOTHING_REMEMBERED = History()
UNWELCOME = frozenset(
    {Withholding.OPT_OUT, Withholding.OUT_OF_SCOPE, Withholding.NAMESPACE_CAP, Withholding.CLUSTER_CAP}
)
"""Found, but not to be said; whatever else is withheld is told by another advice, or will be over soon."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a round came to; ``history`` is the snapshot's with what was given and what came of it."""

    advised: Advised
    writes: tuple[Write, ...]
    silence: Silence
    withheld: Counter[str]
    problems: tuple[str, ...] = ()
    history: History = NOTHING_REMEMBERED


@dataclass(slots=True)
class _Problems:
    texts: list[str] = field(default_factory=list)

    def note(self, what: str, error: Exception) -> None:
        self.texts.append(f"{what}: {type(error).__name__}: {error}")


def decide(
    snapshot: Snapshot,
    held: Mapping[Key, Advice],
    silence: Silence,
    clock: Clock,
    model_version: str,
    *,
    advisor: Advisor | None = None,
    watching_since: float | None = None,
) -> Decision:
    """Return what to write so that the cluster carries the advice that this snapshot earns.

    Parameters
    ----------
    snapshot
        The cluster now, with the policy in force.
    held
        The advice that the cluster holds.
    silence
        The clocks after the last round.
    clock
        Converts to wall time; its own time is not asked.
    model_version
        Which podlore and which classifier speak.
    advisor
        Remembers the pass before this one, and answers small changes quickly; by default it remembers nothing.
    watching_since
        When this process began to watch; by default when watching began at all.
    """
    problems, policy = _Problems(), snapshot.policy
    snapshot = replace(snapshot, history=with_held(snapshot.history, held, snapshot, clock))
    view, advised, is_whole = _advised(snapshot, advisor or Advisor(), problems)
    speech = Speech(clock, model_version, policy.prices, _Products(view), _live_uids(snapshot))
    said = speech.say(advised.recommendations, snapshot.now, lambda one, error: problems.note(str(one.target), error))
    deaf = _deaf(held, view) if is_whole else set(held)
    history = view.snapshot.history
    if is_whole:
        history = followed_up(view, advised, held, deaf, looked_at=silence.at)
    outcomes = latest(history.outcomes)
    silence = silence.after(held, said, deaf, snapshot.now)
    moment = Moment(clock, snapshot.now)
    since = snapshot.observed_since if watching_since is None else watching_since
    now = Round(
        moment,
        since,
        silence,
        policy.limits,
        lambda one: outcomes.get(said_of(one) or ()),
        calibrated(history.outcomes),
    )
    unwelcome = {_key(one.recommendation) for one in advised.withheld if one.reason in UNWELCOME}
    reconciled = reconcile(held, said, now, unwelcome - said.keys())
    writes: list[Write] = list(reconciled.writes)
    if policy.events_enabled:
        writes += events(reconciled.writes, held)
    if policy.annotations_enabled:
        writes += annotations(_pods(advised, view), held, snapshot.pods)
    withheld = reconciled.withheld + Counter(str(one.reason) for one in advised.withheld)
    given = _given(advised, view, held.keys() | {write.key for write in writes if isinstance(write, ApplyObject)})
    return Decision(advised, tuple(writes), silence, withheld, tuple(problems.texts), with_new(history, given))


def _given(advised: Advised, view: ClusterView, keys: Collection[Key]) -> Iterator[Given]:
    return (given_of(one, view) for one in advised.recommendations if _key(one) in keys)


def _advised(snapshot: Snapshot, advisor: Advisor, problems: _Problems) -> tuple[ClusterView, Advised, bool]:
    """Return the advice, as `podlore.advisor.advise` gives it, and whether all detectors had their say."""
    try:
        advised = advisor.again(snapshot)
    except Exception as error:  # whatever an object does to the advisor, the operator goes on
        problems.note("advisor", error)
        view = ClusterView(snapshot)
        return view, advice(_what_works(view, problems), view), False
    return advisor.view, advised, True


def _what_works(view: ClusterView, problems: _Problems) -> Iterator[Finding]:
    for detector in DETECTORS:
        try:
            yield from detector(view)
        except Exception as error:
            problems.note(getattr(detector, "__name__", str(detector)), error)


class _Products:
    """Tells which GPU product a target holds: that of the node, or of the first node its pods run on."""

    def __init__(self, view: ClusterView) -> None:
        self._view = view

    def __call__(self, target: ObjectRef) -> str:
        if target.kind == "Node":
            names = [target.name]
        else:
            workload = self._view.workload_by_ref.get(target)
            names = [pod.node for pod in workload.pods if pod.node] if workload else []
        products = (self._view.nodes[name].labels.get(GPU_PRODUCT, "") for name in names if name in self._view.nodes)
        return next(products, "")


def _live_uids(snapshot: Snapshot) -> frozenset[str]:
    pods = (pod.uid for pod in snapshot.pods if pod.deleted_at is None)
    return frozenset(pods) | {controller.ref.uid for controller in snapshot.controllers}


def _deaf(held: Mapping[Key, Advice], view: ClusterView) -> set[Key]:
    """Return the advice that metrics could speak for, if enough of them came in for its target's pods."""
    pods_by_target: dict[tuple[str, str, str, str], list[tuple[str, str]]] = {}
    for workload in view.workloads:
        ref = workload.ref
        pods = [(pod.namespace, pod.name) for pod in view.bound_pods(workload) if pod.requests.gpu_milli]
        pods_by_target[ref.group, ref.kind, ref.namespace, ref.name] = pods

    def is_measured(namespace: str, target: Target) -> bool:
        if not view.snapshot.has_metrics:
            return False
        pods = pods_by_target.get((target.group, target.kind, namespace, target.name), [])
        return all(
            max((window.coverage for window in view.windows.get(pod, ())), default=0.0) >= COVERAGE_MIN for pod in pods
        )

    return deaf_to(held.values(), is_measured)


def _pods(advised: Advised, view: ClusterView) -> dict[Key, tuple[Pod, ...]]:
    """Return the pods of each advice's target."""
    found: dict[Key, tuple[Pod, ...]] = {}
    for one in advised.recommendations:
        if (workload := view.workload_by_ref.get(one.target)) is not None:
            found[_key(one)] = workload.pods
    return found


def _key(recommendation: Recommendation) -> Key:
    return Key(recommendation.target.namespace, name_of(recommendation))
