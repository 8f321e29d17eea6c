"""The operator as what it is in life: a pod of the chart's Deployment, in a namespace under restricted pod security."""

from collections.abc import Iterator
from contextlib import contextmanager

from podlore.clock import Clock
from podlore.errors import BadInput, Unavailable
from podlore_lab.api import Refused
from podlore_lab.cluster import Lab
from podlore_lab.demo import Operating
from podlore_lab.kind.kind_lab import KindLab
from podlore_lab.operator_process import NAMESPACE, RELEASE
from podlore_lab.shipped import shipped_folder

CONFLICT = 409
ROLLOUT_SECONDS = 300
LOG_LINES = 8
RESTRICTED = {f"pod-security.kubernetes.io/{each}": "restricted" for each in ("enforce", "audit", "warn")}


def install_pod(lab: Lab) -> str:
    """Install the chart with its defaults, and wait for its pod; returns what Helm prints."""
    try:
        lab.api.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE, "labels": RESTRICTED}})
    except Refused as refused:
        if refused.code != CONFLICT:
            raise
        lab.api.patch(f"/api/v1/namespaces/{NAMESPACE}", {"metadata": {"labels": RESTRICTED}})
    said = upgrade(lab)
    wait_rolled_out(lab)
    return said


@contextmanager
def pod_running(lab: Lab, clock: Clock) -> Iterator[str]:
    """Let the operator's pod live in this clock's trace time; yields which Deployment it is.

    Raises
    ------
    Unavailable
        If its pod does not become ready in time.
    """
    upgrade(lab, *clock_values(clock))
    wait_rolled_out(lab)
    yield f"deployment/{RELEASE} in {NAMESPACE}"


def upgrade(lab: Lab, *values: str) -> str:
    """Install or upgrade the chart: its defaults, where Prometheus is, and ``values`` as ``key=value``."""
    url = (f"prometheus.url={lab.prometheus_url_inside}",) if isinstance(lab, KindLab) else ()
    settings = [word for value in (*url, *values) for word in ("--set", value)]
    chart = str(shipped_folder("charts") / "podlore")
    return lab.helm("upgrade", "--install", RELEASE, chart, "--namespace", NAMESPACE, *settings)


def clock_values(clock: Clock) -> tuple[str, ...]:
    """Return the chart's values for an operator that lives in a trace's time.

    >>> clock_values(Clock(240.0, 1.5))
    ('extraArgs[0]=--clock-scale=240.0', 'extraArgs[1]=--clock-anchor=1.5')
    """
    return f"extraArgs[0]=--clock-scale={clock.scale!r}", f"extraArgs[1]=--clock-anchor={clock.anchor!r}"


def wait_rolled_out(lab: Lab) -> None:
    """Return when the Deployment's pods are those of its newest template, and ready.

    Raises
    ------
    Unavailable
        If they are not in time, with what the pods and their logs say.
    """
    try:
        lab.kubectl("rollout", "status", f"deployment/{RELEASE}", "-n", NAMESPACE, f"--timeout={ROLLOUT_SECONDS}s")
    except BadInput as error:
        raise Unavailable(f"{error}\n{_what_pods_say(lab)}") from None


def _what_pods_say(lab: Lab) -> str:
    about = ("-n", NAMESPACE, "-l", f"app.kubernetes.io/instance={RELEASE}")
    asked = (
        ("get", "pods", *about, "-o", "wide"),
        ("get", "events", "-n", NAMESPACE, "--sort-by=.lastTimestamp", "--no-headers"),
        ("logs", *about, f"--tail={LOG_LINES}"),
    )
    return "\n".join("\n".join(_answer(lab, words).splitlines()[-LOG_LINES:]) for words in asked)


def _answer(lab: Lab, words: tuple[str, ...]) -> str:
    try:
        return lab.kubectl(*words)
    except BadInput as error:
        return str(error)


AS_A_POD = Operating(install_pod, pod_running)
"""For `podlore_lab.demo.demo`."""
