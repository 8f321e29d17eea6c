"""What is missing for kind is said before anything is built, a line each, with the way out."""

from dataclasses import replace

import pytest

from podlore.errors import Unavailable
from podlore_lab.disk_space import GIB
from podlore_lab.kind import kind_lab
from podlore_lab.kind.needs import (
    BUILD_PROGRAMS,
    CONTROLLERS,
    ENGINE_PROGRAMS,
    NET_ADMIN,
    SYS_ADMIN,
    SYS_RESOURCE,
    Machine,
    look,
    missing,
)

EVERYTHING = Machine(
    is_root=True,
    capabilities=2**41 - 1,
    controllers=CONTROLLERS,
    programs=frozenset({*ENGINE_PROGRAMS, *BUILD_PROGRAMS}),
    free_bytes=50 * GIB,
)


def test_a_machine_with_everything_misses_nothing():
    assert missing(EVERYTHING, own_dockerd=True, build=True) == []


@pytest.mark.parametrize(
    ("lack", "said"),
    [
        ({"is_root": False}, "not root"),
        ({"capabilities": EVERYTHING.capabilities & ~(1 << SYS_ADMIN)}, "no CAP_SYS_ADMIN or CAP_NET_ADMIN"),
        ({"capabilities": EVERYTHING.capabilities & ~(1 << NET_ADMIN)}, "no CAP_SYS_ADMIN or CAP_NET_ADMIN"),
        ({"controllers": frozenset({"cpu"})}, "no cgroup controllers cpuset, devices, memory, pids"),
        ({"programs": frozenset({"ip", "iptables"})}, "apt-get install -y docker.io"),
        ({"free_bytes": GIB}, "1.0 GiB free, about 4 GiB needed"),
        ({"taken": ("172.30.9.0/24",)}, "the addresses 172.30.0.0/16 are in use (172.30.9.0/24)"),
    ],
)
def test_each_lack_is_one_line(lack, said):
    (line,) = missing(replace(EVERYTHING, **lack), own_dockerd=True, build=False)
    assert said in line
    assert "\n" not in line


def test_a_build_needs_debootstrap_and_more_disk():
    poor = replace(EVERYTHING, programs=frozenset(ENGINE_PROGRAMS), free_bytes=5 * GIB)
    assert missing(poor, own_dockerd=True, build=False) == []
    lines = missing(poor, own_dockerd=True, build=True)
    assert any("debootstrap" in line for line in lines)
    assert any("about 9 GiB needed" in line for line in lines)


def test_without_sys_resource_the_cluster_still_runs():
    assert (
        missing(
            replace(EVERYTHING, capabilities=EVERYTHING.capabilities & ~(1 << SYS_RESOURCE)),
            own_dockerd=True,
            build=True,
        )
        == []
    )


def test_the_docker_that_runs_needs_no_root():
    nobody = replace(EVERYTHING, is_root=False, capabilities=0, programs=frozenset(), taken=("172.30.0.0/24",))
    assert missing(nobody, own_dockerd=False, build=False) == []


def test_without_root_nothing_is_started_and_the_way_out_is_said(monkeypatch):
    monkeypatch.setattr(kind_lab, "look", lambda: replace(EVERYTHING, is_root=False, programs=frozenset()))
    with pytest.raises(
        Unavailable, match=r"kind cannot run here:\n  not root.*\n  no dockerd.*apt-get install -y docker.io"
    ):
        kind_lab.check_needs(own_dockerd=True, build=False)


def test_this_machine_can_be_looked_at():
    seen = look()
    assert seen.free_bytes > 0
