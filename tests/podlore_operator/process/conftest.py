"""The operator as a real process, under the chart's account and rights, on a control plane of these tests' own."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from podlore_lab.api import Refused
from podlore_lab.audit import AuditEvent
from podlore_lab.cluster import Lab
from podlore_lab.nodes import create_nodes, generate_nodes
from podlore_lab.ports import LOOPBACK, free_ports
from podlore_lab.waiting import wait_for

CHART = Path(__file__).parents[3] / "charts" / "podlore"
NAMESPACE = "podlore"
ACCOUNT = f"system:serviceaccount:{NAMESPACE}:podlore"
PODLORE = Path(sys.executable).with_name("podlore")
SCALE = 240.0
"""Fifteen minutes of trace time pass in under four seconds."""

PATIENCE_SECONDS = 150.0
"""A machine that is busy with other things takes a minute to start a process."""

BOTH = {"pull", "crash"}
"""The two workloads that fail for ever."""

ADVICE_API = "/apis/podlore.io/v1alpha1"


@pytest.hookimpl(tryfirst=True)  # before pytest reads `-m`
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a module share a lab: one worker for each of them."""
    for item in items:
        if "installed" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.lab)
            item.add_marker(pytest.mark.timeout(600))
            item.add_marker(pytest.mark.xdist_group(f"operator process: {item.path.stem}"))


@dataclass
class OperatorProcess:
    """A running operator; its log is shown when something goes wrong."""

    popen: "subprocess.Popen[bytes]"
    log_file: Path
    url: str

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def get(self, path: str) -> tuple[int, str]:
        """Ask it; (0, "") if nobody answers."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def wait(self, condition: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
        """Wait for a condition while it runs."""

        def holds() -> object:
            assert self.popen.poll() is None, f"the operator has ended: {self.log[-3000:]}"
            return condition()

        try:
            return wait_for(holds, what, timeout_seconds=seconds)
        except Exception as error:
            raise AssertionError(f"{error}\n{self.log[-3000:]}") from None

    def metric(self, name: str) -> float:
        """Return the sum of a metric over its labels."""
        lines = [line for line in self.get("/metrics")[1].splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    def wait_rounds(self, count: int = 3) -> None:
        """Wait until so many more rounds are over."""
        before = self.metric("podlore_rounds_total")
        self.wait(lambda: self.metric("podlore_rounds_total") >= before + count, f"{count} rounds")

    def advice(self) -> list[dict[str, Any]]:
        """Return what it serves as its advice."""
        items: list[dict[str, Any]] = json.loads(self.get("/advice")[1])["items"]
        return items

    def stop(self) -> int:
        """End it as Kubernetes does, and return its exit status."""
        self.popen.terminate()
        return self.popen.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        """End it without a word."""
        self.popen.kill()
        self.popen.wait(10)


def targets(advice: Iterable[dict[str, Any]]) -> set[str]:
    """Return the names of the workloads that something is said about."""
    return {item["spec"]["target"]["name"] for item in advice if item.get("status")}


@dataclass
class Cluster:
    """The lab with the chart installed, and the operators that run on it."""

    lab: Lab
    folder: Path
    anchor: float
    running: list[OperatorProcess] = field(default_factory=list)
    started: int = 0
    scale: float = SCALE

    def operator(self, *options: str, command: tuple[str, ...] = (), **environment: str) -> OperatorProcess:
        """Start an operator under the chart's account, and wait until it is ready."""
        started = self.start(*options, command=command, **environment)
        started.wait(lambda: started.get("/readyz")[0] == 200, "the operator to be ready")
        return started

    def start(self, *options: str, command: tuple[str, ...] = (), **environment: str) -> OperatorProcess:
        """Start an operator."""
        self.started += 1
        log = self.folder / f"operator-{self.started}.log"
        listen = f"{LOOPBACK}:{free_ports(1)[0]}"
        argv = command or (str(PODLORE), "operator", "run")
        given = {
            "PODLORE_KUBECONFIG": str(self.kubeconfig),
            "PODLORE_NAMESPACE": NAMESPACE,
            "PODLORE_LISTEN": listen,
            "PODLORE_CLOCK_SCALE": repr(SCALE),
            "PODLORE_CLOCK_ANCHOR": repr(self.anchor),
        }
        with log.open("wb") as output:
            popen = subprocess.Popen(
                [*argv, *options],
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder), **given, **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.running.append(OperatorProcess(popen, log, f"http://{listen}"))
        return self.running[-1]

    @property
    def kubeconfig(self) -> Path:
        return self.lab.service_account_kubeconfig(NAMESPACE, "podlore")

    def advice(self) -> dict[str, dict[str, Any]]:
        """Return all advice that the API server holds, by name."""
        items: list[dict[str, Any]] = []
        for plural in ("schedulingadvices", "clusterschedulingadvices"):
            items += self.lab.api.get(f"{ADVICE_API}/{plural}")["items"]
        return {item["metadata"]["name"]: item for item in items}

    def asked(self, since: int = 0) -> list[AuditEvent]:
        """Return what the operators asked for, from a position in the audit log on."""
        return list(self.lab.audit_events(user=ACCOUNT))[since:]

    def mutations(self, since: int = 0) -> list[AuditEvent]:
        """Return the operators' persisted mutations, Leases left aside: they are renewed all the time."""
        return [event for event in self.asked(since) if event.is_persisted_mutation and event.resource != "leases"]

    def apply(self, *objects: dict[str, Any]) -> None:
        """Apply objects as an admin."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.lab.kubectl("apply", "-f", "-", stdin=json.dumps(listed))

    def patch(self, name: str, namespace: str, **spec: Any) -> None:
        """Edit the spec of an advice as a person does."""
        self.lab.api.patch(f"{ADVICE_API}/namespaces/{namespace}/schedulingadvices/{name}", {"spec": spec})

    def wait_for_both(self, operator: OperatorProcess) -> dict[str, str]:
        """Wait for advice about both workloads, and return its names by workload."""
        operator.wait(lambda: targets(self.advice().values()) >= BOTH, "advice about both workloads")
        return {item["spec"]["target"]["name"]: name for name, item in self.advice().items()}

    def knows_both(self, advice: Iterable[dict[str, Any]]) -> bool:
        """Say whether something is said about both workloads."""
        return targets(advice) >= BOTH

    def targets(self) -> set[str]:
        """Return the names of the workloads that the API server holds advice about."""
        return targets(self.advice().values())

    def state(self, name: str) -> str:
        """Return the state of an advice, empty while it has none."""
        return str(self.advice()[name].get("status", {}).get("state", ""))

    def as_people_see(self) -> dict[str, tuple[object, ...]]:
        """Return what must survive a restart: identities, beginnings, and what people said."""
        seen = ("pattern", "cause", "state", "firstSeen", "count")
        return {
            name: (item["metadata"]["uid"], item["spec"], *(item["status"][key] for key in seen))
            for name, item in self.advice().items()
        }

    def leader(self) -> str:
        """Return who holds the Lease, empty if nobody does."""
        try:
            lease = self.lab.api.get(f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/podlore")
        except Refused:
            return ""
        return lease["spec"].get("holderIdentity") or ""

    def clear(self) -> None:
        """Take away the policy, and all that operators left."""
        for path in self._left_behind():
            self.lab.api.delete(path)
        wait_for(lambda: not list(self._left_behind()), "what operators left to go")

    def _left_behind(self) -> Iterator[str]:
        for plural in ("schedulingadvices", "clusterschedulingadvices", "advisorpolicies"):
            for item in self.lab.api.get(f"{ADVICE_API}/{plural}")["items"]:
                namespace = item["metadata"].get("namespace")
                where = f"namespaces/{namespace}/{plural}" if namespace else plural
                yield f"{ADVICE_API}/{where}/{item['metadata']['name']}"
        leases = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"
        configmaps = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
        for path, name in ((leases, "podlore"), (configmaps, "podlore-state")):
            if any(item["metadata"]["name"] == name for item in self.lab.api.get(path)["items"]):
                yield f"{path}/{name}"

    def snapshot(self, folder: Path, *options: str) -> None:
        """Take a snapshot by what any reader of the cluster can see."""
        run_podlore(
            *("snapshot", folder, "--kubeconfig", self.kubeconfig, "--namespace", NAMESPACE),
            *("--clock-scale", SCALE, "--clock-anchor", repr(self.anchor), *options),
        )

    def snapshot_of_operator(self, operator: OperatorProcess, folder: Path) -> None:
        """Take the snapshot that an operator decides on."""
        run_podlore("snapshot", folder, "--operator", operator.url)

    def advise(self, folder: Path) -> list[dict[str, Any]]:
        """Return what is said offline about a snapshot."""
        found: list[dict[str, Any]] = json.loads(run_podlore("advise", "--snapshot", folder, "--output", "json"))
        return found

    def apply_failing(self, name: str) -> None:
        """Apply one more workload that crashes for ever."""
        self.apply(failing(name, "crash-loop"))

    def outcomes(self, target: str) -> list[dict[str, Any]]:
        """Return what came of advice about a target, as the operators have written it down."""
        where = ("--home", f"{NAMESPACE}/podlore", "--kubeconfig", self.kubeconfig, "--output", "json")
        found: list[dict[str, Any]] = json.loads(run_podlore("advice", "--outcomes", *where))["outcomes"]
        return [one for one in found if one["target"] == target]

    def policy(self, **spec: Any) -> None:
        """Apply the AdvisorPolicy."""
        self.apply(
            {
                "apiVersion": "podlore.io/v1alpha1",
                "kind": "AdvisorPolicy",
                "metadata": {"name": "default"},
                "spec": spec,
            }
        )

    def policy_condition(self, type_: str = "Accepted") -> dict[str, Any]:
        """Return a condition of the AdvisorPolicy, empty if it has none."""
        status = self.lab.api.get(f"{ADVICE_API}/advisorpolicies/default").get("status", {})
        return next((found for found in status.get("conditions", []) if found["type"] == type_), {})


def run_podlore(*words: object) -> str:
    """Run the command, which must succeed, and return what it prints."""
    done = subprocess.run([PODLORE, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A lab with four GPU nodes and the chart, without any workload."""
    import time

    with Lab() as lab:
        create_nodes(lab.api, generate_nodes(4))
        lab.helm(
            "install", "podlore", str(CHART), "-n", NAMESPACE, "--create-namespace", "--set=replicaCount=0", "--wait"
        )
        wait_for(lambda: serves_ours(lab), "podlore's kinds to be served")
        yield Cluster(lab, tmp_path_factory.mktemp("operators"), anchor=time.time())


@pytest.fixture(scope="module")
def cluster(installed: Cluster) -> Cluster:
    """The lab with two workloads that fail for ever: one loudly, one quietly."""
    installed.lab.create_namespace("vision")
    installed.apply(failing("pull", "image-pull"), failing("crash", "crash-loop"))
    return installed


def serves_ours(lab: Lab) -> bool:
    """Say whether the API server has finished setting up the kinds that were just installed."""
    try:
        for plural in ("schedulingadvices", "clusterschedulingadvices", "advisorpolicies"):
            lab.api.get(f"{ADVICE_API}/{plural}")
    except Refused:
        return False
    return True


@pytest.fixture
def broken(cluster: Cluster) -> Callable[[], object]:
    """Let the loud workload fail (again)."""
    return lambda: cluster.lab.kubectl("scale", "deploy/crash", "-n", "vision", "--replicas=1")


@pytest.fixture
def mended(cluster: Cluster, broken: Callable[[], object]) -> Iterator[Callable[[], None]]:
    """Leave alone the workload that waits for its image and changes nothing, until the test is over."""

    def scale_down() -> None:
        cluster.lab.kubectl("scale", "deploy/crash", "-n", "vision", "--replicas=0")
        cluster.lab.kubectl("wait", "--for=delete", "pod", "-l", "app=crash", "-n", "vision", "--timeout=30s")

    yield scale_down
    broken()


@pytest.fixture(autouse=True)
def no_operator_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """End what a test started, and take away the policy and all advice it left."""
    yield
    if "installed" not in request.fixturenames:
        return
    cluster: Cluster = request.getfixturevalue("installed")
    for operator in cluster.running:
        if operator.popen.poll() is None:
            operator.kill()
    cluster.running.clear()
    cluster.clear()


def failing(name: str, outcome: str) -> dict[str, Any]:
    """Return a Deployment whose pod has this outcome, for ever."""
    metadata = {
        "labels": {"app": name, "lab.podlore.io/outcome": outcome},
        "annotations": {"lab.podlore.io/run-for": "300ms", "lab.podlore.io/back-off": "1s"},
    }
    container = {"name": "main", "image": "registry.example/x", "resources": {"limits": {"nvidia.com/gpu": 1}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "vision"},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": metadata,
                "spec": {"containers": [container], "tolerations": [{"operator": "Exists"}]},
            },
        },
    }
