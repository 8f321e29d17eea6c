"""Who a process is: its pid and when it started, so that a pid used again by somebody else is never mistaken for ours.

`podlore_lab.supervisor` writes these down, `podlore_lab.state` reads them back and ends what is still alive.
"""

import os
import signal
from dataclasses import dataclass
from functools import cache
from pathlib import Path

STARTED_FIELD = 19  # of /proc/PID/stat, counted after the command's closing bracket; see proc(5), field 22
STATE_FIELD = 0


@dataclass(frozen=True, slots=True)
class ProcessId:
    """One process of one boot; ``started_ticks`` are the kernel's clock ticks between boot and its start."""

    pid: int
    started_ticks: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> "ProcessId | None":
        """Return who has this pid now, or None if nobody does.

        >>> ProcessId.of(os.getpid()).is_alive()
        True
        """
        fields = _stat(pid)
        return None if fields is None else cls(pid, int(fields[STARTED_FIELD]), _boot())

    def is_alive(self) -> bool:
        """Tell whether this very process still runs; a zombie does not."""
        fields = _stat(self.pid)
        same = fields is not None and int(fields[STARTED_FIELD]) == self.started_ticks and _boot() == self.boot
        return same and fields is not None and fields[STATE_FIELD] != "Z"

    def send(self, number: signal.Signals) -> bool:
        """Send a signal to this very process; return False where it is gone, whoever has its pid now."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return False
        try:
            if not self.is_alive():  # asked while the handle pins the pid: nobody can slip in between
                return False
            signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            return False
        finally:
            os.close(handle)
        return True


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text[text.rindex(")") + 2 :].split()


@cache
def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
