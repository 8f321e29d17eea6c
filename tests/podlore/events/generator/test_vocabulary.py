from collections.abc import Iterator

import pytest

from podlore.events.generator.fillers import FILLERS
from podlore.events.generator.grammar import Slot, Text
from podlore.events.generator.vocabulary import blocks
from podlore.events.record import SEVERITIES

LINES = [line for block in blocks().values() for line in block.lines]


def slots(text: Text) -> Iterator[str]:
    for part in text:
        if isinstance(part, Slot):
            yield part.name
        elif not isinstance(part, str):
            for option in part.options:
                yield from slots(option)


@pytest.mark.parametrize("name", blocks())
def test_every_line_of_a_block_is_whole(name: str) -> None:
    for line in blocks()[name].lines:
        assert set(slots(line.text)) | set(slots(line.reason)) <= set(FILLERS), line.family
        assert line.severity in SEVERITIES, line.family


def test_there_are_thousands_of_templates() -> None:
    assert sum(min(line.n_templates, 1_000) for line in LINES) > 10_000


def test_kubernetes_events_have_reasons_and_nothing_else_has() -> None:
    for block in blocks().values():
        for line in block.lines:
            assert bool(line.reason) == (block.facility == "kubernetes-event"), line.family
