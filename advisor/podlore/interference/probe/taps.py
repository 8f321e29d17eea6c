"""The taps: small bpftrace programs on tracepoints and uprobes, each with what it needs and what it tells.

Every one keeps counts by cgroup in the kernel and prints them as it ends: nothing is copied an event. `read_output`
turns what bpftrace prints (``-f json``) into values, and `run_tap` runs one for some seconds.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from podlore.errors import BadInput, Unavailable
from podlore.interference.probe.feasibility import Check, in_tracefs

ATTACH_SECONDS_MAX = 30.0
CUDA_LIBRARY = "libcuda.so.1"


@dataclass(frozen=True, slots=True)
class Tap:
    """A program with the checks that must hold, the metric it makes and its meaning; `run_tap` puts in ``LIBRARY``."""

    name: str
    needs: tuple[str, ...]
    metric: str
    meaning: str
    program: str
    is_histogram: bool = False


TAPS: tuple[Tap, ...] = (
    Tap(
        "run-queue",
        ("tracepoint sched:sched_wakeup", "tracepoint sched:sched_switch"),
        "podlore_run_queue_microseconds",
        "time from wake-up to CPU: starved data loaders",
        # `cgroup` is that of who leaves the CPU: what a task waited is counted when it leaves in its turn
        "tracepoint:sched:sched_wakeup { @at[args->pid] = nsecs; } "
        "tracepoint:sched:sched_switch { $waited = @waited[args->prev_pid]; "
        "if ($waited) { @out[cgroup] = hist($waited); delete(@waited[args->prev_pid]); } "
        "$woken = @at[args->next_pid]; "
        "if ($woken) { @waited[args->next_pid] = (nsecs - $woken) / 1000 + 1; delete(@at[args->next_pid]); } } "
        "END { clear(@at); clear(@waited); }",
        is_histogram=True,
    ),
    Tap(
        "block-io",
        ("tracepoint block:block_rq_issue", "tracepoint block:block_rq_complete"),
        "podlore_block_io_microseconds",
        "time of a block request: storage contention",
        "tracepoint:block:block_rq_issue "
        "{ @at[args->dev, args->sector] = nsecs; @by[args->dev, args->sector] = cgroup; } "
        "tracepoint:block:block_rq_complete { $sent = @at[args->dev, args->sector]; "
        "if ($sent) { @out[@by[args->dev, args->sector]] = hist((nsecs - $sent) / 1000); "
        "delete(@at[args->dev, args->sector]); delete(@by[args->dev, args->sector]); } } "
        "END { clear(@at); clear(@by); }",
        is_histogram=True,
    ),
    Tap(
        "page-faults",
        ("tracepoint exceptions:page_fault_user",),
        "podlore_page_faults_total",
        "page faults of user code: memory pressure",
        "tracepoint:exceptions:page_fault_user { @out[cgroup] = count(); }",
    ),
    Tap(
        "oom",
        ("tracepoint oom:mark_victim",),
        "podlore_oom_victims_total",
        "processes chosen by the kernel's out-of-memory killer",
        "tracepoint:oom:mark_victim { @out[cgroup] = count(); }",
    ),
    Tap(
        "tcp-retransmits",
        ("tracepoint tcp:tcp_retransmit_skb",),
        "podlore_tcp_retransmits_total",
        "TCP segments sent again: a contended NIC or uplink (RDMA is not seen)",
        "tracepoint:tcp:tcp_retransmit_skb { @out[cgroup] = count(); }",
    ),
    Tap(
        "cuda-launches",
        ("libcuda",),
        "podlore_cuda_launches_total",
        "kernel launches: GPU work without DCGM",
        "uprobe:LIBRARY:cuLaunchKernel { @out[cgroup] = count(); }",
    ),
)


@dataclass(frozen=True, slots=True)
class Count:
    """How often something happened in a cgroup; for a histogram once a bucket, up to and with ``at_most``."""

    cgroup: int
    count: int
    at_most: float | None = None


def lacking(tap: Tap, checks: Sequence[Check], library: Path | None = None) -> str:
    """Return why a tap cannot run here; nothing if it can."""
    found = {check.name: check for check in checks}
    needed = ["bpftrace", "CAP_SYS_ADMIN", *(need for need in tap.needs if not (need == "libcuda" and library))]
    missing = [found[name] for name in needed if name in found and not found[name].is_there]
    missing += [Check(name, is_there=False, seen="not checked") for name in needed if name not in found]
    return "; ".join(f"{check.name}: {check.seen}" for check in missing)


def run_tap(tap: Tap, seconds: float, library: Path | None = None) -> tuple[Count, ...]:
    """Run a tap for some seconds and return its counts.

    Raises
    ------
    Unavailable
        Where there is no bpftrace, or it fails, with its last line.
    """
    program = which("bpftrace")
    if program is None:
        raise Unavailable("no bpftrace in PATH")
    script = (
        tap.program.replace("LIBRARY", str(library or CUDA_LIBRARY))
        + f" interval:s:{max(round(seconds), 1)} {{ exit(); }}"
    )
    try:
        done = subprocess.run(  # noqa: S603 - our own programs; a library's path is an argument, never a shell's
            in_tracefs([program, "-f", "json", "-e", script]),
            capture_output=True, text=True, timeout=seconds + ATTACH_SECONDS_MAX, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"tap {tap.name}: {error}") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise Unavailable(f"tap {tap.name}: bpftrace ended with {done.returncode}: {said[-1] if said else 'silence'}")
    return tuple(read_output(done.stdout))


def read_output(text: str) -> Iterator[Count]:
    """Yield the counts of the map ``@out`` in what bpftrace prints, one JSON document a line.

    >>> list(read_output('{"type": "map", "data": {"@out": {"7": 3}}}'))
    [Count(cgroup=7, count=3, at_most=None)]

    Raises
    ------
    BadInput
        Where a line is no JSON, or the map holds anything but counts.
    """
    for line in text.splitlines():
        if not line.strip():
            continue
        try:
            document = json.loads(line)
            data = document["data"] if document["type"] in {"map", "hist"} else {}
            for cgroup, value in (data.get("@out") or {}).items():
                yield from _counts(int(cgroup), value)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BadInput(f"not what bpftrace prints: {line[:80]!r} ({type(error).__name__})") from error


def _counts(cgroup: int, value: int | Sequence[Mapping[str, int]]) -> Iterator[Count]:
    if isinstance(value, int):
        yield Count(cgroup, value)
        return
    for bucket in value:
        yield Count(cgroup, int(bucket["count"]), float(bucket.get("max", float("inf"))))


def exposition(tap: Tap, counts: Sequence[Count], pod_uid_by_cgroup: Mapping[int, str]) -> Iterator[str]:
    """Yield the lines of Prometheus' text format: counts by pod, histograms with cumulated buckets.

    >>> list(exposition(TAPS[3], [Count(7, 2)], {7: "u"}))[-1]
    'podlore_oom_victims_total{pod_uid="u"} 2'
    """
    yield f"# HELP {tap.metric} {tap.meaning}"
    yield f"# TYPE {tap.metric} {'histogram' if tap.is_histogram else 'counter'}"
    by_pod: dict[str, list[Count]] = {}
    for count in counts:
        by_pod.setdefault(pod_uid_by_cgroup.get(count.cgroup, ""), []).append(count)
    for uid, its in sorted(by_pod.items()):
        if not tap.is_histogram:
            yield f'{tap.metric}{{pod_uid="{uid}"}} {sum(count.count for count in its)}'
            continue
        total = 0
        for bound in sorted({count.at_most for count in its if count.at_most is not None}):
            total += sum(count.count for count in its if count.at_most == bound)
            yield f'{tap.metric}_bucket{{pod_uid="{uid}",le="{bound:g}"}} {total}'
        yield f'{tap.metric}_bucket{{pod_uid="{uid}",le="+Inf"}} {total}'
        yield f'{tap.metric}_count{{pod_uid="{uid}"}} {total}'


def pod_uids_by_cgroup(folders: Iterator[tuple[Path, str]]) -> Mapping[int, str]:
    """Return the pod of each cgroup by the cgroup's number, which is the inode of its folder."""
    found = {}
    for folder, uid in folders:
        for below in (folder, *folder.glob("**/")):
            found[below.stat().st_ino] = uid
    return found
