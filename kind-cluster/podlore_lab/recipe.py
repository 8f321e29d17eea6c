"""What is built, from which sources, with which flags; and the name of the cache folder that follows from it."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from podlore.errors import Unavailable
from podlore_lab.go_toolchain import GoToolchain, go_toolchain
from podlore_lab.shipped import shipped_folder

TAGS = "remove_all_sd"  # Prometheus finds its targets in files; the clouds' clients stay out
KUBERNETES = re.compile(r"^\s*k8s\.io/kubernetes (?P<version>v(?P<major>\d+)\.(?P<minor>\d+)\.\d+)$", re.MULTILINE)
HELM = re.compile(r"^\s*helm\.sh/helm/v4 (?P<version>v[\d.]+)$", re.MULTILINE)

PACKAGES = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kwok": "sigs.k8s.io/kwok/cmd/kwok",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
    "helm": "helm.sh/helm/v4/cmd/helm",
    "prometheus": "github.com/prometheus/prometheus/cmd/prometheus",
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """A Go module, the packages that become programs (by the program's name), and how."""

    module: Path
    packages: dict[str, str]
    toolchain: GoToolchain
    flags: tuple[str, ...]

    @property
    def digest(self) -> str:
        """A name that changes with everything that changes the programs."""
        digest = hashlib.sha256()
        for file in ("go.mod", "go.sum"):
            digest.update((self.module / file).read_bytes())
        digest.update("\0".join((*self.flags, *self.packages.values(), self.toolchain.version)).encode())
        return digest.hexdigest()[:16]


def recipe() -> Recipe:
    """Return the recipe of the control plane's programs.

    >>> "-tags=remove_all_sd" in recipe().flags
    True
    """
    module = shipped_folder("controlplane")
    return Recipe(module, PACKAGES, go_toolchain(module), ("-trimpath", f"-tags={TAGS}", _link_flags(module)))


def _link_flags(module: Path) -> str:
    text = (module / "go.mod").read_text()
    kubernetes, helm = KUBERNETES.search(text), HELM.search(text)
    if kubernetes is None or helm is None:
        raise Unavailable(f"{module / 'go.mod'} requires no k8s.io/kubernetes or no helm.sh/helm/v4")
    stamps = {
        "k8s.io/component-base/version.gitVersion": kubernetes["version"],  # else the server says v0.0.0
        "k8s.io/component-base/version.gitMajor": kubernetes["major"],
        "k8s.io/component-base/version.gitMinor": kubernetes["minor"],
        "helm.sh/helm/v4/internal/version.version": helm["version"],
    }
    return " ".join(["-ldflags=-s -w", *(f"-X {name}={value}" for name, value in stamps.items())])
