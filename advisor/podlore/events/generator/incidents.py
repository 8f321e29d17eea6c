"""The failures that a cluster goes through, each as steps that unfold: first signs, the burst, what follows from it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """Messages of one block: ``count`` of them at most, from ``after_seconds`` on, within ``for_seconds``."""

    block: str
    count: int
    after_seconds: float = 0.0
    for_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class Incident:
    """One kind of failure."""

    name: str
    steps: tuple[Step, ...]


def _incident(name: str, *steps: Step) -> Incident:
    return Incident(name, steps)


INCIDENTS: tuple[Incident, ...] = (
    _incident("password guessing", Step("sshd.guessing", 24), Step("pam.refused", 8), Step("intrusion.alert", 3, 240)),
    _incident("stolen account", Step("sudo.refused", 6), Step("sshd.guessing", 4), Step("mac.denied", 3, 200, 600)),
    _incident("mail relay abuse", Step("mail.refused", 16, for_seconds=1_800), Step("firewall.drop", 6, 600)),
    _incident("ftp and voip guessing", Step("ftp.refused", 8), Step("voip.attack", 8), Step("firewall.drop", 6, 120)),
    _incident("web scan", Step("web.attack", 20, for_seconds=120), Step("intrusion.alert", 4, 60)),
    _incident(
        "database password rotated", Step("db.refused", 14), Step("crash", 5, 60), Step("kubelet.pod.app", 4, 120)
    ),
    _incident(
        "directory down", Step("directory.refused", 10), Step("cloud.refused", 8, 60), Step("vpn.refused", 6, 90)
    ),
    _incident("certificate expired", Step("tls.refused", 16, for_seconds=900), Step("kubernetes.refused", 8, 120)),
    _incident("role removed", Step("kubernetes.refused", 14), Step("controllers.events", 6, 120)),
    _incident("image registry refuses", Step("kubelet.pod.security", 12, for_seconds=900)),
    _incident("zone transfer probes", Step("dns.refused", 10), Step("firewall.drop", 10)),
    _incident("profile too strict", Step("mac.denied", 12), Step("container.runtime", 4, 60)),
    _incident("switch port flaps", Step("nic.kernel", 10), Step("interconnect", 6, 30), Step("cluster.peers", 8, 60)),
    _incident("dns outage", Step("dns", 12), Step("socket.errors", 12, 20), Step("kubelet.pod.network", 6, 60)),
    _incident("api server away", Step("kubeproxy", 14), Step("cni", 6, 60), Step("socket.errors", 6, 60)),
    _incident("network plugin broken", Step("cni", 10), Step("kubelet.pod.network", 12, 60, 900)),
    _incident("upstream dies", Step("proxy", 14), Step("socket.errors", 8, 30), Step("probes", 4, 60)),
    _incident("partition of a quorum", Step("cluster.peers", 18), Step("socket.errors", 6, 60)),
    _incident("dhcp pool empty", Step("dhcp", 10), Step("netapp.services", 6, 120)),
    _incident("fabric degraded", Step("interconnect", 10), Step("distributed.training", 12, 60), Step("xid.nvlink", 6)),
    _incident("rank lost", Step("distributed.training", 14), Step("cuda.application", 4, 30), Step("crash", 4, 60)),
    _incident("router restarts", Step("netapp.services", 12), Step("socket.errors", 8, 30)),
    _incident(
        "memory leak", Step("heap", 8, for_seconds=1_800), Step("memory.nodes", 4, 1_500), Step("oom.kernel", 8, 1_800)
    ),
    _incident("container over its limit", Step("oom.kernel", 10), Step("kubelet.pod.memory", 8, 10, 900)),
    _incident("batch too large for the GPU", Step("cuda.oom", 12), Step("kubelet.pod.app", 4, 60)),
    _incident("failing DIMM", Step("ecc", 16, for_seconds=7_200), Step("node.events", 4, 3_600)),
    _incident("failing HBM", Step("xid.memory", 14, for_seconds=7_200), Step("cuda.application", 3, 7_200)),
    _incident(
        "node under memory pressure", Step("memory.nodes", 8), Step("kubelet.pod.memory", 10, 60), Step("heap", 4)
    ),
    _incident("failing disk", Step("disk.kernel", 16, for_seconds=3_600), Step("smart", 6), Step("fs.kernel", 8, 900)),
    _incident(
        "disk full", Step("space", 18, for_seconds=1_200), Step("kubelet.pod.storage", 6, 600), Step("sql", 3, 300)
    ),
    _incident(
        "file server away", Step("network.storage", 14), Step("kubelet.pod.storage", 8, 120), Step("volumes", 6, 120)
    ),
    _incident(
        "ceph degraded", Step("ceph", 16, for_seconds=1_800), Step("volumes", 6, 300), Step("controllers.events", 3)
    ),
    _incident("hdfs loses blocks", Step("hdfs", 14), Step("disk.kernel", 4)),
    _incident("volume stuck to a dead node", Step("volumes", 10), Step("kubelet.pod.storage", 10, 60, 1_200)),
    _incident("checkpoint store ill", Step("backup.object", 12), Step("space", 4), Step("cuda.application", 3, 120)),
    _incident("bad release", Step("crash", 16), Step("kubelet.pod.app", 10, 30, 900), Step("probes", 6, 60)),
    _incident("bad configuration", Step("config", 12), Step("systemd", 6, 10), Step("kubelet.pod.app", 4, 60)),
    _incident("schema out of step", Step("sql", 16), Step("crash", 6, 30)),
    _incident("service keeps dying", Step("systemd", 14), Step("crash", 6), Step("desktop", 3)),
    _incident("image missing", Step("container.runtime", 10), Step("kubelet.pod.app", 8)),
    _incident("pipeline breaks", Step("orchestrator", 16, for_seconds=1_800), Step("crash", 3)),
    _incident(
        "kernel in the wrong shape", Step("cuda.application", 12), Step("xid.application", 6), Step("crash", 3, 20)
    ),
    _incident("driver mismatch", Step("gpu.plugin", 10), Step("container.runtime", 4, 60)),
    _incident("GPU off the bus", Step("xid.device", 12), Step("gpu.plugin", 3, 30)),
    _incident("cooling lost", Step("time.power", 12, for_seconds=3_600), Step("kernel.cpu", 8, 900)),
    _incident("cpu starved", Step("kernel.cpu", 14), Step("scheduler.other", 6, 60)),
    _incident(
        "cluster full", Step("scheduler.other", 24, for_seconds=3_600), Step("quota.scheduling", 8, for_seconds=3_600)
    ),
    _incident(
        "node goes away", Step("node.events", 10), Step("kubelet.benign", 4, 60), Step("scheduler.other", 6, 120)
    ),
    _incident("controllers in trouble", Step("controllers.events", 16, for_seconds=1_200)),
    _incident("noisy warnings", Step("bigdata.benign", 4), Step("time.power", 4)),
    _incident("parallel machine ill", *(Step("hpc.ras", 14, after, 900) for after in (0, 600, 1_800))),
    _incident("odd troubles", *(Step("told.otherwise", 14, after, 900) for after in (0, 600, 1_800))),
    _incident("odd events", *(Step("events.more", 12, after, 900) for after in (0, 900))),
    *(
        _incident(f"some software, {theme}", *(Step(f"phrases.{theme}", 12, after, 600) for after in (0, 300, 900)))
        for theme in ("security", "network", "memory", "storage", "application", "other")
    ),
)
"""Named by the blocks of the vocabularies; between them they use every block that has problems."""
