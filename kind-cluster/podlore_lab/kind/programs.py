"""The Go programs of the lab on kind: what the control plane's `podlore_lab.programs` lacks, at the same versions.

Both modules require one Kubernetes version and are built with the same flags, so most packages are compiled already.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from podlore_lab.build import Watcher, build, built
from podlore_lab.programs import named_programs, programs
from podlore_lab.recipe import KUBERNETES, Recipe, recipe
from podlore_lab.shipped import shipped_folder

NODE_PACKAGES = {
    "kind": "sigs.k8s.io/kind",
    "kubeadm": "k8s.io/kubernetes/cmd/kubeadm",
    "kubelet": "k8s.io/kubernetes/cmd/kubelet",
    "kube-proxy": "k8s.io/kubernetes/cmd/kube-proxy",
    "pause": "podlore.io/kind-cluster/node/pause",
}
DNS_PACKAGES = {"coredns": "podlore.io/kind-cluster/dns"}


def node_recipe() -> Recipe:
    """Return the recipe of kind itself and of what runs on a node.

    >>> sorted(node_recipe().packages)
    ['kind', 'kube-proxy', 'kubeadm', 'kubelet', 'pause']
    """
    return replace(recipe(), module=shipped_folder("node"), packages=NODE_PACKAGES)


def dns_recipe() -> Recipe:
    """Return the recipe of CoreDNS, which has a module of its own: it asks for other versions of what all use."""
    return replace(recipe(), module=shipped_folder("dns"), packages=DNS_PACKAGES, flags=("-trimpath", "-ldflags=-s -w"))


def kubernetes_version(module: Path | None = None) -> str:
    """Return the one version of Kubernetes that both ways of the lab run.

    >>> kubernetes_version() == kubernetes_version(shipped_folder("node"))
    True
    """
    found = KUBERNETES.search(((module or shipped_folder("controlplane")) / "go.mod").read_text())
    if found is None:
        raise AssertionError(module)
    return found["version"]


@dataclass(frozen=True, slots=True)
class KindPrograms:
    """Folders of programs: those of the lab without kind, those of a node and kind itself, and CoreDNS."""

    plane: Path
    node: Path
    dns: Path

    @property
    def kind(self) -> Path:
        """Kind's own command."""
        return self.node / "kind"


def kind_programs(watcher: Watcher | None = None) -> KindPrograms:
    """Return where everything is, built first where it is missing.

    Raises
    ------
    Unavailable
        If it cannot be built.
    """
    return built_kind_programs() or KindPrograms(
        programs(), build(node_recipe(), watcher=watcher), build(dns_recipe(), watcher=watcher)
    )


def built_kind_programs() -> KindPrograms | None:
    """Return where everything is if all of it is built, else None."""
    plane, node, dns = named_programs() or built(recipe()), built(node_recipe()), built(dns_recipe())
    return KindPrograms(plane, node, dns) if plane and node and dns else None
