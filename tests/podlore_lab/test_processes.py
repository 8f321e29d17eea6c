import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from podlore.errors import Unavailable
from podlore_lab.process_id import ProcessId
from podlore_lab.processes import Command, Processes, read_recorded
from podlore_lab.waiting import wait_for

STUBBORN = ["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "lab"
    folder.mkdir()
    return folder


def everyone(folder: Path) -> list[ProcessId]:
    return read_recorded(folder).everyone


def gone(who: list[ProcessId]) -> bool:
    return not any(each.is_alive() for each in who)


def test_what_was_started_is_written_down_and_ends_with_it(folder):
    with Processes(folder) as processes:
        processes.start(Command("a", ["sleep", "60"]))
        processes.start(Command("b", ["sleep", "60"]))
        recorded = read_recorded(folder)
        assert set(recorded.children) == {"a", "b"}
        assert len(recorded.everyone) == 3
        assert all(each.is_alive() for each in recorded.everyone)
    assert gone(recorded.everyone)
    assert not folder.exists()


def test_a_process_that_will_not_listen_is_killed(folder):
    with Processes(folder) as processes:
        processes.start(Command("deaf", STUBBORN))
        wait_for(lambda: "deaf" in processes.log("deaf").read_text(), "the trap")
        who = everyone(folder)
    assert gone(who)


def test_the_end_of_a_process_is_told_with_its_last_words(folder):
    with Processes(folder) as processes:
        processes.start(Command("brief", ["sh", "-c", "echo no such flag >&2; exit 3"]))
        wait_for(lambda: "brief" in read_recorded(folder).exits, "its end to be noticed")
        assert read_recorded(folder).exits == {"brief": 3}
        with pytest.raises(Unavailable, match="brief has ended: no such flag"):
            processes.check("brief")


def test_a_program_that_is_not_there_is_named(folder):
    with Processes(folder) as processes, pytest.raises(Unavailable, match=r"/no/such: No such file"):
        processes.start(Command("none", ["/no/such"]))


CLIENT = """
import sys, time
from pathlib import Path
from podlore_lab.processes import Command, Processes
processes = Processes(Path(sys.argv[1]))
processes.start(Command("a", ["sleep", "60"]))
if sys.argv[2] == "detach":
    processes.detach()
print("started", flush=True)
time.sleep(60)
"""


def client(folder: Path, how: str) -> subprocess.Popen:
    process = subprocess.Popen([sys.executable, "-c", CLIENT, folder, how], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "started\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_nothing_outlives_a_client_that_dies(folder, number):
    with client(folder, "stay") as process:
        who = everyone(folder)
        process.send_signal(number)
        wait_for(lambda: gone(who), "everything to end", timeout_seconds=20)
        wait_for(lambda: not folder.exists(), "the folder to go")


def test_nothing_outlives_a_supervisor_that_is_killed(folder):
    with client(folder, "stay") as process:
        who = everyone(folder)
        os.kill(who[0].pid, signal.SIGKILL)
        wait_for(lambda: gone(who), "everything to end", timeout_seconds=20)
        process.kill()


def test_detached_it_lives_on_until_it_is_asked_to_end(folder):
    with client(folder, "detach") as process:
        process.kill()
    who = everyone(folder)
    assert all(each.is_alive() for each in who)
    assert who[0].send(signal.SIGTERM)
    wait_for(lambda: gone(who), "everything to end", timeout_seconds=20)
    assert not folder.exists()


def test_a_record_that_cannot_be_read_says_so(folder):
    (folder / "processes.json").write_text(json.dumps({"supervisor": 1}))
    with pytest.raises(Unavailable, match=r"processes\.json cannot be read"):
        read_recorded(folder)


def test_no_record_is_none(folder):
    assert read_recorded(folder) is None
    assert read_recorded(folder / "missing") is None
