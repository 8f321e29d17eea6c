"""The operator in a lab: Helm installs the chart, and the operator runs as a process under the chart's ServiceAccount.

There is no kubelet, so the chart's Deployment has no replicas here; the process has the account's token, the chart's
RBAC and nothing more.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from podlore.clock import Clock
from podlore_lab.api import is_healthy
from podlore_lab.cluster import Lab
from podlore_lab.ports import LOOPBACK, free_ports
from podlore_lab.processes import Command, Processes
from podlore_lab.shipped import shipped_folder
from podlore_lab.waiting import wait_for

RELEASE = "podlore"
NAMESPACE = "podlore-system"
ACCOUNT = "podlore"
NAME = "operator"
READY_SECONDS = 180.0
TOKEN_LIFETIME = timedelta(hours=12)


def install_chart(lab: Lab, *values: str) -> str:
    """Install or upgrade the chart, without replicas; ``values`` are ``key=value``. Returns what Helm prints."""
    settings = [word for value in ("replicaCount=0", *values) for word in ("--set", value)]
    chart = str(shipped_folder("charts") / "podlore")
    return lab.helm("upgrade", "--install", RELEASE, chart, "-n", NAMESPACE, "--create-namespace", *settings)


def uninstall_chart(lab: Lab) -> str:
    """Uninstall the chart; what it keeps by its own word stays."""
    return lab.helm("uninstall", RELEASE, "-n", NAMESPACE, "--wait")


@contextmanager
def operator_running(lab: Lab, clock: Clock, *options: str) -> Iterator[str]:
    """Run the operator until the block ends; yields the address it serves on.

    Raises
    ------
    Unavailable
        If it does not become ready, with the last lines of its log.
    """
    address = f"{LOOPBACK}:{free_ports(1)[0]}"
    kubeconfig = lab.service_account_kubeconfig(NAMESPACE, ACCOUNT, duration=TOKEN_LIFETIME)
    with tempfile.TemporaryDirectory(prefix="podlore-operator-") as folder, Processes(Path(folder)) as processes:
        processes.start(operator_command(kubeconfig, lab.prometheus_url, address, clock, *options))

        def ready() -> bool:
            processes.check(NAME)
            return is_healthy(f"http://{address}/readyz")

        wait_for(ready, "the operator to be ready", timeout_seconds=READY_SECONDS)
        lab.add_scrape_target("podlore", address)
        yield address


def operator_command(kubeconfig: Path, prometheus_url: str, address: str, clock: Clock, *options: str) -> Command:
    """Return the command of an operator that serves on ``address`` and lives in this clock's trace time."""
    argv = [sys.executable, "-m", "podlore", "operator", "run"]
    argv += ["--kubeconfig", str(kubeconfig), "--prometheus", prometheus_url, "--namespace", NAMESPACE]
    argv += ["--listen", address, "--clock-scale", repr(clock.scale), "--clock-anchor", repr(clock.anchor)]
    return Command(NAME, [*argv, *options])
