"""What an engine changes on the host: nothing is forgotten, and nothing of anybody else's is undone."""

from dataclasses import replace

import pytest

from podlore_lab.kind.host_state import HostState, differences, record, undo_rules

BEFORE = HostState(
    processes=("containerd 7",),
    mounts=("/", "/proc"),
    links=("eth0", "lo"),
    routes=("default via 10.0.0.1 dev eth0",),
    rules={"iptables filter": ("-P FORWARD ACCEPT", "-A INPUT -p tcp -j ACCEPT"), "iptables nat": ()},
    sysctls={"net/ipv4/ip_forward": "0", "kernel/panic": "0"},
    cgroups=("/sys/fs/cgroup/mine",),
)
DOCKER = (
    "-P FORWARD DROP",
    "-N DOCKER",
    "-N DOCKER-USER",
    "-A INPUT -p tcp -j ACCEPT",
    "-A FORWARD -j DOCKER-USER",
    "-A DOCKER -d 172.30.0.2/32 ! -i br-1 -o br-1 -p tcp -m tcp --dport 6443 -j ACCEPT",
)


def applied(lines, commands):
    """Do to a table's rules what the commands say, as iptables would."""
    lines = list(lines)
    for _, _, _, verb, *rest in commands:
        match verb:
            case "-D":
                lines.remove(" ".join(["-A", *rest]))
            case "-F":
                lines = [line for line in lines if not line.startswith(f"-A {rest[0]} ")]
            case "-X":
                assert not any(line.endswith(f"-j {rest[0]}") for line in lines), "a chain that is used cannot go"
                lines.remove(f"-N {rest[0]}")
            case "-P":
                lines = [" ".join(["-P", *rest]) if line.startswith(f"-P {rest[0]} ") else line for line in lines]
    return sorted(lines)


def test_a_host_that_is_as_it_was_has_no_differences():
    assert differences(BEFORE, BEFORE) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"processes": ("containerd 7", "dockerd 9")}, "processes: + dockerd 9"),
        ({"mounts": ("/",)}, "mounts: - /proc"),
        ({"links": ("br-1", "eth0", "lo")}, "links: + br-1"),
        ({"routes": ()}, "routes: - default via 10.0.0.1 dev eth0"),
        ({"cgroups": ("/sys/fs/cgroup/docker", "/sys/fs/cgroup/mine")}, "cgroups: + /sys/fs/cgroup/docker"),
        ({"sysctls": {"net/ipv4/ip_forward": "1", "kernel/panic": "0"}}, "sysctl net/ipv4/ip_forward: '0' is '1'"),
        (
            {"rules": {"iptables filter": ("-P FORWARD ACCEPT",), "iptables nat": ()}},
            "iptables filter: - -A INPUT -p tcp -j ACCEPT",
        ),
    ],
)
def test_each_kind_of_change_is_told(change, said):
    assert differences(BEFORE, replace(BEFORE, **change)) == [said]


def test_a_rule_that_is_there_twice_differs_from_one_that_is_there_once():
    twice = {**BEFORE.rules, "iptables filter": (*BEFORE.rules["iptables filter"], "-A INPUT -p tcp -j ACCEPT")}
    assert differences(BEFORE, replace(BEFORE, rules=twice)) == ["iptables filter: + -A INPUT -p tcp -j ACCEPT"]


def test_what_docker_did_to_a_table_is_undone():
    before = BEFORE.rules["iptables filter"]
    assert applied(DOCKER, undo_rules("iptables filter", before, DOCKER)) == sorted(before)


def test_a_rule_that_somebody_else_added_meanwhile_stays():
    before, theirs = BEFORE.rules["iptables filter"], "-A INPUT -s 10.9.0.0/16 -j DROP"
    left = applied((*DOCKER, theirs), undo_rules("iptables filter", before, (*DOCKER, theirs)))
    assert left == sorted((*before, theirs))


def test_rules_that_docker_had_before_stay():
    assert undo_rules("iptables filter", DOCKER, DOCKER) == []


def test_a_state_survives_being_written_down(tmp_path):
    BEFORE.write(tmp_path / "host.json")
    assert HostState.read(tmp_path / "host.json") == BEFORE


def test_looking_at_this_host_changes_nothing_on_it():
    first = record()
    assert first.mounts
    assert first.sysctls["net/ipv4/ip_forward"] in "01"
    assert not [line for line in differences(first, record()) if line.startswith(("links", "routes", "iptables"))]
