"""What the tests of the chart share: rendering with the real helm, and a lab of their own that they may fill and empty.

The shared lab would do for most, but kinds and cluster roles exist once in a cluster, and these tests take them away.
"""

import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from podlore_lab.cluster import Lab
from podlore_lab.programs import programs

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
CHART = Path(__file__).parents[2] / "charts" / "podlore"
Manifests = list[dict[str, Any]]
Render = Callable[..., Manifests]


@pytest.fixture(scope="session")
def chart() -> Path:
    """The chart's folder."""
    return CHART


@pytest.fixture(scope="session")
def helm() -> Callable[..., str]:
    """The real helm; returns what it prints, an error is an AssertionError with helm's own words."""
    program = programs() / "helm"

    def run(*arguments: str) -> str:
        done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr or done.stdout
        return done.stdout

    return run


@pytest.fixture(scope="session")
def render(helm: Callable[..., str]) -> Render:
    """Render the chart as release ``podlore`` in namespace ``podlore`` with these ``--set`` values or values files."""

    @cache
    def text(sets: tuple[str, ...], files: tuple[Path, ...], release: str) -> str:
        options = [f"--set={one}" for one in sets] + [f"--values={file}" for file in files]
        return helm("template", release, str(CHART), "--namespace=podlore", *options)

    def manifests(*sets: str, files: tuple[Path, ...] = (), release: str = "podlore") -> Manifests:
        return [document for document in yaml.load_all(text(sets, files, release), Loader=LOADER) if document]

    return manifests


@pytest.fixture(scope="session")
def chart_lab() -> Iterator[Lab]:
    """A lab for the tests of the chart alone."""
    with Lab() as running:
        yield running


@pytest.fixture
def empty_lab() -> Iterator[Lab]:
    """A lab of this test's own: kinds take their time to go, so none is handed on."""
    with Lab() as running:
        yield running
