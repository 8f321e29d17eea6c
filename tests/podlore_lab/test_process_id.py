import os
import signal
import subprocess
from dataclasses import replace

import pytest

from podlore_lab.process_id import ProcessId


@pytest.fixture
def sleeper():
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def test_a_signal_reaches_the_very_process(sleeper):
    who = ProcessId.of(sleeper.pid)
    assert who.is_alive()
    assert who.send(signal.SIGKILL)
    assert sleeper.wait(10) == -signal.SIGKILL
    assert not who.is_alive()


def test_a_pid_that_somebody_else_has_by_now_is_left_alone(sleeper):
    before = replace(ProcessId.of(sleeper.pid), started_ticks=1)
    assert not before.is_alive()
    assert not before.send(signal.SIGKILL)
    assert sleeper.poll() is None


def test_a_pid_of_an_earlier_boot_is_left_alone(sleeper):
    before = replace(ProcessId.of(sleeper.pid), boot="another")
    assert not before.send(signal.SIGKILL)
    assert sleeper.poll() is None


def test_a_pid_that_nobody_has_is_no_error(sleeper):
    who = ProcessId.of(sleeper.pid)
    sleeper.kill()
    sleeper.wait()
    assert ProcessId.of(sleeper.pid) is None
    assert not who.send(signal.SIGTERM)


def test_a_zombie_does_not_count_as_alive(sleeper):
    who = ProcessId.of(sleeper.pid)
    sleeper.kill()

    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)  # ended, and not reaped yet
    assert not who.is_alive()
