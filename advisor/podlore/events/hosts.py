"""Tell a host name from what only looks like one: a file, a Java class, a label's domain, a public registry."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TOP_LEVEL = _words(
    "com net org edu gov mil int info biz local internal intranet lan corp home localdomain localhost private arpa "
    "test example invalid onion cloud app dev ai online site tech xyz io ac ad ae af ag al am ar at au az ba be bg bo "
    "br by ca ch ci ck cl cn co cr cu cy cz de dj dk dz ec ee eg es et eu fi fr ge gh gr gt hk hn hr hu id ie il in "
    "ir is it je jm jo jp ke kg kh kr kw kz lb li lk lt lu lv ma mc md me mg mk mn mo mt mu mx my mz na ng ni nl no "
    "np nz om pa pe ph pk pr pt qa ro ru rw sa se sg si sk sn su sv sy th tj tn tr tt tv tw tz ua ug uk us uy uz va "
    "ve vn ye za zm zw"
)
"""Endings that make a dotted name a host; endings shared with files (.py, .sh, .rs, .so, .zip) are left out."""

PUBLIC = _words(
    "kubernetes.io k8s.io x-k8s.io cncf.io docker.io docker.com gcr.io quay.io ghcr.io nvcr.io nvidia.com amd.com "
    "intel.com podlore.io volcano.sh kubeflow.org ray.io cert-manager.io istio.io cilium.io projectcalico.org "
    "coreos.com openshift.io redhat.com aws.com vmware.com github.com gitlab.com githubusercontent.com pypi.org "
    "python.org pytorch.org huggingface.co google.com googleapis.com golang.org apache.org debian.org ubuntu.com "
    "microsoft.com azure.com amazon.com elastic.co grafana.com prometheus.io helm.sh fluxcd.io argoproj.io keda.sh "
    "karpenter.sh longhorn.io rook.io ceph.com freedesktop.org kernel.org openssh.com openssl.org letsencrypt.org "
    "nodejs.org npmjs.org npmjs.com rancher.io k3s.io etcd.io example.com"
)
"""Domains of software, its labels and its registries: they name no machine of anybody here."""

_REVERSED = _words("com org net io java javax sun edu gov dev ai sh me kotlin scala")
_FILE_LIKE = _words(
    "md my me in is it no at be by am so to us id info app test local sk mk cl li mo pt al hn dev io int private home "
    "example invalid co site na va es de"
)
_LOCAL_HOST_ENDINGS = frozenset({"local", "internal", "localdomain", "intranet", "lan", "corp"})


def is_host(name: str) -> bool:
    """Return whether a dotted name is a host's.

    >>> [is_host(n) for n in ("db1.prod.example.net", "web.svc.cluster.local", "main.py", "java.io.IOException")]
    [True, True, False, False]
    >>> is_host("nvidia.com"), is_host("topology.kubernetes.io"), is_host("org.apache.hadoop.net")
    (False, False, False)
    """
    labels = name.lower().split(".")
    if len(labels) < 2 or labels[-1] not in TOP_LEVEL or "_" in labels[-2] or any(not label for label in labels):
        return False
    if ".".join(labels[-2:]) in PUBLIC or (labels[0] in _REVERSED and len(labels) > 2) or labels[0] in _REVERSED:
        return False
    if labels[-1] in _LOCAL_HOST_ENDINGS:
        return len(labels) > 2 or any(c.isdigit() or c == "-" for c in labels[0])
    if len(labels) == 2 and labels[-1] in _FILE_LIKE:
        return any(c.isdigit() or c == "-" for c in labels[0])
    return not _is_code(name)


def _is_code(name: str) -> bool:
    """Return whether a label has a capital inside: a class or a method."""
    return any(label[1:] != label[1:].lower() and label != label.upper() for label in name.split("."))
