"""What the tests of the API share: podlore's kinds in the lab's API server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from podlore_lab.cluster import Lab

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def kinds_installed(lab: Lab) -> Iterator[Lab]:
    """The lab with podlore's kinds; taken away again if nobody had them installed before."""
    found = json.loads(lab.kubectl("get", "crds", "-o", "json"))["items"]
    were_there = any(crd["spec"]["group"] == "podlore.io" for crd in found)
    if not were_there:
        lab.kubectl("apply", "--server-side", "-f", str(ROOT / "crds"))
        lab.kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", str(ROOT / "crds"))
    yield lab
    if not were_there:
        lab.kubectl("delete", "--wait=true", "-f", str(ROOT / "crds"))
