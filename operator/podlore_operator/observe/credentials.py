"""Who asks, and where: a kubeconfig or a pod's service account comes in, `Credentials` leave.

Called by `Connection` at its start, and again when the server no longer accepts what it was shown: files are read anew
each time, so rotated tokens and certificates are picked up.
"""

import base64
import os
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from podlore.errors import BadInput, Unavailable

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Credentials:
    """An API server, and how one of its users is recognised.

    ``source`` says in words where this was read, for messages. A ``token_file`` wins over a ``token`` and is read
    again whenever it changes.
    """

    server: str
    source: str
    tls: ssl.SSLContext | None = None
    server_name: str | None = None
    token: str = ""
    token_file: Path | None = None
    proxy: str | None = None
    namespace: str = "default"

    def __post_init__(self) -> None:
        if not _is_url(self.server):
            raise BadInput(f"{self.server[:200]!r}, the server of {self.source}, is no http or https URL")


def read_credentials(kubeconfig: Path | None = None, context: str | None = None) -> Credentials:
    """Return what a kubeconfig says where one is given or found, else the pod's service account.

    Raises
    ------
    Unavailable
        If there is neither, or not the one that was asked for.
    BadInput
        If the kubeconfig is wrong.
    """
    try:
        return from_kubeconfig(kubeconfig, context)
    except Unavailable as missing:
        if kubeconfig or context:
            raise
        try:
            return in_cluster()
        except Unavailable as outside:
            raise Unavailable(f"{missing} (and {outside})") from None


def in_cluster(folder: Path = SERVICE_ACCOUNT, environment: Mapping[str, str] = os.environ) -> Credentials:
    """Return the credentials of the pod that this process runs in.

    Raises
    ------
    Unavailable
        If it does not run in a pod, or the pod has no service-account token mounted.
    """
    host, port = environment.get("KUBERNETES_SERVICE_HOST", ""), environment.get("KUBERNETES_SERVICE_PORT", "443")
    token_file, authority = folder / "token", folder / "ca.crt"
    if not host or not token_file.is_file():
        raise Unavailable(f"no cluster around this process: no service-account token at {token_file}; use a kubeconfig")
    namespace = folder / "namespace"
    return Credentials(
        server=f"https://{f'[{host}]' if ':' in host else host}:{port}",
        source=f"the service account at {folder}",
        tls=_tls({"certificate-authority": str(authority)}, {}, folder),
        token_file=token_file,
        namespace=namespace.read_text().strip() if namespace.is_file() else "default",
    )


def from_kubeconfig(file: Path | None = None, context: str | None = None) -> Credentials:
    """Return the credentials of a context, the current one by default.

    Parameters
    ----------
    file
        By default the files of ``$KUBECONFIG`` (the first that names a thing wins), else ``~/.kube/config``.
    context
        A context's name.

    Raises
    ------
    BadInput
        If the file is no kubeconfig, or lacks the context or what it refers to.
    Unavailable
        If there is no such file.
    """
    entries = _Entries([file] if file else _default_files())
    name = context or entries.current
    if not name:
        raise BadInput(f"{entries.names} has no current-context: choose one of {entries.known('context')}")
    chosen, _ = entries.find("context", name)
    cluster, cluster_folder = entries.find("cluster", _text(chosen, "cluster"))
    user, user_folder = entries.find("user", _text(chosen, "user")) if chosen.get("user") else ({}, Path())
    for method in ("exec", "auth-provider"):
        if method in user:
            raise BadInput(
                f"user {chosen['user']!r} of {entries.names} signs in by {method}, which podlore does not run: "
                "use a service account's token (kubectl create token) or a client certificate"
            )
    server = _text(cluster, "server").rstrip("/")
    token_file = user.get("tokenFile")
    return Credentials(
        server=server,
        source=f"context {name!r} of {entries.names}",
        tls=_tls(_resolved(cluster, cluster_folder), _resolved(user, user_folder), cluster_folder)
        if server.startswith("https:")
        else None,
        server_name=cluster.get("tls-server-name") or None,
        token=str(user.get("token") or ""),
        token_file=user_folder / token_file if token_file else None,
        proxy=cluster.get("proxy-url") or None,
        namespace=str(chosen.get("namespace") or "default"),
    )


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        return False


class _Entries:
    """The named entries of one or several kubeconfig files."""

    def __init__(self, files: list[Path]) -> None:
        self.names = ", ".join(map(str, files))
        self._files = [(file.parent, _read(file)) for file in files if file.is_file()]
        if not self._files:
            raise Unavailable(f"no kubeconfig at {self.names}: start a cluster, or name a file that is there")

    @property
    def current(self) -> str:
        return next((str(name) for _, content in self._files if (name := content.get("current-context"))), "")

    def known(self, kind: str) -> str:
        return ", ".join(sorted({str(entry.get("name")) for entry, _ in self._all(kind)})) or "(none)"

    def find(self, kind: str, name: str) -> tuple[Json, Path]:
        for entry, folder in self._all(kind):
            if entry.get("name") == name and isinstance(entry.get(kind), dict):
                return entry[kind], folder
        raise BadInput(f"no {kind} {name!r} in {self.names}; there: {self.known(kind)}")

    def _all(self, kind: str) -> Iterator[tuple[Json, Path]]:
        for folder, content in self._files:
            for entry in content.get(f"{kind}s") or ():
                if isinstance(entry, dict):
                    yield entry, folder


def _default_files() -> list[Path]:
    listed = [Path(part) for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return listed or [Path.home() / ".kube" / "config"]


def _read(file: Path) -> Json:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"cannot read the kubeconfig {file}: {str(error).splitlines()[0]}") from None
    if not isinstance(content, dict):
        raise BadInput(f"{file} is no kubeconfig: it holds no mapping")
    return content


def _text(entry: Json, key: str) -> str:
    value = entry.get(key)
    if not value or not isinstance(value, str):
        raise BadInput(f"a kubeconfig entry lacks its {key!r}")
    return value


def _resolved(entry: Json, folder: Path) -> Json:
    """Return the entry with its file names resolved beside its kubeconfig."""
    files = ("certificate-authority", "client-certificate", "client-key")
    return {key: str(folder / value) if key in files and value else value for key, value in entry.items()}


def _tls(cluster: Json, user: Json, folder: Path) -> ssl.SSLContext:
    try:
        context = _trust(cluster)
        _identify(context, user)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise BadInput(f"the certificates of the kubeconfig in {folder} cannot be used: {error}") from None
    return context


def _trust(cluster: Json) -> ssl.SSLContext:
    if data := cluster.get("certificate-authority-data"):
        context = ssl.create_default_context(cadata=base64.b64decode(data, validate=True).decode())
    else:
        context = ssl.create_default_context(cafile=cluster.get("certificate-authority"))
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _identify(context: ssl.SSLContext, user: Json) -> None:
    if not (user.get("client-certificate-data") or user.get("client-certificate")):
        return
    with tempfile.NamedTemporaryFile() as pair:  # readable by this user only, and gone at once
        for kind in ("client-certificate", "client-key"):
            data = user.get(f"{kind}-data")
            pair.write(base64.b64decode(data, validate=True) if data else Path(user[kind]).read_bytes())
            pair.write(b"\n")
        pair.flush()
        context.load_cert_chain(pair.name)
