"""Steps in any order within a window: the automaton of one set for one entity. Fed in the order of time."""

from podlore.rules.event_queue import EventQueue
from podlore.rules.sequence_machine import Frame
from podlore.rules.veto import CLEAR, Event, Veto


class SetMachine:
    """One queue a distinct term; a match takes the oldest ``needs[i]`` events of each and leaves the rest."""

    __slots__ = ("_needs", "_queues", "_veto", "_window_ns")

    def __init__(self, needs: tuple[int, ...], window_ns: int, veto: Veto | None = None) -> None:
        self._needs = needs
        self._window_ns = window_ns
        self._veto = veto
        self._queues = tuple(EventQueue() for _ in needs)

    @property
    def n_overflowed(self) -> int:
        """How many events were forgotten because too many waited."""
        return sum(queue.overflowed for queue in self._queues)

    @property
    def progress(self) -> int:
        """How many of the steps are complete."""
        return sum(len(queue) >= need for queue, need in zip(self._queues, self._needs, strict=True))

    @property
    def latest(self) -> Event | None:
        """The latest event of a complete step; None where none is complete."""
        pairs = zip(self._queues, self._needs, strict=True)
        return max((queue[len(queue) - 1] for queue, need in pairs if len(queue) >= need), default=None)

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits."""
        return not any(self._queues)

    def feed(self, time_ns: int, position: int, mask: int) -> list[Frame]:
        """Take an event; bit i of ``mask`` says that it matches term i, the bits above are the negates'."""
        if self.progress < len(self._needs):
            self._expire(time_ns)
        for index, queue in enumerate(self._queues):
            if mask >> index & 1:
                queue.append(time_ns, position)
        if self._veto:
            self._veto.record(mask >> len(self._needs), time_ns)
            self._veto.forget_before(min([time_ns, *(queue.first_time for queue in self._queues if queue)]))
        return self._decide(time_ns)

    def advance(self, clock_ns: int) -> list[Frame]:
        """Let time pass: candidates fire whose forbidden range is over."""
        return self._decide(clock_ns) if self._veto else []

    def _expire(self, time_ns: int) -> None:
        for queue in self._queues:
            while queue and time_ns - queue.first_time > self._window_ns:
                queue.drop(1)

    def _decide(self, clock_ns: int) -> list[Frame]:
        fired: list[Frame] = []
        while self.progress == len(self._needs):
            frame = self._frame()
            anchors = sorted(frame, key=lambda event: event[0])
            if anchors[-1][0] - anchors[0][0] > self._window_ns:
                self._drop(anchors[0])
                continue
            verdict = self._veto.judge(anchors, clock_ns) if self._veto else CLEAR
            if verdict.waits:
                break
            if verdict.vetoed is None:
                fired.append(frame)
                for queue, need in zip(self._queues, self._needs, strict=True):
                    queue.drop(need)
            else:
                self._drop(anchors[verdict.vetoed])
        return fired

    def _frame(self) -> Frame:
        pairs = zip(self._queues, self._needs, strict=True)
        return tuple(queue[index] for queue, need in pairs for index in range(need))

    def _drop(self, event: Event) -> None:
        for queue, need in zip(self._queues, self._needs, strict=True):
            for index in range(min(need, len(queue))):
                if queue[index] == event:
                    queue.remove(index)
                    return
