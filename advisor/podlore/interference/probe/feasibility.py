"""What this node allows: kernel, BTF, capabilities, kinds of BPF programs, tracepoints, PSI; each with its reason.

Nothing is changed: programs are loaded and dropped at once, and tracefs is mounted, where it is not, in a mount
namespace of a child only. Called by ``podlore probe``. Tracepoints and uprobes are what taps are made of: kprobes and
fentry are absent on some kernels.
"""

import ctypes
import errno
import os
import platform
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which

CAPABILITIES = {21: "SYS_ADMIN", 19: "SYS_PTRACE", 24: "SYS_RESOURCE", 38: "PERFMON", 39: "BPF"}
PROGRAM_TYPES = {
    1: "socket_filter", 2: "kprobe", 5: "tracepoint", 7: "perf_event", 8: "cgroup_skb",
    17: "raw_tracepoint", 24: "raw_tracepoint_writable", 26: "tracing",
}  # fmt: skip
TRACEPOINTS = (
    "sched:sched_wakeup", "sched:sched_switch", "block:block_rq_issue", "block:block_rq_complete",
    "exceptions:page_fault_user", "oom:mark_victim", "tcp:tcp_retransmit_skb",
)  # fmt: skip
BPF_SYSCALL = {"x86_64": 321, "aarch64": 280}
BPF_PROG_LOAD = 5
RETURN_ZERO = bytes.fromhex("b7000000000000009500000000000000")
"""``r0 = 0; exit``: the smallest program that a verifier accepts."""
TRACEFS_SECONDS_MAX = 10.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing a tap may need: whether it is there, and what was seen."""

    name: str
    is_there: bool
    seen: str


def feasibility(root: Path = Path("/")) -> tuple[Check, ...]:
    """Return every check, in an order to read; ``root`` is where /proc and /sys are."""
    return tuple(_checks(root))


def _checks(root: Path) -> Iterator[Check]:
    yield Check("kernel", True, platform.release())
    btf = root / "sys/kernel/btf/vmlinux"
    yield Check("BTF", btf.exists(), str(btf) if btf.exists() else f"no {btf}: taps that read kernel structures fail")
    yield from _capabilities(root)
    yield from _program_types()
    yield from _tracepoints(root)
    for resource in ("cpu", "memory", "io"):
        path = root / "proc/pressure" / resource
        yield Check(f"PSI {resource}", path.exists(), str(path) if path.exists() else "no PSI: boot with psi=1")
    mounted = next((path for path in cgroup_roots(root) if (path / "cgroup.controllers").exists()), None)
    yield Check("cgroup v2", mounted is not None, str(mounted) if mounted else "not mounted")
    program = which("bpftrace")
    yield Check("bpftrace", program is not None, program or "not in PATH: taps are skipped")
    cuda = _library("libcuda.so.1", root)
    yield Check(
        "libcuda", cuda is not None, str(cuda) if cuda else "no libcuda.so.1: nothing launches CUDA kernels here"
    )


def cgroup_roots(root: Path = Path("/")) -> tuple[Path, Path]:
    """Return where cgroup v2 may be mounted: alone, or beside v1."""
    return root / "sys/fs/cgroup", root / "sys/fs/cgroup/unified"


def _capabilities(root: Path) -> Iterator[Check]:
    try:
        status = (root / "proc/self/status").read_text()
        effective = int(next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff")), 16)
    except (OSError, StopIteration, ValueError) as error:
        yield Check("capabilities", False, f"cannot be read: {error}")
        return
    for bit, name in CAPABILITIES.items():
        held = bool(effective >> bit & 1)
        yield Check(f"CAP_{name}", held, "effective" if held else "not effective")


class _LoadAttributes(ctypes.Structure):
    """The head of ``union bpf_attr`` as BPF_PROG_LOAD reads it."""

    _fields_ = (
        ("prog_type", ctypes.c_uint32), ("insn_cnt", ctypes.c_uint32), ("insns", ctypes.c_uint64),
        ("license", ctypes.c_uint64), ("log_level", ctypes.c_uint32), ("log_size", ctypes.c_uint32),
        ("log_buf", ctypes.c_uint64), ("kern_version", ctypes.c_uint32), ("prog_flags", ctypes.c_uint32),
        ("rest", ctypes.c_uint8 * 88),
    )  # fmt: skip


def _program_types() -> Iterator[Check]:
    number = BPF_SYSCALL.get(platform.machine())
    if number is None:
        yield Check("BPF programs", False, f"not known how to ask on {platform.machine()}")
        return
    for code, name in PROGRAM_TYPES.items():
        failed = _load(number, code)
        yield Check(f"BPF {name}", failed is None, "loads" if failed is None else failed)


def _load(number: int, program_type: int) -> str | None:
    """Load a program that does nothing and drop it; return why that failed, None where it did not."""
    code = ctypes.create_string_buffer(RETURN_ZERO, len(RETURN_ZERO))
    licence = ctypes.create_string_buffer(b"Dual MIT/GPL")
    attributes = _LoadAttributes(
        prog_type=program_type, insn_cnt=len(RETURN_ZERO) // 8,
        insns=ctypes.addressof(code), license=ctypes.addressof(licence),
    )  # fmt: skip
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.syscall(number, BPF_PROG_LOAD, ctypes.byref(attributes), ctypes.sizeof(attributes))
    if descriptor < 0:
        return errno.errorcode.get(ctypes.get_errno(), "unknown error")
    os.close(descriptor)
    return None


def _tracepoints(root: Path) -> Iterator[Check]:
    known, reason = available_tracepoints(root)
    for name in TRACEPOINTS:
        is_there = name in known
        yield Check(f"tracepoint {name}", is_there, "there" if is_there else reason or "this kernel has none")


def available_tracepoints(root: Path = Path("/")) -> tuple[frozenset[str], str]:
    """Return the tracepoints of the kernel, and why none could be read."""
    for folder in ("sys/kernel/tracing", "sys/kernel/debug/tracing"):
        try:
            return frozenset((root / folder / "available_events").read_text().split()), ""
        except OSError:
            continue
    done = _run(in_tracefs(["cat", "/sys/kernel/tracing/available_events"])) if root == Path("/") else None
    if done is None or done.returncode:
        return frozenset(), "tracefs is not mounted and cannot be mounted here"
    return frozenset(done.stdout.split()), ""


def in_tracefs(command: Sequence[str]) -> list[str]:
    """Return a command that runs another with tracefs mounted, in a mount namespace of its own."""
    there, folder = "/sys/kernel/tracing/available_events", "/sys/kernel/tracing"
    script = f'[ -e {there} ] || mount -t tracefs tracefs {folder} || exit 3; exec "$@"'
    return ["unshare", "--mount", "sh", "-c", script, "sh", *command]


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(  # noqa: S603 - a fixed command
            command, capture_output=True, text=True, timeout=TRACEFS_SECONDS_MAX, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


def _library(name: str, root: Path) -> Path | None:
    folders = (
        "usr/lib/x86_64-linux-gnu",
        "usr/lib64",
        "usr/lib",
        "usr/local/nvidia/lib64",
        "usr/lib/aarch64-linux-gnu",
    )
    return next((path for folder in folders if (path := root / folder / name).exists()), None)
