"""The incremental machines against a slow twin that sees the whole log at once."""

from hypothesis import given, settings
from hypothesis import strategies as st

from podlore.rules.rule import Kind, Negate, Term
from podlore.rules.sequence_machine import SequenceMachine
from podlore.rules.set_machine import SetMachine
from podlore.rules.veto import Veto

X = Term(Kind.VALUE, "x")


def twin(events, needs, window, negates, *, ordered):
    """First in, first out, over the whole log: take the earliest frame; too wide, vetoed or taken, drop and go on."""
    left = [[(t, p) for t, p, mask in events if mask >> step & 1] for step in range(len(needs))]
    vetoes = [[t for t, _, mask in events if mask >> len(needs) + i & 1] for i in range(len(negates))]
    frames = []
    while (frame := earliest(left, needs, ordered=ordered)) is not None:
        taken = [event for step in frame for event in step]
        anchors = taken if ordered else sorted(taken, key=lambda event: event[0])
        first, last = min(t for t, _ in taken), max(t for t, _ in taken)
        if last - first > window:
            drop(left, frame, anchors[0])
        elif (vetoed := anchor_of_veto(anchors, negates, vetoes, last - first)) is not None:
            drop(left, frame, anchors[vetoed])
        else:
            frames.append(tuple(taken))
            for step, used in zip(left, frame, strict=True):
                for event in used:
                    step.remove(event)
    return frames


def earliest(left, needs, *, ordered):
    frame, bound = [], (-1, -1)
    for step, need in zip(left, needs, strict=True):
        usable = [event for event in step if not ordered or event > bound]
        if len(usable) < need:
            return None
        frame.append(usable[:need])
        bound = usable[need - 1]
    return frame


def drop(left, frame, event):
    index = next(i for i, used in enumerate(frame) if event in used)
    left[index].remove(event)


def anchor_of_veto(anchors, negates, vetoes, span):
    for negate, seen in zip(negates, vetoes, strict=True):
        start = anchors[negate.anchor][0] + negate.slide_ns
        end = start + max(0, negate.window_ns + (0 if negate.absolute else span))
        if any(start <= t <= end for t in seen):
            return negate.anchor
    return None


@st.composite
def cases(draw):
    needs = tuple(draw(st.lists(st.integers(1, 2), min_size=1, max_size=3)))
    anchor = st.just(draw(st.integers(0, sum(needs) - 1)))  # with two, the first that is seen decides which event goes
    negates = draw(
        st.lists(
            st.builds(
                Negate,
                st.just(X),
                st.integers(-2, 5),
                st.integers(-3, 3),
                anchor,
                st.booleans(),
            ),
            max_size=2,
        )
    )
    gaps = draw(st.lists(st.integers(0, 4), max_size=25))
    events, now = [], 0
    for position, gap in enumerate(gaps):
        now += gap
        events.append((now, position, draw(st.integers(0, 2 ** (len(needs) + len(negates)) - 1))))
    return events, needs, draw(st.integers(0, 12)), negates


def run(machine, events):
    frames = [frame for event in events for frame in machine.feed(*event)]
    return frames + machine.advance(2**62)


@settings(max_examples=200, deadline=None)
@given(cases())
def test_a_sequence_matches_what_its_twin_matches(case):
    events, needs, window, negates = case
    machine = SequenceMachine(needs, window, Veto(negates) if negates else None)
    assert run(machine, events) == twin(events, needs, window, negates, ordered=True)


@settings(max_examples=200, deadline=None)
@given(cases())
def test_a_set_matches_what_its_twin_matches(case):
    events, needs, window, negates = case
    machine = SetMachine(needs, window, Veto(negates) if negates else None)
    assert run(machine, events) == twin(events, needs, window, negates, ordered=False)
