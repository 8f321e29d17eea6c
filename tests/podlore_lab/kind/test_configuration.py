"""kind's configuration, and that both ways of the lab run the same."""

import re
from pathlib import Path

import pytest
import yaml

from podlore_lab.kind.bill_of_materials import cyclonedx
from podlore_lab.kind.configuration import REGISTRY_IMAGE, cluster_configuration, scheduler_configuration
from podlore_lab.kind.dockerd import daemon_configuration
from podlore_lab.kind.node_root import containerd_configuration
from podlore_lab.kind.operator_lock import entries, operator_lock
from podlore_lab.kind.programs import kubernetes_version
from podlore_lab.kind.real_nodes import not_fake, replayed_pods_policy, route_commands
from podlore_lab.nodes import NodeShape, node_object
from podlore_lab.shipped import shipped_folder

ROOT = Path(__file__).parents[3]


def configured(image="built:1", port=0):
    return yaml.safe_load(cluster_configuration(image=image, api_port=port, scheduler_folder=Path("/lab/scheduler")))


def requirement(module, name):
    return re.search(rf"^\s*{re.escape(name)} (v\S+)", (shipped_folder(module) / "go.mod").read_text(), re.MULTILINE)[1]


def test_both_ways_of_the_lab_run_one_version_of_kubernetes():
    assert requirement("node", "k8s.io/kubernetes") == requirement("controlplane", "k8s.io/kubernetes")
    assert kubernetes_version() == requirement("node", "k8s.io/kubernetes")


def test_the_pinned_registry_image_is_of_the_same_minor_version_and_has_a_digest():
    assert re.fullmatch(r"kindest/node:v[\d.]+@sha256:[0-9a-f]{64}", REGISTRY_IMAGE)
    assert REGISTRY_IMAGE.split(":")[1].split(".")[:2] == kubernetes_version().split(".")[:2]


def test_every_node_has_the_image_and_the_port_is_passed_on():
    content = configured(port=16443)
    assert {node["image"] for node in content["nodes"]} == {"built:1"}
    assert content["networking"]["apiServerPort"] == 16443


def test_a_registry_image_keeps_kinds_own_network_and_a_built_one_has_ours():
    assert configured(REGISTRY_IMAGE)["networking"]["disableDefaultCNI"] is False
    assert configured()["networking"]["disableDefaultCNI"] is True


def test_the_scheduler_has_the_same_configuration_on_both_ways():
    content = yaml.safe_load(scheduler_configuration())
    assert content["podMaxBackoffSeconds"] == 1
    mounts = [mount for node in configured()["nodes"] for mount in node.get("extraMounts", ())]
    assert [mount["hostPath"] for mount in mounts] == ["/lab/scheduler"]


def test_pods_have_addresses_for_a_thousand_fake_nodes():
    _, _, bits = configured()["networking"]["podSubnet"].rpartition("/")
    assert 2 ** (24 - int(bits)) > 1000


def test_fake_nodes_carry_the_label_that_keeps_real_pods_off():
    (term,) = not_fake()["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    (wanted,) = term["matchExpressions"]
    labels = node_object(NodeShape("a", gpus=1))["metadata"]["labels"]
    assert labels[wanted["key"]] in wanted["values"]
    assert wanted["operator"] == "NotIn"
    (mutation,) = replayed_pods_policy()["spec"]["mutations"]
    assert f'"{wanted["key"]}": "{labels[wanted["key"]]}"' in mutation["jsonPatch"]["expression"]


def test_routes_join_real_nodes_only():
    fake = node_object(NodeShape("fake", gpus=1)) | {"spec": {"podCIDR": "10.240.9.0/24"}}
    real = [
        {
            "metadata": {"name": name},
            "spec": {"podCIDR": f"10.240.{index}.0/24"},
            "status": {"addresses": [{"type": "InternalIP", "address": f"172.30.0.{index}"}]},
        }
        for index, name in enumerate("abc", 1)
    ]
    commands = route_commands([*real, fake])
    assert len(commands) == 6
    assert not [command for command in commands if "fake" in command or "10.240.9.0/24" in command]


def test_containerd_asks_for_no_snapshotter_that_is_not_there():
    theirs = (
        'version = 2\n\n[proxy_plugins]\n# rootless\n[proxy_plugins."fuse-overlayfs"]\n'
        '  type = "snapshot"\n  address = "/run/x.sock"\n\n[plugins]\n  restrict_oom_score_adj = false\n'
    )
    ours = containerd_configuration(theirs)
    assert "fuse" not in ours
    assert "proxy_plugins" not in ours
    assert "restrict_oom_score_adj = true" in ours


def test_an_own_daemon_shares_nothing_with_the_machines(tmp_path):
    said = daemon_configuration(tmp_path, may_sys_resource=False)
    for key in ("pidfile", "data-root", "exec-root"):
        assert said[key].startswith(str(tmp_path))
    wrapper = Path(said["runtimes"][said["default-runtime"]]["path"])
    assert wrapper.parent == tmp_path
    assert wrapper.stat().st_mode & 0o111


def test_the_operators_lock_is_the_part_of_the_lock_that_it_needs():
    made, whole = operator_lock((ROOT / "requirements.lock").read_text()), (ROOT / "requirements.lock").read_text()
    assert (ROOT / "requirements-operator.lock").read_text() == made, (
        "python -m podlore_lab.kind.operator_lock > requirements-operator.lock"
    )
    assert entries(made).items() <= entries(whole).items()
    assert {"kopf", "lightgbm", "scikit-learn"} <= entries(made).keys()
    assert not {"pytest", "mypy", "ruff", "hatchling", "distributed"} & entries(made).keys()
    assert all("--hash=sha256:" in entry for entry in entries(made).values())


def test_the_bill_of_materials_is_the_same_twice_and_names_everything():
    lock = (ROOT / "requirements-operator.lock").read_text()
    first, second = (cyclonedx("podlore:1", lock, "libc6 2.36-9\n") for _ in range(2))
    assert first == second
    content = yaml.safe_load(first)
    assert content["bomFormat"] == "CycloneDX"
    assert len(content["components"]) == len(entries(lock)) + 1
    assert len({each["bom-ref"] for each in content["components"]}) == len(content["components"])


@pytest.mark.parametrize("line", ["USER 65532:65532", "FROM scratch", 'ENTRYPOINT ["podlore"]'])
def test_the_containerfile_ends_in_an_image_of_nothing_else_and_nobody_special(line):
    final = (ROOT / "Containerfile").read_text().rpartition("\nFROM ")
    assert line in f"FROM {final[2]}"


def test_every_step_of_the_build_has_the_hashes_it_installs_by():
    text = (ROOT / "Containerfile").read_text()
    assert "--require-hashes" in text
    assert "PIP_NO_INDEX=1" in text
