"""What taps cost those they watch: CPU time an event, with and without a tap, in turns.

    python benchmarks/probe_overhead.py                  # as root, with bpftrace; takes about two minutes

Each tap is measured at what it taps: a byte sent to and fro between two processes on one CPU (two switches), a page
that is touched for the first time, a call of a stub of libcuda. CPU time of the watched processes is counted and no
wall time, so that a busy machine does little harm; what bpftrace itself uses beside is not in it. Rounds with and
without the tap follow each other, and the median of their differences is given with its quartiles.
"""

import ctypes
import json
import mmap
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median, quantiles

from podlore.interference.probe.feasibility import feasibility, in_tracefs
from podlore.interference.probe.taps import TAPS, Tap, lacking

ROUNDS = 9
EVENTS = 100_000
STUB = "int cuLaunchKernel(void){return 0;}"
Load = Callable[[], None]


def switches() -> None:
    """Send a byte to and fro between this process and a child, both on one CPU."""
    to_child, from_child = os.pipe(), os.pipe()
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(everywhere)})
    child = os.fork()
    if child == 0:
        for _ in range(EVENTS // 2):
            os.write(from_child[1], os.read(to_child[0], 1))
        os._exit(0)
    for _ in range(EVENTS // 2):
        os.write(to_child[1], b"x")
        os.read(from_child[0], 1)
    os.waitpid(child, 0)
    os.sched_setaffinity(0, everywhere)
    for descriptor in (*to_child, *from_child):
        os.close(descriptor)


def page_faults() -> None:
    """Touch pages that nobody has touched."""
    with mmap.mmap(-1, EVENTS * mmap.PAGESIZE) as fresh:
        fresh.madvise(mmap.MADV_NOHUGEPAGE)
        for place in range(0, len(fresh), mmap.PAGESIZE):
            fresh[place] = 1


def launches(library: Path) -> Load:
    """Return a load that calls a stub of libcuda."""
    launch = ctypes.CDLL(str(library)).cuLaunchKernel

    def load() -> None:
        for _ in range(EVENTS):
            launch()

    return load


def cpu_microseconds(load: Load) -> float:
    """Return the CPU time of an event, in microseconds."""
    before = _used()
    load()
    return (_used() - before) / EVENTS * 1e6


def _used() -> float:
    whose = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in whose)


@contextmanager
def tapped(tap: Tap, library: Path) -> Iterator[None]:
    """Run a tap while the block runs."""
    ticks = ['interval:ms:200 { printf("first"); } ', ' interval:ms:200 { printf("last"); }']
    program = ticks[0] + tap.program.replace("LIBRARY", str(library)) + ticks[1]
    command = in_tracefs(["bpftrace", "-f", "json", "-e", program])
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        missing = {"first", "last"}  # whichever is attached last ticks when all are
        while missing:
            line = process.stdout.readline()
            if not line:
                raise SystemExit(f"tap {tap.name} did not start: {process.stderr.read() if process.stderr else ''}")
            missing -= {tick for tick in missing if tick in line}
        yield
    finally:
        while process.poll() is None:  # a signal that comes while it attaches is lost
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=5)


def main() -> None:
    checks = feasibility()
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "libcuda.so.1"
        subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", library], input=STUB, text=True, check=True)
        loads = {"run-queue": switches, "page-faults": page_faults, "cuda-launches": launches(library)}
        for tap in (one for one in TAPS if one.name in loads):
            if reason := lacking(tap, checks, library):
                print(f"tap {tap.name} was skipped: {reason}", file=sys.stderr)
                continue
            alone, watched = [], []
            for _ in range(ROUNDS):
                alone.append(cpu_microseconds(loads[tap.name]))
                with tapped(tap, library):
                    watched.append(cpu_microseconds(loads[tap.name]))
            more = [with_it - without for with_it, without in zip(watched, alone, strict=True)]
            low, _, high = quantiles(more, n=4)
            print(
                json.dumps(
                    {
                        "tap": tap.name,
                        "microseconds_an_event_without": round(median(alone), 3),
                        "more_with_it": round(median(more), 3),
                        "quartiles": [round(low, 3), round(high, 3)],
                    }
                ),
                flush=True,
            )


if __name__ == "__main__":
    main()
