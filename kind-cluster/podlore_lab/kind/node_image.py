"""The image of a kind node, built from source where no registry has it; made once, kept by the engine.

The control plane's own images hold one static program each, under the names that kubeadm asks for. They are put into
the node image as kind's own build does it: imported into the node's containerd, without unpacking, and committed.
"""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from podlore.errors import Unavailable
from podlore_lab.kind.engine import Engine
from podlore_lab.kind.node_root import libraries, make_node_root, sandbox_image
from podlore_lab.kind.programs import KindPrograms, kubernetes_version
from podlore_lab.shipped import shipped_folder
from podlore_lab.stamp import is_intact
from podlore_lab.waiting import wait_for

REPOSITORY = "podlore.local/kind-node"
REGISTRY = "registry.k8s.io"
PATH = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BUILDER = "podlore-node-image"
START_SECONDS = 60.0
PINNED = "io.cri-containerd.pinned=pinned"  # a kubelet short of disk must not throw them away
NFT, PROTOCOLS = "/usr/sbin/nft", "/etc/protocols"
"""What kube-proxy runs, and where that reads protocols' names: by number, kube-proxy takes its own entries for stale
ones and deletes the way to every service."""
CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")


def node_image_name(programs: KindPrograms) -> str:
    """Return the name of the node image; it changes with everything that changes the image."""
    digest = hashlib.sha256(f"{programs.node.name} {programs.dns.name}".encode())
    for file in sorted((shipped_folder("node") / "files").iterdir()):
        digest.update(file.read_bytes())
    for module in ("debian.py", "node_image.py", "node_root.py"):
        digest.update((Path(__file__).parent / module).read_bytes())
    return f"{REPOSITORY}:{kubernetes_version()}-{digest.hexdigest()[:12]}"


def build_node_image(engine: Engine, programs: KindPrograms, *, say: Callable[[str], None]) -> str:
    """Build the node image, and return its name; a build that is cut off leaves nothing under that name.

    Raises
    ------
    Unavailable
        If a step fails; half-made images and containers are removed.
    """
    name = node_image_name(programs)
    with tempfile.TemporaryDirectory(prefix="podlore-node-") as folder:
        root, images = Path(folder) / "root", Path(folder) / "images"
        say("the node's root file system")
        make_node_root(root, programs)
        try:
            say("the control plane's images")
            tags = _import_images(engine, images, root, programs)
            archive = Path(folder) / "images.tar"
            engine.run("save", "--output", str(archive), *tags)
            say("the node's image")
            engine.import_folder(root, f"{BUILDER}:root")
            _preload(engine, archive, tags)
            recipe = shipped_folder("node")
            engine.run(
                "build", "--quiet", "--build-arg", f"BASE={BUILDER}:loaded", "-f", str(recipe / "Dockerfile"),
                "--tag", name, str(recipe / "files"),
            )  # fmt: skip
        finally:
            for leftover in (
                ("rm", "--force", BUILDER),
                ("image", "rm", "--force", f"{BUILDER}:loaded", f"{BUILDER}:root"),
            ):
                with suppress(Unavailable):
                    engine.run(*leftover)
    return name


def kubeadm_images(node: Path) -> dict[str, str]:
    """Return the images that kubeadm asks for by their short names, such as ``coredns``."""
    command = [str(node / "kubeadm"), "config", "images", "list", "--kubernetes-version", kubernetes_version()]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- a program we built
    if asked.returncode:
        raise Unavailable(f"kubeadm config images list failed: {asked.stderr.strip()}")
    return short_names(asked.stdout.split())


def short_names(images: list[str]) -> dict[str, str]:
    """Return images by the last part of their repository.

    >>> short_names(["registry.k8s.io/coredns/coredns:v1.14.6", "registry.k8s.io/etcd:3.7.0-0"])
    {'coredns': 'registry.k8s.io/coredns/coredns:v1.14.6', 'etcd': 'registry.k8s.io/etcd:3.7.0-0'}
    """
    return {image.rpartition(":")[0].rpartition("/")[2]: image for image in images}


def _import_images(engine: Engine, images: Path, root: Path, programs: KindPrograms) -> list[str]:
    tags = kubeadm_images(programs.node)
    for name in (*CONTROL_PLANE, "etcd"):
        _one_program(images / name, programs.plane / name, "usr/local/bin")
    _one_program(images / "kube-proxy", programs.node / "kube-proxy", "usr/local/bin")
    for file in (NFT, *libraries(root, NFT), PROTOCOLS):
        place = images / "kube-proxy" / file.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / file.lstrip("/"), place)
    _one_program(images / "coredns", programs.dns / "coredns", ".")
    _one_program(images / "pause", programs.node / "pause", ".")
    tags["pause"] = sandbox_image(root)
    for name in sorted(path.name for path in images.iterdir()):
        entry = (f'ENTRYPOINT ["/{name}"]',) if name in ("coredns", "pause") else ()
        engine.import_folder(images / name, tags[name], changes=(PATH, *entry))
    return [tags[path.name] for path in sorted(images.iterdir())]


def _one_program(folder: Path, program: Path, inside: str) -> None:
    if not is_intact(program):
        raise Unavailable(f"{program} is broken or not there; build it again: podlore lab node-image --force")
    place = folder / inside
    place.mkdir(parents=True, exist_ok=True)
    (folder / "tmp").mkdir(mode=0o1777)
    shutil.copy(program, place / program.name)


def _preload(engine: Engine, archive: Path, tags: Iterable[str]) -> None:
    """Commit an image of the root whose containerd knows the control plane's images."""
    with suppress(Unavailable):
        engine.run("rm", "--force", BUILDER)
    engine.run(
        "run", "--detach", "--name", BUILDER, "--network", "none", "--security-opt", "seccomp=unconfined",
        "--entrypoint", "sleep", f"{BUILDER}:root", "infinity",
    )  # fmt: skip
    engine.run("exec", "--detach", BUILDER, "containerd")

    def answers() -> bool:
        try:
            engine.run("exec", BUILDER, "ctr", "version")
        except Unavailable:
            return False
        return True

    wait_for(answers, "the node's containerd to answer", timeout_seconds=START_SECONDS)
    ctr = ("exec", "--interactive", BUILDER, "ctr", "--namespace=k8s.io", "images")
    with archive.open("rb") as content:
        engine.run(*ctr, "import", "--all-platforms", "--no-unpack", "--digests", "-", stdin=content)
    for tag in tags:
        engine.run(*ctr, "label", tag, PINNED)
    engine.run("exec", BUILDER, "sh", "-c", "kill $(pgrep -x containerd); while pgrep -x containerd; do :; done")
    engine.run("exec", BUILDER, "rm", "-rf", "/run/containerd")
    engine.run("commit", BUILDER, f"{BUILDER}:loaded")
