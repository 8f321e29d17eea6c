"""Synthetic logs and events with their truth: incidents that unfold over days, amid everyday lines.

In: a seed and a size. Out: an iterator of `Generated`, the same for the same arguments on any machine. Called by
``podlore train``, the evaluation and tests.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from podlore.events.generator.fillers import value_of
from podlore.events.generator.grammar import Slot, draw, fill
from podlore.events.generator.incidents import INCIDENTS, Incident, Step
from podlore.events.generator.load_curve import HOUR_SECONDS, LoadCurve
from podlore.events.generator.styles import wrap
from podlore.events.generator.vocabulary import Block, Line, blocks
from podlore.events.record import LogRecord
from podlore.events.timestamp import from_epoch

START = 1_767_571_200.0
"""Monday 2026-01-05, 00:00 UTC: when generated time begins."""

CAUSE_START, CAUSE_END = "‹", "›"
_PATTERNS_A_STEP = 4
_TEMPLATES_CAP = 400


@dataclass(frozen=True, slots=True)
class Generated:
    """A record with its truth.

    ``template`` is the message with slots for names, ``family`` the pattern it came from, ``incident`` the failure it
    belongs to (empty for everyday lines); ``causes`` are the words of the message that name the cause.
    """

    record: LogRecord
    template: str
    family: str
    incident: str
    causes: tuple[str, ...]


def generate(seed: int = 0, n_incidents: int = 2_000, curve: LoadCurve | None = None) -> Iterator[Generated]:
    """Yield the records of incidents, one after the other, each followed by as many everyday lines.

    >>> first = next(generate(seed=1, n_incidents=1))
    >>> first.record.target_category is not None, first.incident.startswith("0-")
    (True, True)
    """
    rng, load = Random(seed), curve or LoadCurve()
    kinds: list[Incident] = []
    hour = 0
    for number in range(n_incidents):
        kinds = kinds or rng.sample(INCIDENTS, len(INCIDENTS))
        while load.draw(hour * HOUR_SECONDS, rng) < rng.random():  # a quiet hour: nothing breaks
            hour += 1
        start = START + hour * HOUR_SECONDS + rng.random() * HOUR_SECONDS
        unfolded = list(_unfold(kinds.pop(), number, start, rng))
        yield from unfolded
        yield from _everyday(len(unfolded), start, load, rng)
        hour += rng.randint(0, 2)


def _unfold(kind: Incident, number: int, start: float, rng: Random) -> Iterator[Generated]:
    host = value_of("node", rng)
    for step in kind.steps:
        yield from _step(step, f"{number}-{kind.name}", start, host, rng)


def _step(step: Step, incident: str, start: float, host: str, rng: Random) -> Iterator[Generated]:
    block = blocks()[step.block]
    lines = _choose(block.problems, min(_PATTERNS_A_STEP, step.count), rng)
    for _ in range(rng.randint(max(1, step.count // 2), step.count)):
        at = start + step.after_seconds + rng.random() * step.for_seconds
        yield _say(block, rng.choice(lines), at=at, host=host, incident=incident, rng=rng)


def _everyday(count: int, start: float, load: LoadCurve, rng: Random) -> Iterator[Generated]:
    calm = [block for block in blocks().values() if block.everyday]
    weights = [sum(_weight(line) for line in block.everyday) ** 0.5 for block in calm]
    for block in rng.choices(calm, weights, k=count):
        at = start + rng.random() * HOUR_SECONDS / max(load.at(start - START), 0.1)
        line = _choose(block.everyday, 1, rng)[0]
        yield _say(block, line, at=at, host=value_of("node", rng), incident="", rng=rng)


def _choose(lines: list[Line], count: int, rng: Random) -> list[Line]:
    return rng.choices(lines, [_weight(line) for line in lines], k=count)


def _weight(line: Line) -> float:
    return math.sqrt(min(line.n_templates, _TEMPLATES_CAP))


def _say(block: Block, line: Line, *, at: float, host: str, incident: str, rng: Random) -> Generated:
    def value(slot: str) -> str:
        return value_of(slot, rng)

    drawn = draw(line.text, rng)
    marked = fill(drawn, value)
    causes = tuple(part.partition(CAUSE_END)[0] for part in marked.split(CAUSE_START)[1:])
    message = marked.replace(CAUSE_START, "").replace(CAUSE_END, "")
    component = fill(draw(block.component, rng), value)
    reason = fill(draw(line.reason, rng), value)
    open_slots = "".join(f"<{part.name}>" if isinstance(part, Slot) else part for part in drawn)
    template = open_slots.replace(CAUSE_START, "").replace(CAUSE_END, "")
    record = LogRecord(
        message=wrap(block.style, line.severity, component, message, rng),
        timestamp=from_epoch(at),
        host=host,
        facility=block.facility,
        severity=line.severity,
        service=fill(draw(block.service, rng), value),
        component=component,
        reason=reason,
        target_category=line.event_class,
    )
    return Generated(record, f"{reason} {template}".strip(), line.family, incident, causes)
