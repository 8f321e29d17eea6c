import base64
import os
import ssl

import pytest
import yaml

from podlore.errors import BadInput, Unavailable
from podlore_operator.observe.credentials import from_kubeconfig, in_cluster


def kubeconfig(folder, name="config", *, cluster=None, user=None, context=None, current="lab", **changes):
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lab", "cluster": {"server": "http://127.0.0.1:8001/", **(cluster or {})}}],
        "users": [{"name": "me", "user": user or {}}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "me", **(context or {})}}],
        "current-context": current,
        **changes,
    }
    file = folder / name
    file.write_text(yaml.safe_dump(content))
    return file


def test_the_current_context_says_where_and_who(tmp_path):
    found = from_kubeconfig(kubeconfig(tmp_path, user={"token": "t"}, context={"namespace": "vision"}))
    assert (found.server, found.token, found.namespace) == ("http://127.0.0.1:8001", "t", "vision")
    assert "context 'lab'" in found.source


def test_another_context_can_be_named(tmp_path):
    file = kubeconfig(tmp_path, current="")
    assert from_kubeconfig(file, "lab").server == "http://127.0.0.1:8001"
    with pytest.raises(BadInput, match="choose one of lab"):
        from_kubeconfig(file)
    with pytest.raises(BadInput, match=r"no context 'prod' in .*; there: lab"):
        from_kubeconfig(file, "prod")


def test_files_lie_beside_the_kubeconfig(tmp_path):
    found = from_kubeconfig(kubeconfig(tmp_path, user={"tokenFile": "token"}))
    assert found.token_file == tmp_path / "token"


def test_several_files_are_read_as_one(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = kubeconfig(tmp_path / "a", user={"tokenFile": "token"}, clusters=[], contexts=[])
    second = kubeconfig(tmp_path / "b", users=[], current="other")
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, [tmp_path / "none", first, second])))
    found = from_kubeconfig()
    assert (found.server, found.token_file) == ("http://127.0.0.1:8001", tmp_path / "a" / "token")


def test_where_there_is_no_file_the_message_names_it(tmp_path):
    with pytest.raises(Unavailable, match=f"no kubeconfig at {tmp_path}/none: start a cluster"):
        from_kubeconfig(tmp_path / "none")


@pytest.mark.parametrize("text", ["- a list", "a: [", "\0", "just words", ""])
def test_what_is_no_kubeconfig_is_refused_by_name(tmp_path, text):
    file = tmp_path / "config"
    file.write_text(text)
    with pytest.raises(BadInput, match=str(file)):
        from_kubeconfig(file)


@pytest.mark.parametrize(
    "changes",
    [
        {"clusters": None},
        {"clusters": [None, 5, {"name": "lab"}]},
        {"users": [{"name": "me", "user": []}]},
        {"contexts": [{"name": "lab", "context": {"user": "me"}}]},
        {"cluster": {"server": ""}},
        {"cluster": {"server": 5}},
    ],
    ids=str,
)
def test_a_missing_piece_is_named(tmp_path, changes):
    with pytest.raises(BadInput):
        from_kubeconfig(kubeconfig(tmp_path, **changes))


def test_credentials_by_a_program_are_refused_with_the_way_out(tmp_path):
    file = kubeconfig(tmp_path, user={"exec": {"command": "curl"}})
    with pytest.raises(BadInput, match="kubectl create token"):
        from_kubeconfig(file)


@pytest.mark.parametrize(
    "entries",
    [
        {"cluster": {"certificate-authority-data": "no base64!"}},
        {"cluster": {"certificate-authority-data": base64.b64encode(b"no certificate").decode()}},
        {"cluster": {"certificate-authority": "missing.crt"}},
        {"user": {"client-certificate-data": "AAAA", "client-key-data": "AAAA"}},
        {"user": {"client-certificate": "missing.crt", "client-key": "missing.key"}},
    ],
    ids=str,
)
def test_certificates_that_cannot_be_used_are_bad_input(tmp_path, entries):
    cluster = {"server": "https://127.0.0.1:6443", **entries.get("cluster", {})}
    with pytest.raises(BadInput, match="cannot be used"):
        from_kubeconfig(kubeconfig(tmp_path, cluster=cluster, user=entries.get("user")))


def test_verification_is_on_unless_switched_off(tmp_path):
    https = {"server": "https://127.0.0.1:6443"}
    assert from_kubeconfig(kubeconfig(tmp_path, cluster=https)).tls.verify_mode == ssl.CERT_REQUIRED
    off = {**https, "insecure-skip-tls-verify": True}
    assert from_kubeconfig(kubeconfig(tmp_path, cluster=off)).tls.verify_mode == ssl.CERT_NONE


def test_a_pods_service_account_is_read_from_its_folder(tmp_path, lab):
    (tmp_path / "token").write_text("t\n")
    (tmp_path / "namespace").write_text("podlore\n")
    authority = yaml.safe_load(lab.kubeconfig.read_text())["clusters"][0]["cluster"]["certificate-authority-data"]
    (tmp_path / "ca.crt").write_bytes(base64.b64decode(authority))
    environment = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    found = in_cluster(tmp_path, environment)
    assert (found.server, found.namespace) == ("https://[fd00::1]:443", "podlore")
    assert found.token_file == tmp_path / "token"


def test_outside_a_cluster_there_is_no_service_account(tmp_path):
    with pytest.raises(Unavailable, match="use a kubeconfig"):
        in_cluster(tmp_path, {})
