"""What rules hear beside what detectors find: evidence, weaker evidence, and findings of their own."""

from dataclasses import replace

from podlore.advisor import detect
from podlore.rules.watch import RuleWatch, watched
from podlore.snapshot import History, Snapshot
from podlore.testing import MINUTE, NOW, job, node, pod, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import (
    Condition,
    Container,
    Event,
    Failure,
    Finding,
    LogLine,
    Node,
    ObjectRef,
    Pattern,
    Series,
    Termination,
)

XID_79 = "[ 8123.4] NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, GPU has fallen off the bus."


def findings(seen: Snapshot) -> list[Finding]:
    return list(detect(ClusterView(watched(seen))))


def crashing(*lines: str) -> Snapshot:
    """Return a pod that fails again and again, with these lines in its log."""
    end = Termination(1, "Error", NOW - 5 * MINUTE, NOW - 4 * MINUTE)
    container = Container("main", 3, waiting_reason="CrashLoopBackOff", ended_before=end)
    ref = ObjectRef("", "Pod", "vision", "train")
    ends = tuple(Failure("vision", "train", "main", ref, "gpu-1", NOW - m * MINUTE, 1, "Error") for m in (30, 15, 4))
    logs = tuple(LogLine("vision", "train", NOW - (20 - n) * MINUTE, text) for n, text in enumerate(lines))
    one = pod("train", node="gpu-1", containers=(container,))
    return snapshot(nodes=(node("gpu-1"),), pods=(one,), history=History(failures=ends), logs=logs)


def agent(kind: str) -> Snapshot:
    """Return a pod of a workload of this kind in whose log the driver is quoted."""
    owner = job("agent", kind=kind, group="apps")
    one = pod("agent-x2x4f", node="gpu-1", gpus=0, controller=owner.ref)
    logs = (LogLine("vision", one.name, NOW - MINUTE, XID_79),)
    return snapshot(nodes=(node("gpu-1"),), pods=(one,), controllers=(owner,), logs=logs)


def test_a_rule_says_why_a_job_crashes() -> None:
    (plain,) = findings(crashing("step 1"))
    (told,) = findings(crashing("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB"))
    (fact,) = set(told.evidence) - set(plain.evidence)
    assert (fact.source, fact.threshold) == ("Rule", "1 of 1 steps")
    assert "PODLORE-2026-0023" in fact.reference
    assert (told.pattern, told.cause) == (plain.pattern, plain.cause)


def test_what_a_rule_saw_in_part_is_marked_so() -> None:
    xid = "kernel: NVRM: Xid (PCI:0000:3b:00): {}, pid=1, name=python"
    found = findings(crashing(xid.format(31)))
    facts = [fact for finding in found for fact in finding.evidence if fact.observed.startswith("in part: ")]
    assert [fact.threshold for fact in facts] == ["1 of 2 steps"]


def test_the_driver_quoted_by_a_nodes_agent_is_a_fault_of_the_node() -> None:
    (found,) = findings(agent("DaemonSet"))
    assert (found.pattern, found.target.name, found.cause) == (Pattern.HARDWARE_FAULT, "gpu-1", "Device")


def test_a_log_collector_quotes_other_nodes() -> None:
    assert not findings(agent("Deployment"))


def test_a_pattern_that_is_switched_off_stays_silent() -> None:
    seen = agent("DaemonSet")
    thresholds = seen.policy.thresholds
    off = replace(thresholds, hardware_fault=replace(thresholds.hardware_fault, enabled=False))
    assert not findings(replace(seen, policy=replace(seen.policy, thresholds=off)))


def test_one_fault_found_twice_is_said_once() -> None:
    seen = agent("DaemonSet")
    about = ObjectRef("", "Node", "", "gpu-1")
    event = Event("e", about, "XidError", XID_79, "Warning", first_seen_at=NOW - MINUTE, last_seen_at=NOW - MINUTE)
    found = findings(replace(seen, events=(event,)))
    assert [(one.pattern, one.cause) for one in found] == [(Pattern.HARDWARE_FAULT, "Device")]
    assert {fact.source for fact in found[0].evidence} == {"Event", "Rule"}


def test_markup_and_floods_in_a_log_stay_bounded_text() -> None:
    watch = RuleWatch()
    for n in range(30_000):
        watch.see_log(
            LogLine("a", f"p{n % 7}", NOW + n / 100, "CUDA out of memory \x1b[31m $(reboot) " + "x" * 10_000 * (n < 5))
        )
    matches = watch.matches(NOW + 600)
    assert len({match.about for match in matches}) == 7
    assert len(matches) <= 14
    assert all(len(match.title) < 200 for match in matches)


def test_clocks_that_jump_and_events_out_of_order_are_heard() -> None:
    watch = RuleWatch()
    about = ObjectRef("", "Pod", "ml", "a")
    text = "0/4 nodes are available: 4 Insufficient nvidia.com/gpu."
    for number, at in enumerate((NOW, NOW - 600, NOW - 300)):
        watch.see_event(Event(str(number), about, "FailedScheduling", text, first_seen_at=at, last_seen_at=at))
    assert "PODLORE-2026-0033" in {match.rule for match in watch.matches(NOW + 30) if match.is_whole}
    watch.see_event(Event("x", about, "FailedScheduling", text, first_seen_at=1.0, last_seen_at=1e12))
    assert isinstance(watch.matches(NOW - 1e6), tuple)


def test_conditions_and_codes_are_heard_when_they_change() -> None:
    watch = RuleWatch()
    condition = Condition("Ready", "False", "NodeNotReady", "", NOW - 60)
    for _ in range(3):
        watch.see_node(Node("gpu-1", "u", 0.0, conditions=(condition,)))
        watch.see_series(Series("DCGM_FI_DEV_XID_ERRORS", "gpu-1", NOW, 300.0, (0.0, 0.0, 79.0), "GPU-gpu-1-0"))
    assert len(watch._waiting) == 2
