"""The root file system of a node: Debian by debootstrap, kind's own base files, our programs; what `node_image` packs.

kind's files come from its Go module, which is in Go's cache once kind is built; the order follows its Dockerfile.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from podlore.errors import Unavailable
from podlore_lab.kind.debian import debootstrap
from podlore_lab.kind.programs import KindPrograms, kubernetes_version, node_recipe
from podlore_lab.shipped import shipped_folder

SUITE = "trixie"
PACKAGES = (
    *("bash", "ca-certificates", "conntrack", "containerd", "containernetworking-plugins", "curl", "dbus", "e2fsprogs"),
    *("ethtool", "iproute2", "iptables", "jq", "kmod", "libseccomp2", "mount", "netbase", "nftables", "pigz", "procps"),
    *("runc", "socat", "systemd", "systemd-sysv", "util-linux"),
)
CNI = '\n[plugins."io.containerd.grpc.v1.cri".cni]\n  conf_template = "/etc/cni/bridge.conflist.tmpl"\n'
UNWANTED = (
    "etc/systemd/system/containerd-fuse-overlayfs.service",
    "usr/lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service",
    "usr/lib/systemd/system/multi-user.target.wants/*",
    "usr/lib/systemd/system/local-fs.target.wants/*",
    "usr/lib/systemd/system/basic.target.wants/*",
    "usr/lib/systemd/system/sockets.target.wants/*udev*",
    "usr/lib/systemd/system/sockets.target.wants/*initctl*",
    "etc/systemd/system/*.wants/*",
    "var/cache/apt/archives/*.deb",
    "var/lib/apt/lists/*",
    "usr/share/doc/*",
    "usr/share/man/*",
    "usr/share/locale/*",
)


def make_node_root(root: Path, programs: KindPrograms) -> None:
    """Make the root file system of a node in ``root``, which must not exist.

    Raises
    ------
    Unavailable
        If debootstrap or a command in the new root fails.
    """
    debootstrap(SUITE, PACKAGES, root)
    for pattern in UNWANTED:
        _remove(root, pattern)
    _copy_kind_files(root)
    configuration = root / "etc/containerd/config.toml"
    configuration.write_text(containerd_configuration(configuration.read_text()))
    ours = shipped_folder("node") / "files"
    _install(ours / "bridge.conflist.tmpl", root / "etc/cni/bridge.conflist.tmpl")
    _install(ours / "default-storage.yaml", root / "kind/manifests/default-storage.yaml")
    for name in ("containerd", "ctr", "containerd-shim-runc-v2"):
        (root / "usr/local/bin" / name).symlink_to(f"/usr/bin/{name}")
    for folder in ("etc/cni/net.d", "etc/kubernetes/manifests", "opt/cni", "etc/systemd/journald.conf.d"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "opt/cni/bin").symlink_to("/usr/lib/cni")
    (root / "etc/systemd/journald.conf.d/kind.conf").write_text("[Journal]\nReadKMsg=no\n")
    (root / "kind/version").write_text(kubernetes_version())
    for program in (programs.node / "kubelet", programs.node / "kubeadm", programs.plane / "kubectl"):
        _install(program, root / "usr/bin" / program.name, mode=0o755)
    _chroot(root, "systemctl", "enable", "--quiet", "kubelet.service", "containerd.service", "undo-mount-hacks.service")
    _chroot(root, "systemctl", "mask", "--quiet", "systemd-binfmt.service")
    spec = runtime_spec(json.loads(_chroot(root, "ctr", "oci", "spec")))
    (root / "etc/containerd/cri-base.json").write_text(json.dumps(spec))


def containerd_configuration(text: str) -> str:
    """Return kind's configuration of containerd for a machine like ours.

    No snapshotter of rootless kind; a bridge by containerd's own template instead of kind's network daemon; and no wish
    for scores below our own, which the kernel refuses without CAP_SYS_RESOURCE.

    >>> "conf_template" in containerd_configuration("restrict_oom_score_adj = false")
    True
    """
    text = re.sub(r"^\[proxy_plugins\]\n.*?address = [^\n]*\n", "", text, flags=re.MULTILINE | re.DOTALL)
    return text.replace("restrict_oom_score_adj = false", "restrict_oom_score_adj = true") + CNI


def sandbox_image(root: Path) -> str:
    """Return the name of the pause image that containerd asks for."""
    found = re.search(r'sandbox_image = "([^"]+)"', (root / "etc/containerd/config.toml").read_text())
    if found is None:
        raise Unavailable(f"{root}/etc/containerd/config.toml names no sandbox_image")
    return found[1]


def runtime_spec(spec: dict[str, object]) -> dict[str, object]:
    """Return containerd's own OCI spec with kind's hook, and without limits of processes.

    >>> runtime_spec({"process": {"rlimits": [1], "cwd": "/"}})["process"]
    {'cwd': '/'}
    """
    process = spec.get("process")
    kept = {key: value for key, value in process.items() if key != "rlimits"} if isinstance(process, dict) else {}
    return {**spec, "process": kept, "hooks": {"createContainer": [{"path": "/kind/bin/mount-product-files.sh"}]}}


def kind_files() -> Path:
    """Return kind's base files, as they lie in its Go module."""
    plan = node_recipe()
    asked = subprocess.run(  # noqa: S603 -- the go command
        [plan.toolchain.command, "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kind"],
        cwd=plan.module,
        env=plan.toolchain.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    files = Path(asked.stdout.strip()) / "images" / "base" / "files"
    if asked.returncode or not files.is_dir():
        raise Unavailable(
            f"kind's module is not in Go's cache ({asked.stderr.strip()}); run: podlore lab node-image --force"
        )
    return files


def _copy_kind_files(root: Path) -> None:
    files = kind_files()
    for file in sorted(path for path in files.rglob("*") if path.is_file()):
        inside = file.relative_to(files)
        if inside.parts[0] != "LICENSES" and "fuse-overlayfs" not in file.name:
            _install(file, root / inside, mode=0o755 if "bin" in inside.parts else 0o644)


def _install(file: Path, place: Path, *, mode: int = 0o644) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, place)
    place.chmod(mode)


def _remove(root: Path, pattern: str) -> None:
    for path in list(root.glob(pattern)):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _chroot(root: Path, *command: str) -> str:
    done = subprocess.run(["chroot", str(root), *command], capture_output=True, text=True, check=False)  # noqa: S603, S607
    if done.returncode:
        raise Unavailable(f"{' '.join(command)} failed in {root}: {done.stderr.strip()}")
    return done.stdout


def libraries(root: Path, program: str) -> Iterable[str]:
    """Return the shared libraries of a program inside the root, as paths inside of it."""
    return sorted(set(re.findall(r"(/[^ ]+\.so[^ ]*)", _chroot(root, "ldd", program))))
