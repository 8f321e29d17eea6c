"""Each switch of the chart does what it says, and nothing is there that was not asked for."""

from pathlib import Path

import pytest
import yaml
from kubernetes_validate import validate

from podlore_operator.api.crd_schema import crd
from podlore_operator.api.v1alpha1 import KINDS

MATRIX = sorted((Path(__file__).parents[2] / "charts" / "podlore" / "ci").glob("*-values.yaml"))
FOREIGN = {"ServiceMonitor", "PrometheusRule"}
CLUSTER_WIDE = {
    *("ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"),
    *("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
}
BY_DEFAULT = {
    "ClusterRole": 3,
    "ClusterRoleBinding": 1,
    "CustomResourceDefinition": 5,
    "Deployment": 1,
    "Pod": 1,
    "Role": 1,
    "RoleBinding": 1,
    "Service": 1,
    "ServiceAccount": 1,
}
matrix = pytest.mark.parametrize("values", MATRIX, ids=lambda path: path.stem)


def count(manifests):
    kinds = [one["kind"] for one in manifests]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def container(manifests):
    return one(manifests, "Deployment")["spec"]["template"]["spec"]["containers"][0]


def one(manifests, kind):
    (found,) = [manifest for manifest in manifests if manifest["kind"] == kind]
    return found


@matrix
def test_lint_finds_nothing(helm, chart, values):
    assert "0 chart(s) failed" in helm("lint", "--strict", str(chart), f"--values={values}")


@matrix
def test_every_builtin_object_fits_the_schema_of_its_kind(render, values):
    for manifest in render(files=(values,)):
        if manifest["kind"] not in FOREIGN:
            validate(manifest, "1.37", strict=True)


@matrix
def test_what_lives_in_a_namespace_says_which(render, values):
    for manifest in render(files=(values,)):
        namespace = None if manifest["kind"] in CLUSTER_WIDE else "podlore"
        assert manifest["metadata"].get("namespace") == namespace, manifest["kind"]


@matrix
def test_no_object_of_podlores_own_kinds_is_in_the_chart(render, values):
    assert not [one for one in render(files=(values,)) if one["apiVersion"].startswith("podlore.io/")]


@matrix
def test_every_container_is_restricted(render, values):
    manifests = render(files=(values,))
    for pod in (one(manifests, "Deployment")["spec"]["template"]["spec"], one(manifests, "Pod")["spec"]):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for each in pod["containers"]:
            assert each["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


def test_the_defaults_install_this_and_no_more(render):
    assert count(render()) == BY_DEFAULT


@pytest.mark.parametrize(
    ("sets", "kind", "difference"),
    [
        (["crds.install=false"], "CustomResourceDefinition", -5),
        (["serviceAccount.create=false"], "ServiceAccount", -1),
        (["rbac.create=false"], "ClusterRole", -3),
        (["rbac.create=false"], "ClusterRoleBinding", -1),
        (["rbac.create=false"], "RoleBinding", -1),
        (["maxMode=DryRun"], "Role", -1),
        (["maxMode=DryRun"], "RoleBinding", -1),
        (["networkPolicy.enabled=true"], "NetworkPolicy", 1),
        (["serviceMonitor.enabled=true"], "ServiceMonitor", 1),
        (["prometheusRule.enabled=true"], "PrometheusRule", 1),
        (["dashboard.enabled=true"], "ConfigMap", 1),
        (["podDisruptionBudget.enabled=true"], "PodDisruptionBudget", 0),
        (["podDisruptionBudget.enabled=true", "replicaCount=2"], "PodDisruptionBudget", 1),
        (["probe.enabled=true"], "DaemonSet", 1),
        (["annotations.enabled=true"], "ValidatingAdmissionPolicy", 1),
        (["annotations.enabled=true", "annotations.guard=false"], "ValidatingAdmissionPolicy", 0),
        (["annotations.enabled=true", "maxMode=DryRun"], "ValidatingAdmissionPolicy", 0),
    ],
)
def test_a_switch_adds_or_takes_its_objects(render, sets, kind, difference):
    assert count(render(*sets)).get(kind, 0) - BY_DEFAULT.get(kind, 0) == difference


@pytest.mark.parametrize(
    ("sets", "argument"),
    [
        (["prometheus.url=http://p:9090"], "--prometheus=http://p:9090"),
        (["dryRun=true"], "--dry-run"),
        (["maxMode=DryRun"], "--dry-run"),
        (["maxMode=Assist"], "--max-mode=Assist"),
        (["events.enabled=true"], "--allow-events"),
        (["annotations.enabled=true"], "--allow-annotations"),
        (["logs.enabled=true"], "--allow-logs"),
        (["logFormat=text"], "--log-format=text"),
        (["logLevel=debug"], "--log-level=debug"),
        (["extraArgs[0]=--clock-scale=2"], "--clock-scale=2"),
    ],
)
def test_a_value_becomes_an_argument(render, sets, argument):
    assert argument in container(render(*sets))["args"]
    assert argument not in container(render())["args"]


@matrix
def test_the_operators_command_knows_every_argument(render, values):
    import click
    import typer

    from podlore_operator.cli.operator import app

    command = typer.main.get_command(app)
    found = container(render(files=(values,)))
    assert found["command"] == ["podlore", "operator", "run"]
    run = command.get_command(click.Context(command), "run")
    run.make_context("run", list(found["args"]))


def test_the_image_is_chosen_by_digest_before_tag_before_the_charts_version(render):
    digest = f"sha256:{'0' * 64}"
    assert container(render())["image"] == "podlore:0.1.0"
    assert container(render("image.tag=edge"))["image"] == "podlore:edge"
    assert container(render("image.tag=edge", f"image.digest={digest}"))["image"] == f"podlore@{digest}"
    assert container(render("image.registry=r.example:5000"))["image"] == "r.example:5000/podlore:0.1.0"


def test_probes_ask_where_the_operator_answers(render):
    found = container(render())
    assert found["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "http"}
    assert found["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    assert "--listen=:8080" in found["args"]
    assert found["ports"] == [{"name": "http", "containerPort": 8080}]


def test_one_replica_is_replaced_and_two_are_rolled(render):
    assert one(render(), "Deployment")["spec"]["strategy"] == {"type": "Recreate"}
    assert one(render("replicaCount=2"), "Deployment")["spec"]["strategy"] == {"type": "RollingUpdate"}


def test_a_second_replica_in_dry_run_is_refused_since_it_has_no_lease(render):
    with pytest.raises(AssertionError, match="one replica at most"):
        render("maxMode=DryRun", "replicaCount=2")


def test_the_platform_may_choose_the_user(render):
    pod = one(render("runAsUser=null"), "Deployment")["spec"]["template"]["spec"]
    assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def test_everything_is_named_after_the_release(render):
    names = {one["metadata"]["name"] for one in render(release="advisor") if one["kind"] != "CustomResourceDefinition"}
    assert names == {f"advisor-podlore{suffix}" for suffix in ("", "-viewer", "-editor", "-test")}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_kinds_are_installed_as_they_are_generated(render, kind):
    wanted = crd(kind)
    found = next(one for one in render() if one["metadata"]["name"] == wanted["metadata"]["name"])
    assert found["spec"] == wanted["spec"]


def test_kinds_are_kept_unless_told_otherwise(render):
    def policies(*sets):
        crds = [one for one in render(*sets) if one["kind"] == "CustomResourceDefinition"]
        return {one["metadata"].get("annotations", {}).get("helm.sh/resource-policy") for one in crds}

    assert policies() == {"keep"}
    assert policies("crds.keep=false") == {None}


def test_the_network_policy_lets_out_only_dns_api_server_and_prometheus(render):
    def ports(*sets):
        policy = one(render("networkPolicy.enabled=true", *sets), "NetworkPolicy")
        return [[port["port"] for port in rule["ports"]] for rule in policy["spec"]["egress"]]

    assert ports() == [[53, 53], [443, 6443]]
    assert ports("prometheus.url=http://p:9090") == [[53, 53], [443, 6443], [9090]]


def test_the_network_policy_narrows_the_api_server_to_its_addresses(render):
    policy = one(render("networkPolicy.enabled=true", "networkPolicy.apiServerCidrs={10.0.0.1/32}"), "NetworkPolicy")
    assert policy["spec"]["egress"][1]["to"] == [{"ipBlock": {"cidr": "10.0.0.1/32"}}]


@pytest.mark.parametrize("values", MATRIX, ids=lambda path: path.stem)
def test_selectors_find_the_pods(render, values):
    manifests = render(files=(values,))
    labels = one(manifests, "Deployment")["spec"]["template"]["metadata"]["labels"]
    for manifest in manifests:
        selector = manifest.get("spec", {}).get("selector") or manifest.get("spec", {}).get("podSelector")
        if selector and manifest["kind"] != "ServiceMonitor":
            assert (selector.get("matchLabels") or selector).items() <= labels.items(), manifest["kind"]


def test_the_test_pod_is_not_behind_the_service(render):
    manifests = render()
    assert (
        not one(manifests, "Service")["spec"]["selector"].items() <= one(manifests, "Pod")["metadata"]["labels"].items()
    )


def test_notes_name_the_two_commands(helm, chart):
    def notes(*options):
        text = helm("install", "podlore", str(chart), "--namespace=podlore", "--dry-run=client", *options)
        return text.partition("NOTES:")[2]

    assert notes().count("  kubectl ") == 2
    assert "podlore advice --operator" in notes("--set=maxMode=DryRun")
    assert "prometheus.url is empty" in notes()
    assert "prometheus.url is empty" not in notes("--set=prometheus.url=http://p:9090")
    assert "nothing runs here yet" in notes("--set=replicaCount=0")


def test_yaml_of_all_objects_has_no_duplicate_names(render):
    for values in MATRIX:
        names = [(one["kind"], one["metadata"]["name"]) for one in render(files=(values,))]
        assert len(names) == len(set(names)), yaml.safe_dump(names)


def test_the_probe_is_privileged_only_for_taps_and_no_part_of_the_operators_service(render):
    plain = one(render("probe.enabled=true"), "DaemonSet")["spec"]["template"]
    tapped = one(render("probe.enabled=true", "probe.taps={oom}"), "DaemonSet")["spec"]["template"]
    assert "privileged" not in plain["spec"]["containers"][0]["securityContext"]
    assert "hostPID" not in plain["spec"]
    assert tapped["spec"]["containers"][0]["securityContext"]["privileged"]
    assert "--tap=oom" in tapped["spec"]["containers"][0]["args"]
    selector = one(render(), "Service")["spec"]["selector"]
    assert not selector.items() <= plain["metadata"]["labels"].items()
