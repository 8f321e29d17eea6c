"""What taps print becomes metrics by pod; what cannot run says why; and they run for real where they may."""

import json
import subprocess
import threading
from pathlib import Path
from shutil import which
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from typer.testing import CliRunner

from podlore.cli.probe import probe
from podlore.errors import BadInput
from podlore.interference.probe.feasibility import Check, feasibility
from podlore.interference.probe.pressure import pressures
from podlore.interference.probe.serve_metrics import Totals, server
from podlore.interference.probe.taps import TAPS, Count, exposition, lacking, read_output, run_tap

BY_NAME = {tap.name: tap for tap in TAPS}
HISTOGRAM = {
    "1": [{"min": 0, "max": 0, "count": 2}, {"min": 1, "max": 1, "count": 3}],
    "9": [{"min": 1, "max": 1, "count": 1}],
}
POD = "0f2a-1111"
EVERYTHING = [
    Check(name, is_there=True, seen="there")
    for name in {"bpftrace", "CAP_SYS_ADMIN", *(need for tap in TAPS for need in tap.needs)}
]


def test_histograms_are_cumulated_by_pod() -> None:
    printed = "\n".join(['{"type": "attached_probes", "data": {"probes": 4}}', "",
                         json.dumps({"type": "hist", "data": {"@out": HISTOGRAM}})])  # fmt: skip
    counts = list(read_output(printed))
    assert counts[0] == Count(1, 2, 0.0)
    lines = list(exposition(BY_NAME["run-queue"], counts, {9: POD}))
    assert f'podlore_run_queue_microseconds_bucket{{pod_uid="{POD}",le="1"}} 1' in lines
    assert 'podlore_run_queue_microseconds_bucket{pod_uid="",le="1"} 5' in lines
    assert 'podlore_run_queue_microseconds_count{pod_uid=""} 5' in lines


@pytest.mark.parametrize(
    "text", ["nonsense", '{"type": "map"}', '{"type": "map", "data": {"@out": {"x": "y"}}}', "[1]", "[" * 9000]
)
def test_what_bpftrace_does_not_print_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="not what bpftrace prints"):
        list(read_output(text))


def test_an_empty_map_has_no_counts() -> None:
    assert list(read_output('{"type": "map", "data": {"@out": {}}}')) == []
    assert list(read_output("")) == []


@pytest.mark.parametrize("tap", TAPS, ids=lambda tap: tap.name)
def test_each_tap_says_what_it_lacks(tap: object) -> None:
    assert lacking(tap, EVERYTHING) == ""  # type: ignore[arg-type]
    without = [check for check in EVERYTHING if check.name != "bpftrace"]
    absent = Check("bpftrace", is_there=False, seen="not in PATH")
    assert lacking(tap, [*without, absent]) == "bpftrace: not in PATH"  # type: ignore[arg-type]


def test_stalls_are_read_by_pod(tmp_path: Path) -> None:
    uid = "01234567_89ab_cdef_0123_456789abcdef"
    pod = tmp_path / "sys/fs/cgroup/unified/kubepods.slice" / f"kubepods-pod{uid}.slice"
    pod.mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup/cpu" / f"pod{uid}").mkdir(parents=True)
    (pod / "io.pressure").write_text("some avg10=12.50 avg60=1.00 avg300=0.00 total=3000000\n")
    (tmp_path / "proc/pressure").mkdir(parents=True)
    (tmp_path / "proc/pressure/cpu").write_text("some avg10=50.00 avg60=1.00 avg300=0.00 total=9000000\nhostile line\n")
    found = list(pressures(tmp_path))
    assert [(one.pod_uid, one.resource, one.share_10s, one.seconds_total) for one in found] == [
        ("", "cpu", 0.5, 9.0), (uid.replace("_", "-"), "io", 0.125, 3.0)
    ]  # fmt: skip


def test_a_machine_that_shows_nothing_says_so(tmp_path: Path) -> None:
    checks = {check.name: check for check in feasibility(tmp_path)}
    assert not checks["BTF"].is_there
    assert not checks["PSI cpu"].is_there
    assert "cannot be read" in checks["capabilities"].seen
    assert "tracefs" in checks["tracepoint oom:mark_victim"].seen


def test_this_machine_is_reported_with_a_reason_for_each_tap_that_cannot_run() -> None:
    import typer

    app = typer.Typer()
    app.command()(probe)
    result = CliRunner().invoke(app, ["--output", "json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["checks"][0]["name"] == "kernel"
    for tap in found["taps"]:
        assert tap["possible"] == (tap["reason"] == "")


def test_an_unknown_tap_is_named() -> None:
    with pytest.raises(BadInput, match="no tap 'kprobe'"):
        probe(tap=["kprobe"])


def can_run(name: str) -> str:
    return lacking(BY_NAME[name], feasibility())


def test_context_switches_are_seen_for_real() -> None:
    if reason := can_run("run-queue"):
        pytest.skip(reason)
    assert sum(count.count for count in run_tap(BY_NAME["run-queue"], 1)) > 0


def test_launches_in_a_stub_of_libcuda_are_counted(tmp_path: Path) -> None:
    library = tmp_path / "libcuda.so.1"
    if reason := lacking(BY_NAME["cuda-launches"], feasibility(), library) or ("" if which("cc") else "no C compiler"):
        pytest.skip(reason)
    source = tmp_path / "stub.c"
    source.write_text("int cuLaunchKernel(void){return 0;}")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    caller = "import ctypes,sys\nf=ctypes.CDLL(sys.argv[1]).cuLaunchKernel\nwhile True: f()"
    with subprocess.Popen(["python3", "-c", caller, str(library)]) as running:
        try:
            counts = run_tap(BY_NAME["cuda-launches"], 1, library)
        finally:
            running.kill()
    assert sum(count.count for count in counts) > 0


def test_metrics_are_served_and_windows_add_up(tmp_path: Path) -> None:
    totals, oom = Totals(), BY_NAME["oom"]
    totals.add(oom, [Count(1, 2)])
    totals.add(oom, [Count(1, 3)])
    (tmp_path / "proc/pressure").mkdir(parents=True)
    (tmp_path / "proc/pressure/io").write_text("some avg10=1.00 avg60=1.00 avg300=0.00 total=4000000\n")
    serving = server("127.0.0.1:0", [oom], totals, tmp_path)
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    try:
        page = urlopen(f"http://127.0.0.1:{serving.server_port}/metrics", timeout=20).read().decode()
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"http://127.0.0.1:{serving.server_port}/", timeout=20)
    finally:
        serving.shutdown()
        thread.join()
        serving.server_close()
    assert 'podlore_oom_victims_total{pod_uid=""} 5' in page
    assert 'podlore_pressure_seconds_total{pod_uid="",resource="io",kind="some"} 4.000000' in page


@pytest.mark.parametrize("address", ["nowhere", ":x", ":99999", "256.0.0.1.example.invalid:80"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(BadInput, match="--listen"):
        server(address, [], Totals())
