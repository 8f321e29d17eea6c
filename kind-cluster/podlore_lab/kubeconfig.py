"""Kubeconfig files: who one is and where the API server of a lab is."""

import base64
from pathlib import Path
from typing import Any

import yaml

from podlore_lab.certificates import KeyPair


def with_certificate(file: Path, *, cluster: str, server: str, authority: Path, pair: KeyPair) -> Path:
    """Write a kubeconfig for a user that a client certificate names."""
    user = {"client-certificate-data": _encoded(pair.certificate), "client-key-data": _encoded(pair.key)}
    return _write(file, cluster, _cluster(server, authority), user)


def with_token(
    file: Path, *, cluster: str, server: str, authority: Path, token: str, namespace: str = "default"
) -> Path:
    """Write a kubeconfig for a service account that a token names."""
    return _write(file, cluster, _cluster(server, authority), {"token": token}, namespace)


def _cluster(server: str, authority: Path) -> dict[str, str]:
    return {"server": server, "certificate-authority-data": _encoded(authority)}


def _write(file: Path, cluster: str, where: dict[str, str], user: dict[str, str], namespace: str = "default") -> Path:
    content: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": cluster, "cluster": where}],
        "users": [{"name": file.stem, "user": user}],
        "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": file.stem, "namespace": namespace}}],
        "current-context": cluster,
    }
    file.touch(mode=0o600)
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    return file


def _encoded(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
