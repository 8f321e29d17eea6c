"""``podlore lab`` as a person types it, against the real thing."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from podlore_lab.cli.lab import app
from podlore_lab.processes import read_recorded
from podlore_lab.waiting import wait_for

PODLORE = [Path(sys.executable).with_name("podlore"), "lab"]


def podlore(*words, check=True):
    done = subprocess.run([*PODLORE, *words], capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise AssertionError(done.stderr)
    return done


def processes_of(folder: Path) -> list[str]:
    """Return the command lines of all processes that name this folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(folder) in line:
            found.append(line)
    return found


def all_gone(folder: Path) -> None:
    wait_for(lambda: not processes_of(folder), f"no process of {folder}", timeout_seconds=30)
    wait_for(lambda: not folder.exists(), f"{folder} to go", timeout_seconds=30)


def test_up_status_kubectl_down_beside_another_lab(several_labs, lab):
    said = podlore("up", "--name", "one", "--nodes", "3").stdout
    folder = several_labs / "one"
    assert f"export KUBECONFIG={folder / 'admin.kubeconfig'}" in said
    assert "podlore lab down --name one" in said

    (seen,) = json.loads(podlore("status", "-o", "json").stdout)
    assert set(seen["processes"].values()) == {"running"}
    assert len(seen["processes"]) == 7
    assert (seen["n_nodes"], seen["n_ready"], seen["problem"]) == (3, 3, "")
    assert seen["ports"]["api_server"] != lab.description.ports.api_server
    assert yaml.safe_load(podlore("status", "-o", "yaml").stdout) == [seen]
    assert "3 of 3 Ready" in podlore("status", "--name", "one").stdout

    podlore("add-nodes", "--name", "one", write_nodes(several_labs.parent))
    listed = podlore("kubectl", "--name", "one", "--", "get", "nodes", "-o", "name").stdout.split()
    assert len(listed) == 4
    podlore("add-nodes", "-n", "one", "2", "--prefix", "h", "--product", "NVIDIA-H200", "--gpus", "4")
    made_up = podlore(
        "kubectl", "-n", "one", "--", "get", "nodes", "-l", "nvidia.com/gpu.product=NVIDIA-H200", "-o", "name"
    )
    assert made_up.stdout.split() == ["node/h-0000", "node/h-0001"]
    assert (
        "node h-0000: it exists already" in podlore("add-nodes", "-n", "one", "1", "--prefix", "h", check=False).stderr
    )
    assert podlore("helm", "-n", "one", "--", "list", "-A").stdout.startswith("NAME")
    assert lab.api.is_ready()  # the two do not meet: other ports, other authorities
    with pytest.raises(AssertionError, match="certificate"):
        podlore("kubectl", "--name", "one", "--", "get", "nodes", "--server", lab.api_url)

    assert "exists already" in podlore("up", "--name", "one", check=False).stderr
    who = read_recorded(folder).everyone
    assert podlore("down", "--all").stdout == "lab one has ended\n"
    assert not any(each.is_alive() for each in who)
    all_gone(folder)
    assert podlore("status").stdout == "no lab runs; start one with: podlore lab up\n"


def write_nodes(folder: Path) -> str:
    file = folder / "more.csv"
    file.write_text("sn,cpu_milli,memory_mib,gpu,model\nmore-0,64000,262144,2,P100\n")
    return str(file)


def test_ctrl_c_ends_everything(several_labs):
    command = [*PODLORE, "up", "--foreground", "--nodes", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        wait_for(lambda: "Ctrl-C ends it" in process.stdout.readline(), "it to be ready", timeout_seconds=60)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to the whole group
        assert process.wait(60) == 0
    all_gone(several_labs / "default")


CRASHING = """
import os, signal
from podlore_lab.cluster import Lab
lab = Lab("crashing").start()
print("ready", flush=True)
signal.pause()
"""


def test_killing_the_parent_leaves_no_process(several_labs):
    with subprocess.Popen([sys.executable, "-c", CRASHING], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        assert len(processes_of(several_labs / "crashing")) == 7
        process.kill()
    all_gone(several_labs / "crashing")


def test_a_lab_whose_supervisor_was_killed_is_told_and_tidied_up(several_labs):
    podlore("up", "--nodes", "0")
    folder = several_labs / "default"
    who = read_recorded(folder).everyone
    who[0].send(signal.SIGKILL)
    wait_for(lambda: not any(each.is_alive() for each in who), "the kernel to end the others")
    seen = podlore("status", check=False)
    assert seen.returncode == 1
    assert "end the lab with: podlore lab down --name default" in seen.stdout.replace("\n", " ")
    podlore("down")
    assert not folder.exists()


def test_down_leaves_a_stranger_with_a_recycled_pid_alone(several_labs):
    folder = several_labs / "old"
    folder.mkdir(parents=True)
    with subprocess.Popen(["sleep", "60"]) as stranger:
        who = {"pid": stranger.pid, "started_ticks": 1, "boot": "before"}
        (folder / "processes.json").write_text(json.dumps({"supervisor": who, "children": {"etcd": who}, "exits": {}}))
        podlore("down", "--name", "old")
        assert stranger.poll() is None
        stranger.kill()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("down",), "no lab 'default'; there are: none"),
        (("up", "--name", "../x"), "use up to 40 small letters"),
        (("up", "--nodes", "/no/such.csv"), "/no/such.csv"),
        (("kubectl", "--", "get", "nodes"), "no lab 'default' runs; start it with: podlore lab up"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_not_zero(several_labs, words, told):
    done = podlore(*words, check=False)
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stderr.startswith("podlore: ")
    assert done.stderr.count("\n") == 1
    assert not list(several_labs.glob("*"))


def test_a_bad_row_of_a_node_list_is_told_and_strict_stops(several_labs, tmp_path):
    file = tmp_path / "nodes.csv"
    file.write_text("sn,cpu_milli,memory_mib,gpu,model\na,64000,262144,2,P100\nb,many,1,2,P100\n")
    done = podlore("up", "--strict", "--nodes", str(file), check=False)
    assert done.returncode == 2
    assert "row 3" in done.stderr


def test_every_command_has_help_with_an_example():
    for command in ("build", "up", "add-nodes", "down", "status", "kubectl", "helm"):
        said = CliRunner().invoke(app, [command, "--help"]).output
        assert f"podlore lab {command}" in said, command
