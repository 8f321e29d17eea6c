"""The chart on a real API server: install, upgrade, uninstall, and kinds that were kept find a new release."""

import json
from pathlib import Path

import pytest
import yaml

from podlore.errors import BadInput
from podlore_lab.waiting import wait_for
from podlore_operator.api.v1alpha1 import API_VERSION, KINDS

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.xdist_group("charts")]

ROOT = Path(__file__).parents[2]
CHART = str(ROOT / "charts" / "podlore")
ADVICE = {
    "apiVersion": API_VERSION,
    "kind": "SchedulingAdvice",
    "metadata": {"name": "job-train-crashloop-00000000"},
    "spec": {"target": {"group": "batch", "kind": "Job", "name": "train"}, "acknowledged": True},
}


def install(lab, *options, name="podlore", namespace="podlore"):
    return lab.helm("install", name, CHART, "-n", namespace, "--create-namespace", "--set=replicaCount=0", *options)


def kinds(lab):
    found = json.loads(lab.kubectl("get", "crds", "-o", "json"))["items"]
    return {one["metadata"]["name"]: one["metadata"] for one in found if one["spec"]["group"] == "podlore.io"}


def write_advice(lab):
    lab.kubectl("wait", "--for=condition=Established", "--timeout=30s", *[f"crd/{name}" for name in kinds(lab)])
    lab.kubectl("apply", "-n", "default", "-f", "-", stdin=yaml.safe_dump(ADVICE))


def acknowledged(lab):
    return lab.kubectl("get", "sadv", "-n", "default", "-o", "jsonpath={.items[*].spec.acknowledged}")


def test_install_upgrade_and_uninstall(empty_lab):
    lab = empty_lab
    notes = install(lab)
    assert "kubectl get schedulingadvice -A" in notes
    assert len(kinds(lab)) == len(KINDS)

    lab.helm("upgrade", "podlore", CHART, "-n", "podlore", "--set=replicaCount=0", "--set=events.enabled=true")
    rules = json.loads(lab.kubectl("get", "clusterrole", "podlore", "-o", "json"))["rules"]
    assert any("events.k8s.io" in rule["apiGroups"] for rule in rules)

    lab.helm("uninstall", "podlore", "-n", "podlore", "--wait")
    assert len(kinds(lab)) == len(KINDS)
    left = lab.kubectl("get", "all,sa,role,rolebinding", "-n", "podlore", "-l", "app.kubernetes.io/name=podlore")
    assert left.strip() == ""
    mine = ("clusterrole,clusterrolebinding", "-l", "app.kubernetes.io/name=podlore")
    assert lab.kubectl("get", *mine, "-o", "name") == ""


def test_an_upgrade_with_nothing_changed_changes_no_kind(empty_lab):
    install(empty_lab)
    before = {name: meta["generation"] for name, meta in kinds(empty_lab).items()}
    empty_lab.helm("upgrade", "podlore", CHART, "-n", "podlore", "--set=replicaCount=0")
    assert {name: meta["generation"] for name, meta in kinds(empty_lab).items()} == before


def test_everything_goes_where_kinds_are_not_kept(empty_lab):
    install(empty_lab, "--set=crds.keep=false")
    empty_lab.helm("uninstall", "podlore", "-n", "podlore", "--wait")
    assert kinds(empty_lab) == {}


def test_a_release_of_the_same_name_finds_the_kept_kinds_and_their_advice(empty_lab):
    install(empty_lab)
    write_advice(empty_lab)
    empty_lab.helm("uninstall", "podlore", "-n", "podlore", "--wait")
    install(empty_lab)
    assert acknowledged(empty_lab) == "true"


def test_a_release_of_another_name_must_be_told_to_take_the_kept_kinds_over(empty_lab):
    install(empty_lab)
    write_advice(empty_lab)
    empty_lab.helm("uninstall", "podlore", "-n", "podlore", "--wait")
    with pytest.raises(BadInput, match="invalid ownership metadata"):
        install(empty_lab, name="advisor", namespace="gpu")
    install(empty_lab, "--take-ownership", name="advisor", namespace="gpu")
    owners = {meta["annotations"]["meta.helm.sh/release-name"] for meta in kinds(empty_lab).values()}
    assert owners == {"advisor"}
    assert acknowledged(empty_lab) == "true"


def test_kinds_that_kubectl_installed_can_be_taken_over(empty_lab):
    empty_lab.kubectl("apply", "--server-side", "-f", str(ROOT / "crds"))
    write_advice(empty_lab)
    with pytest.raises(BadInput, match="invalid ownership metadata"):
        install(empty_lab)
    install(empty_lab, "--take-ownership")
    assert acknowledged(empty_lab) == "true"


def test_kinds_that_somebody_else_installs_are_left_alone(empty_lab):
    empty_lab.kubectl("apply", "--server-side", "-f", str(ROOT / "crds"))
    before = {name: meta["resourceVersion"] for name, meta in kinds(empty_lab).items()}
    install(empty_lab, "--set=crds.install=false")
    empty_lab.helm("uninstall", "podlore", "-n", "podlore", "--wait")
    assert {name: meta["resourceVersion"] for name, meta in kinds(empty_lab).items()} == before


def test_a_restricted_namespace_admits_the_pods(empty_lab):
    lab = empty_lab
    lab.create_namespace("strict")
    lab.kubectl("label", "namespace", "strict", "pod-security.kubernetes.io/enforce=restricted")
    install(lab, "--set=replicaCount=1", namespace="strict")
    wait_for(lambda: "podlore-" in lab.kubectl("get", "pods", "-n", "strict", "-o", "name"), "the operator's pod")
    hook = next(one for one in yaml.safe_load_all(lab.helm("get", "hooks", "podlore", "-n", "strict")) if one)
    lab.kubectl("create", "--dry-run=server", "-n", "strict", "-f", "-", stdin=yaml.safe_dump(hook))


def test_everything_switched_on_is_accepted_by_the_api_server(empty_lab):
    values = ROOT / "charts" / "podlore" / "ci" / "everything-values.yaml"
    foreign = ["--set=serviceMonitor.enabled=false", "--set=prometheusRule.enabled=false"]  # their kinds are not there
    install(empty_lab, f"--values={values}", *foreign, "--set=imagePullSecrets=null")
