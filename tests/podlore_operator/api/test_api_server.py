"""The real API server holds objects as the models promise, and kubectl shows them."""

import json
from pathlib import Path

import pytest
import yaml

from podlore.clock import Clock
from podlore.errors import BadInput
from podlore.vocabulary import Action, Evidence, EvidenceSource, Finding, ObjectRef, Pattern, Recommendation, Severity
from podlore_lab.cluster import Lab
from podlore_operator.api.convert import advice_of
from podlore_operator.api.v1alpha1 import API_VERSION, AdviceStatus, SchedulingAdvice

ROOT = Path(__file__).parents[3]
CLOCK = Clock(read=lambda: 1_795_000_000.0)


class Advised:
    """A namespace in which advice can be written and read with kubectl."""

    def __init__(self, lab: Lab, namespace: str) -> None:
        self.lab, self.namespace = lab, namespace

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        return self.lab.kubectl("-n", self.namespace, *arguments, stdin=stdin)

    def write(self, name: str, gpu_hours: float = 12, severity: Severity = Severity.HIGH) -> None:
        """Create an advice, then write its status, as the operator does."""
        spec, status = advice_of(recommendation(self.namespace, gpu_hours, severity), CLOCK, "test")
        body = {"apiVersion": API_VERSION, "kind": "SchedulingAdvice", "metadata": {"name": name}}
        self._apply({**body, "spec": {"target": spec.target.document()}})
        self._apply({**body, "status": status.document()}, "--subresource=status", "--field-manager=podlore-status")

    def _apply(self, body: dict[str, object], *options: str) -> None:
        self.kubectl("apply", "--server-side", *options, "-f", "-", stdin=yaml.safe_dump(body))

    def patch(self, name: str, spec: object) -> None:
        patch = json.dumps({"spec": spec})
        self.kubectl("patch", "schedulingadvice", name, "--type=merge", f"--patch={patch}")


def recommendation(namespace: str, gpu_hours: float, severity: Severity) -> Recommendation:
    finding = Finding(
        pattern=Pattern.RESOURCE_HOARDING,
        cause="IdleGpus",
        target=ObjectRef("batch", "Job", namespace, "train"),
        severity=severity,
        summary="The job holds 8 GPUs and uses none.",
        evidence=(Evidence(EvidenceSource.METRIC, "max(DCGM_FI_PROF_SM_ACTIVE)", "0 %", "1 %"),),
        confidence=0.934,
        gpu_hours_at_stake=gpu_hours,
        blamed=(ObjectRef("", "Node", "", "gpu-7"),),
    )
    return Recommendation(finding, Action.RELEASE_IDLE, steps="Delete the job, or give it work.")


@pytest.fixture
def advised(kinds_installed: Lab, fresh_namespace: str) -> Advised:
    return Advised(kinds_installed, fresh_namespace)


def test_a_server_side_dry_run_accepts_every_definition(lab):
    answer = lab.kubectl("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", str(ROOT / "crds"))
    assert answer.count("serverside-applied (server dry run)") == 5


def test_kubectl_shows_the_columns(advised):
    advised.write("job-train")
    header, row = advised.kubectl("get", "sadv").splitlines()
    assert header.split() == ["NAME", "PATTERN", "ACTION", "SEVERITY", "GPUH", "STATE", "AGE", "TARGET"]
    name, pattern, action, severity, gpu_hours, state, _age, target = row.split()
    assert (name, pattern, action) == ("job-train", "ResourceHoarding", "ReleaseIdle")
    assert (severity, gpu_hours, state, target) == ("high", "12", "Active", "Job/train")


def test_wide_output_adds_confidence_node_and_expiry(advised):
    advised.write("job-train")
    header, row = advised.kubectl("get", "sadv", "-o", "wide").splitlines()
    assert header.split()[-3:] == ["CONF", "NODE", "EXPIRES"]
    assert row.split()[-3:] == ["93", "gpu-7", "2026-11-19T11:06:40Z"]


def test_gpu_hours_are_sorted_by_value_though_they_are_strings(advised):
    for name, gpu_hours in (("a", 9.4), ("b", 1200), ("c", 0.25), ("d", 88)):
        advised.write(name, gpu_hours)
    rows = advised.kubectl("get", "sadv", "--sort-by=.status.gpuHoursAtStake", "--no-headers").splitlines()
    assert [row.split()[4] for row in rows] == ["0.25", "9.4", "88", "1200"]


def test_advice_is_selected_by_severity(advised):
    advised.write("a", severity=Severity.CRITICAL)
    advised.write("b", severity=Severity.LOW)
    found = advised.kubectl("get", "sadv", "--field-selector=status.severity=critical", "-o", "name")
    assert found.split() == ["schedulingadvice.podlore.io/a"]


def test_the_whole_category_is_listed_at_once(advised):
    advised.write("job-train")
    assert "job-train" in advised.kubectl("get", "podlore")


def test_what_was_written_is_read_back_unchanged(advised):
    advised.write("job-train")
    found = SchedulingAdvice.read(json.loads(advised.kubectl("get", "sadv", "job-train", "-o", "json")))
    _, status = advice_of(recommendation(advised.namespace, 12, Severity.HIGH), CLOCK, "test")
    assert found.status == status


def test_writing_the_same_again_changes_nothing(advised):
    advised.write("job-train")
    before = advised.kubectl("get", "sadv", "job-train", "-o", "jsonpath={.metadata.resourceVersion}")
    advised.write("job-train")
    assert advised.kubectl("get", "sadv", "job-train", "-o", "jsonpath={.metadata.resourceVersion}") == before


@pytest.mark.parametrize(
    "spec",
    [
        {"target": {"name": "another"}},
        {"target": {"uid": "1234"}},
        {"target": {"kind": "Pod"}},
    ],
)
def test_a_target_cannot_be_changed(advised, spec):
    advised.write("job-train")
    with pytest.raises(BadInput, match=r"spec\.target cannot change"):
        advised.patch("job-train", spec)


@pytest.mark.parametrize("spec", [None, {"target": None}])
def test_a_target_cannot_be_taken_away_to_be_set_anew(advised, spec):
    advised.write("job-train")
    with pytest.raises(BadInput, match="Required value"):
        advised.patch("job-train", spec)


def test_people_acknowledge_snooze_and_judge(advised):
    advised.write("job-train")
    advised.patch("job-train", {"acknowledged": True, "snoozeUntil": "2026-12-01T08:00:00+01:00", "feedback": "Useful"})
    found = SchedulingAdvice.read(json.loads(advised.kubectl("get", "sadv", "job-train", "-o", "json")))
    assert (found.spec.acknowledged, found.spec.feedback) == (True, "Useful")
    assert found.spec.document()["snoozeUntil"] == "2026-12-01T07:00:00Z"


def test_writing_an_object_leaves_its_status_alone_and_the_other_way_round(advised):
    advised.write("job-train")
    advised.patch("job-train", {"acknowledged": True})
    advised.write("job-train", severity=Severity.CRITICAL)
    found = SchedulingAdvice.read(json.loads(advised.kubectl("get", "sadv", "job-train", "-o", "json")))
    assert isinstance(found.status, AdviceStatus)
    assert (found.spec.acknowledged, found.status.severity) == (True, Severity.CRITICAL)


def test_a_policy_has_one_name(kinds_installed):
    policy = {"apiVersion": API_VERSION, "kind": "AdvisorPolicy", "metadata": {"name": "mine"}, "spec": {}}
    with pytest.raises(BadInput, match="must be named default"):
        kinds_installed.kubectl("create", "--dry-run=server", "-f", "-", stdin=yaml.safe_dump(policy))


def test_a_report_ends_after_it_starts(kinds_installed):
    period = {"start": "2026-11-08T00:00:00Z", "end": "2026-11-08T00:30:00+01:00"}
    report = {"apiVersion": API_VERSION, "kind": "ImpactReport", "metadata": {"name": "w"}, "spec": {"period": period}}
    with pytest.raises(BadInput, match="must end after it starts"):
        kinds_installed.kubectl("create", "--dry-run=server", "-f", "-", stdin=yaml.safe_dump(report))


def test_kubectl_explains_a_field(kinds_installed):
    told = kinds_installed.kubectl("explain", "sadv.status.gpuHoursAtStake")
    assert "each device counted once" in " ".join(told.split())
