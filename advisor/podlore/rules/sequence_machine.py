"""Steps in order within a window: the automaton of one sequence for one entity. Fed in the order of time."""

from podlore.rules.event_queue import EventQueue
from podlore.rules.semantics import PODLORE, Semantics
from podlore.rules.veto import CLEAR, Event, Veto

Frame = tuple[Event, ...]


class SequenceMachine:
    """Queues of waiting events, one a step; step i is complete when ``needs[i]`` events wait that follow step i-1.

    An event joins every complete step it matches and then the first incomplete one, so that it fills two steps of two
    matches but never of one; pairing is first in, first out.
    """

    __slots__ = ("_n_complete", "_needs", "_queues", "_semantics", "_veto", "_window_ns")

    def __init__(
        self, needs: tuple[int, ...], window_ns: int, veto: Veto | None = None, semantics: Semantics = PODLORE
    ) -> None:
        self._needs = needs
        self._window_ns = window_ns
        self._veto = veto
        self._semantics = semantics
        self._queues = tuple(EventQueue() for _ in needs)
        self._n_complete = 0

    @property
    def n_overflowed(self) -> int:
        """How many events were forgotten because too many waited."""
        return sum(queue.overflowed for queue in self._queues)

    @property
    def progress(self) -> int:
        """How many leading steps are complete."""
        return self._n_complete

    @property
    def latest(self) -> Event | None:
        """The event that completed the last complete step; None where none is."""
        if not 0 < self._n_complete <= len(self._needs):
            return None
        last = self._n_complete - 1
        return self._queues[last][self._needs[last] - 1]

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits."""
        return not any(self._queues)

    def feed(self, time_ns: int, position: int, mask: int) -> list[Frame]:
        """Take an event; bit i of ``mask`` says that it matches step i, the bits above are the negates'."""
        self._expire(time_ns)
        n_complete = self._n_complete
        for index in range(min(n_complete + 1, len(self._needs))):
            if mask >> index & 1:
                self._queues[index].append(time_ns, position)
        if n_complete < len(self._needs) and len(self._queues[n_complete]) >= self._needs[n_complete]:
            self._n_complete += 1
        self._record(mask >> len(self._needs), time_ns)
        return self._decide(time_ns)

    def advance(self, clock_ns: int) -> list[Frame]:
        """Let time pass: candidates fire whose forbidden range is over."""
        return self._decide(clock_ns) if self._veto else []

    def _record(self, negates: int, time_ns: int) -> None:
        if self._veto is None:
            return
        misses = self._semantics.misses_early_negates and not self._veto.looks_back and not self._queues[0]
        if negates and not misses:
            self._veto.record(negates, time_ns)
        self._veto.forget_before(min(self._queues[0].first_time, time_ns) if self._queues[0] else time_ns)

    def _expire(self, time_ns: int) -> None:
        first = self._queues[0]
        waits = self._n_complete == len(self._needs)
        if waits or not first or time_ns - first.first_time <= self._window_ns:
            return
        if self._n_complete == 0 and self._semantics.ignores_count_window and self._veto is None:
            return
        while first and time_ns - first.first_time > self._window_ns:
            first.drop(1)
        self._restore()

    def _restore(self) -> None:
        """Drop what no longer follows the step before it, and count the complete steps again."""
        self._n_complete = 0
        for index, (queue, need) in enumerate(zip(self._queues, self._needs, strict=True)):
            if index:
                self._drop_out_of_order(index)
            if len(queue) < need:
                break
            self._n_complete += 1
        for queue in self._queues[self._n_complete + 1 :]:
            queue.clear()

    def _drop_out_of_order(self, index: int) -> None:
        queue = self._queues[index]
        bound: Event = self._queues[index - 1][self._needs[index - 1] - 1]
        if self._semantics.loses_order:
            bound = (bound[0] if self._veto else self._queues[0].first_time, -1)
        while queue and queue[0] <= bound:
            queue.drop(1)

    def _decide(self, clock_ns: int) -> list[Frame]:
        fired: list[Frame] = []
        while self._n_complete == len(self._needs):
            frame = self._frame()
            if frame[-1][0] - frame[0][0] > self._window_ns and not self._unwindowed:
                self._queues[0].drop(1)
                self._restore()
                continue
            verdict = self._veto.judge(frame, clock_ns) if self._veto else CLEAR
            if verdict.waits:
                break
            if verdict.vetoed is None:
                fired.append(frame)
            self._give_up(verdict.vetoed)
        return fired

    @property
    def _unwindowed(self) -> bool:
        return self._semantics.ignores_count_window and self._veto is None

    def _frame(self) -> Frame:
        pairs = zip(self._queues, self._needs, strict=True)
        return tuple(queue[index] for queue, need in pairs for index in range(need))

    def _give_up(self, vetoed: int | None) -> None:
        if vetoed is None:
            for queue, need in zip(self._queues, self._needs, strict=True):
                queue.drop(need)
        else:
            self._drop_anchor(vetoed)
        self._restore()

    def _drop_anchor(self, anchor: int) -> None:
        for queue, need in zip(self._queues, self._needs, strict=True):
            if anchor < need:
                queue.remove(anchor)
                return
            anchor -= need
