"""SecurityIncident: many refusals of many things, or many guesses."""

from podlore.patterns.security_incident import security_incident
from podlore.snapshot import Snapshot
from podlore.testing import NOW, node, pod, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Event, Finding, LogLine, ObjectRef

POD = pod(node="gpu-1")


def found(*texts: str, apart_seconds: float = 10) -> list[Finding]:
    lines = tuple(LogLine("vision", "train-0", NOW - n * apart_seconds, text) for n, text in enumerate(texts))
    seen: Snapshot = snapshot(pods=(POD,), logs=lines)
    return list(security_incident(ClusterView(seen)))


def forbidden(*resources: str) -> list[str]:
    return [f"secrets is forbidden: cannot get resource {name}" for name in resources]


def test_trying_one_door_after_the_other_is_enumeration() -> None:
    [finding] = found(*forbidden(*"abcdefghijkl"))
    assert (str(finding.target), finding.cause) == ("vision/Pod/train-0", "Enumeration")
    assert "secrets" not in str(finding)


def test_guessing_passwords_is_said() -> None:
    [finding] = found(*[f"Failed password for root from 10.0.0.{n} port {n}" for n in range(25)])
    assert finding.cause == "Guessing"


def test_a_role_that_comes_late_is_refused_the_same_again_and_again() -> None:
    assert not found(*forbidden(*"a" * 40))


def test_a_typo_is_refused_a_few_times() -> None:
    assert not found(*forbidden("abc", "abd", "abe"))


def test_refusals_over_a_day_are_no_burst() -> None:
    assert not found(*forbidden(*"abcdefghijkl"), apart_seconds=1800)


def test_other_errors_are_no_refusals() -> None:
    assert not found(*[f"connection to {n} timed out" for n in range(60)])


def test_a_node_tells_of_guesses_in_events() -> None:
    node_ref = ObjectRef("", "Node", "", "gpu-1", uid="node-gpu-1")

    def told(count: int, over_seconds: float) -> list[Finding]:
        text = "sshd[4182]: Failed password for invalid user test from 198.51.100.23"
        event = Event("e", node_ref, "LoginFailed", text, "Warning", "monitor", count, NOW - over_seconds, NOW)
        return list(security_incident(ClusterView(snapshot(nodes=(node("gpu-1"),), events=(event,)))))

    [finding] = told(60, 1800)
    assert (str(finding.target), finding.cause) == ("Node/gpu-1", "Guessing")
    assert not told(19, 600)
    assert not told(60, 4 * 3600)
