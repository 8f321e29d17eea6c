"""Plays a scenario: objects go into a `ClusterState` as they would live, and the advisor is asked after every change.

Nothing is faked but the clock and the API server: objects pass the same readers, metrics are aggregated as the
operator's queries do, and the advice is that of `podlore.advisor.advise`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from podlore.advisor import advise
from podlore.clock import Clock
from podlore.cluster_state import ClusterState, kind_of
from podlore.errors import BadInput
from podlore.objects import read_controller, read_event, read_node, read_pod
from podlore.objects.controller import SHAPES
from podlore.policy import Policy
from podlore.rules.watch import RuleWatch
from podlore.snapshot import Snapshot
from podlore.testing.scenario import steps
from podlore.testing.scenario.load import Entry, Expectation, Scenario
from podlore.testing.scenario.samples import Samples
from podlore.testing.scenario.steps import Trends
from podlore.testing.scenario.windows import gpu_windows
from podlore.vocabulary import Controller, Event, Node, Pod, Recommendation, Series

STEP_SECONDS = 120.0
PRODUCT_LABEL = "nvidia.com/gpu.product"
ReadPolicy = Callable[[Mapping[str, Any]], Policy]


@dataclass(frozen=True, slots=True)
class Said:
    """An advice that was given, and when for the first time, in seconds from the start."""

    target: str
    pattern: str
    action: str
    at_seconds: float
    recommendation: Recommendation

    def fits(self, expectation: Expectation) -> bool:
        """Say whether this is what is meant."""
        return (
            expectation.target in ("", self.target)
            and expectation.pattern in ("", self.pattern)
            and (not expectation.actions or self.action in expectation.actions)
        )


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a scenario: everything that was said, what was missed, and what should not have been said."""

    said: tuple[Said, ...]
    missed: tuple[Expectation, ...]
    false_alarms: tuple[Said, ...]

    @property
    def passed(self) -> bool:
        """Whether all was said that must be, and nothing that must not."""
        return not self.missed and not self.false_alarms


def play(scenario: Scenario, *, read_policy: ReadPolicy | None = None, step_seconds: float = STEP_SECONDS) -> Played:
    """Play a scenario to its end.

    Parameters
    ----------
    read_policy
        Reads an AdvisorPolicy; only needed by scenarios that bring one.
    step_seconds
        How often the advisor is asked while nothing happens.
    """
    said: dict[tuple[str, str, str], Said] = {}
    for at_seconds, snapshot in snapshots(scenario, read_policy=read_policy, step_seconds=step_seconds):
        for one in advise(snapshot).recommendations:
            if one.because.horizon_minutes:
                continue  # that something is likely to come does not say that it is there
            key = (str(one.target), one.because.pattern.value, one.action.value)
            said.setdefault(key, Said(*key, at_seconds, one))
    return judged(scenario, tuple(said.values()))


def judged(scenario: Scenario, given: tuple[Said, ...], *, late_seconds: float = 0.0) -> Played:
    """Hold what was said against what must and must not be; ``late_seconds`` is the grace of a slower stage."""
    missed = tuple(wanted for wanted in scenario.must if not any(_is_met(wanted, one, late_seconds) for one in given))
    alarms = tuple(one for one in given if any(one.fits(unwanted) for unwanted in scenario.must_not))
    return Played(given, missed, alarms)


def snapshots(
    scenario: Scenario, *, read_policy: ReadPolicy | None = None, step_seconds: float = STEP_SECONDS
) -> Iterator[tuple[float, Snapshot]]:
    """Yield the seconds and the snapshot after every change of an object, and on a fixed beat."""
    player = _Player(scenario, read_policy)
    changes = {at: tuple(entries) for at, entries in groupby(scenario.timeline, key=lambda entry: entry.at_seconds)}
    beats = {step * step_seconds for step in range(int(scenario.until_seconds // step_seconds) + 1)}
    deadlines = {wanted.by_seconds for wanted in scenario.must if wanted.by_seconds is not None}
    for at in sorted({*changes, *beats, *deadlines, scenario.until_seconds}):
        if at <= scenario.until_seconds:
            yield at, player.advance(at, changes.get(at, ()))


def _is_met(wanted: Expectation, one: Said, late_seconds: float) -> bool:
    in_time = wanted.by_seconds is None or one.at_seconds <= wanted.by_seconds + late_seconds
    return in_time and one.fits(wanted)


class _Player:
    """The virtual cluster: its clock, its state and its metrics."""

    def __init__(self, scenario: Scenario, read_policy: ReadPolicy | None) -> None:
        self._scenario = scenario
        self._now = scenario.start_at
        self._clock = Clock(read=lambda: self._now)
        self._watch = RuleWatch()
        self._state = ClusterState(self._clock, self._watch)
        self._heard_until = float("-inf")
        self._uids: dict[tuple[str, str, str], str] = {}
        self._samples = Samples(scenario.rows, scenario.until_seconds)
        self._trends = Trends(self._samples, scenario.start_at)
        self._series: tuple[float, tuple[Series, ...]] = (-1.0, ())
        if scenario.policy is not None:
            self._state.set_policy(_policy(scenario, read_policy))

    def advance(self, at_seconds: float, entries: tuple[Entry, ...]) -> Snapshot:
        """Let time pass, let things happen, and return what is seen then."""
        self._now = self._scenario.start_at + at_seconds
        for entry in entries:
            self._happen(entry)
        self._scrape(at_seconds)
        logs = tuple(line for line in self._scenario.logs if line.at <= self._now)
        for line in logs:
            if line.at > self._heard_until:
                self._watch.see_log(line)
        self._heard_until = self._now
        return replace(self._state.snapshot(), series=self._series[1], logs=logs)

    def _happen(self, entry: Entry) -> None:
        if entry.delete is not None:
            name = (entry.delete["kind"], entry.delete.get("namespace") or "", entry.delete["name"])
            kind, _, uid = self._uids.pop(name, "").partition("\n")
            self._state.delete(kind, uid)
        elif entry.event is not None:
            self._state.apply(read_event(entry.event, self._clock))
        elif entry.apply is not None and (seen := self._read(entry.apply)) is not None:
            metadata = entry.apply["metadata"]
            uid = seen.ref.uid if isinstance(seen, Controller) else seen.uid
            name = (entry.apply["kind"], metadata.get("namespace") or "", metadata["name"])
            self._uids[name] = f"{kind_of(seen)}\n{uid}"
            self._state.apply(seen)

    def _read(self, obj: Mapping[str, Any]) -> Pod | Node | Event | Controller | None:
        """Read an object of a kind that podlore watches; of others it knows nothing."""
        group = obj["apiVersion"].rpartition("/")[0]
        if (group, obj["kind"]) in SHAPES:
            return read_controller(obj, self._clock)
        readers: Mapping[str, Callable[..., Pod | Node | Event]] = {
            "Pod": read_pod,
            "Node": read_node,
            "Event": read_event,
        }
        reader = readers.get(obj["kind"])
        return reader(obj, self._clock) if reader else None

    def _scrape(self, at_seconds: float) -> None:
        if not self._samples:
            return
        products = {node.name: node.labels.get(PRODUCT_LABEL, "") for node in self._state.snapshot().nodes}
        windows = gpu_windows(self._samples, at_seconds, self._state.policy, products)
        self._state.set_gpu_windows(windows, has_metrics=True)
        due = at_seconds // steps.STEP_SECONDS
        if due != self._series[0]:
            self._series = (due, self._trends.until(at_seconds))
            for series in self._series[1]:
                self._watch.see_series(series)


def _policy(scenario: Scenario, read_policy: ReadPolicy | None) -> Policy:
    if read_policy is None or scenario.policy is None:
        raise BadInput(f"{scenario.name}: policy.yaml needs a reader of AdvisorPolicy objects")
    return read_policy(scenario.policy)
