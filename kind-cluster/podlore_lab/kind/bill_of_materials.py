"""What is inside the operator's image, as CycloneDX JSON: made offline, from the lock file and the image's own list.

The same image gives the same text: no random serial number, no time of making but that of the source.
"""

import json
import tempfile
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from podlore_lab.kind.engine import Engine
from podlore_lab.kind.operator_image import LOCK, checkout
from podlore_lab.kind.operator_lock import entries

DEBIAN_LIST = "/usr/share/podlore/debian-packages"


def bill_of_materials(engine: Engine, image: str) -> str:
    """Return the bill of materials of an image that `podlore_lab.kind.operator_image` built."""
    with tempfile.TemporaryDirectory(prefix="podlore-sbom-") as folder:
        container = engine.run("create", image).strip()
        try:
            engine.run("cp", f"{container}:{DEBIAN_LIST}", f"{folder}/debian")
        finally:
            engine.run("rm", container)
        debian = (Path(folder) / "debian").read_text()
    return cyclonedx(image, (checkout() / LOCK).read_text(), debian)


def cyclonedx(image: str, lock: str, debian: str) -> str:
    """Return CycloneDX 1.6 JSON of what a lock file and a list of Debian packages name.

    >>> json.loads(cyclonedx("podlore:1", "a==1 --hash=sha256:" + "0" * 64, "libc6 2.36"))["components"][0]["purl"]
    'pkg:pypi/a@1'
    """
    components = [_wheel(name, entry) for name, entry in sorted(entries(lock).items())]
    components += [_debian(*line.split()) for line in debian.splitlines()]
    name, _, version = image.rpartition(":")
    content = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, lock + debian + image)}",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": name, "version": version, "bom-ref": image}},
        "components": components,
        "dependencies": [{"ref": image, "dependsOn": [each["bom-ref"] for each in components]}],
    }
    return json.dumps(content, indent=2) + "\n"


def _wheel(name: str, entry: str) -> dict[str, Any]:
    version = entry.split("==", 1)[1].split(maxsplit=1)[0]
    purl = f"pkg:pypi/{name}@{version}"
    return {"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl}


def _debian(name: str, version: str) -> dict[str, Any]:
    purl = f"pkg:deb/debian/{name}@{version}?distro=bookworm"
    return {"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl}
