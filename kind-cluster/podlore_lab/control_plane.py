"""The four servers of a control plane on loopback, as the commands that start them.

`podlore_lab.cluster` writes the certificates and kubeconfigs first, then starts these in the order given here.
"""

from pathlib import Path

from podlore_lab.audit import POLICY
from podlore_lab.certificates import Authority, KeyPair
from podlore_lab.folder import LabFolder
from podlore_lab.kubeconfig import with_certificate
from podlore_lab.ports import LOOPBACK, Ports
from podlore_lab.processes import Command

SERVICE_RANGE = "10.96.0.0/16"
SERVICE_ADDRESS = "10.96.0.1"  # the first of the range is the API server's own Service
SERVICE_NAMES = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"]
FRONT_PROXY = "front-proxy-client"
ISSUER = "https://kubernetes.default.svc.cluster.local"

# A trace replayed hundreds of times faster needs controllers that are not throttled to real life's pace.
REQUESTS_PER_SECOND, REQUESTS_BURST = 1000, 2000

SCHEDULER_CONFIGURATION = """\
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
clientConnection: {{kubeconfig: {kubeconfig}, qps: {qps}, burst: {burst}}}
leaderElection: {{leaderElect: false}}
# Back-off runs in real time, whatever the trace's speed: as short as it can be.
podInitialBackoffSeconds: 1
podMaxBackoffSeconds: 1
"""


class ControlPlane:
    """Certificates, kubeconfigs and commands of one control plane, whose files lie in the lab's folder."""

    def __init__(self, name: str, folder: LabFolder, ports: Ports, programs: Path) -> None:
        self.folder = folder
        self.ports = ports
        self.programs = programs
        self.url = f"https://{LOOPBACK}:{ports.api_server}"
        self._cluster = f"podlore-{name}"
        authority = Authority(folder.certificates)
        self.authority = authority.pair
        # The API server shows this one to extension servers; an authority of its own, so that it opens nothing else.
        front = Authority(folder.certificates / "front-proxy", "podlore-lab-front-proxy")
        self.front_authority, self.front = front.pair, front.client("client", FRONT_PROXY)
        self.serving = authority.server("serving", names=SERVICE_NAMES, addresses=[SERVICE_ADDRESS])
        self.tokens = authority.signing_key("service-accounts")
        self.admin = authority.client("admin", "podlore-lab-admin", groups=["system:masters"])
        self._kubeconfig(folder.kubeconfig, self.admin)
        self._controller_manager = self._client(authority, "controller-manager", "system:kube-controller-manager")
        self._scheduler = self._client(authority, "scheduler", "system:kube-scheduler")
        self.kwok_kubeconfig = self._client(authority, "kwok", "podlore-lab-kwok")

    def _client(self, authority: Authority, file: str, user: str) -> Path:
        pair = authority.client(file, user)
        return self._kubeconfig(self.folder.path / f"{file}.kubeconfig", pair)

    def _kubeconfig(self, file: Path, pair: KeyPair) -> Path:
        trusted = self.authority.certificate
        return with_certificate(file, cluster=self._cluster, server=self.url, authority=trusted, pair=pair)

    def etcd(self) -> Command:
        """Return the command of the store: nothing is flushed to disk, since nothing must outlive the lab."""
        client, peer = (f"https://{LOOPBACK}:{port}" for port in (self.ports.etcd, self.ports.etcd_peer))
        pair, trusted = self.serving, self.authority.certificate
        argv = [
            f"{self.programs / 'etcd'}",
            "--name=lab",
            f"--data-dir={self.folder.path / 'etcd'}",
            "--unsafe-no-fsync",
            "--log-level=warn",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=lab={peer}",
        ]
        for prefix in ("", "peer-"):
            argv += [
                f"--{prefix}cert-file={pair.certificate}",
                f"--{prefix}key-file={pair.key}",
                f"--{prefix}trusted-ca-file={trusted}",
                f"--{prefix}client-cert-auth",
            ]
        return Command("etcd", argv)

    def api_server(self) -> Command:
        """Return the command of the API server: RBAC, node authorization, tokens, audit log."""
        policy = self.folder.path / "audit-policy.yaml"
        policy.write_text(POLICY)
        trusted = self.authority.certificate
        argv = [
            f"{self.programs / 'kube-apiserver'}",
            f"--etcd-servers=https://{LOOPBACK}:{self.ports.etcd}",
            f"--etcd-cafile={trusted}",
            f"--etcd-certfile={self.serving.certificate}",
            f"--etcd-keyfile={self.serving.key}",
            f"--bind-address={LOOPBACK}",
            f"--advertise-address={LOOPBACK}",
            "--endpoint-reconciler-type=none",  # a loopback address is no valid endpoint
            f"--secure-port={self.ports.api_server}",
            f"--tls-cert-file={self.serving.certificate}",
            f"--tls-private-key-file={self.serving.key}",
            f"--client-ca-file={trusted}",
            f"--requestheader-client-ca-file={self.front_authority.certificate}",
            f"--requestheader-allowed-names={FRONT_PROXY}",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            f"--proxy-client-cert-file={self.front.certificate}",
            f"--proxy-client-key-file={self.front.key}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            f"--service-account-issuer={ISSUER}",
            f"--service-account-key-file={self.tokens.certificate}",
            f"--service-account-signing-key-file={self.tokens.key}",
            f"--service-cluster-ip-range={SERVICE_RANGE}",
            f"--audit-log-path={self.folder.audit_log}",
            f"--audit-policy-file={policy}",
        ]
        return Command("kube-apiserver", argv)

    def controller_manager(self) -> Command:
        """Return the command of the controller manager, each controller with its own service account."""
        argv = [
            f"{self.programs / 'kube-controller-manager'}",
            *self._as(self._controller_manager, self.ports.controller_manager),
            f"--kubeconfig={self._controller_manager}",
            "--use-service-account-credentials",
            f"--service-account-private-key-file={self.tokens.key}",
            f"--root-ca-file={self.authority.certificate}",
            f"--cluster-signing-cert-file={self.authority.certificate}",
            f"--cluster-signing-key-file={self.authority.key}",
            "--leader-elect=false",
            f"--kube-api-qps={REQUESTS_PER_SECOND}",
            f"--kube-api-burst={REQUESTS_BURST}",
            "--concurrent-job-syncs=10",
            "--node-monitor-grace-period=3m",  # a machine so busy that KWOK is late must not lose its nodes
        ]
        return Command("kube-controller-manager", argv)

    def scheduler(self) -> Command:
        """Return the command of the scheduler."""
        configuration = self.folder.path / "scheduler.yaml"
        configuration.write_text(
            SCHEDULER_CONFIGURATION.format(kubeconfig=self._scheduler, qps=REQUESTS_PER_SECOND, burst=REQUESTS_BURST)
        )
        argv = [f"{self.programs / 'kube-scheduler'}", *self._as(self._scheduler, self.ports.scheduler)]
        return Command("kube-scheduler", [*argv, f"--config={configuration}"])

    def _as(self, kubeconfig: Path, port: int) -> list[str]:
        return [
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
            f"--bind-address={LOOPBACK}",
            f"--secure-port={port}",
            f"--tls-cert-file={self.serving.certificate}",
            f"--tls-private-key-file={self.serving.key}",
        ]
