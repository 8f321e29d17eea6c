"""What fills the slots of the vocabularies: names, numbers and addresses, drawn from a seeded generator.

Addresses are of the documentation and private ranges, domains of the reserved ones; nothing here names anybody.
"""

from collections.abc import Callable
from random import Random

Filler = Callable[[Random], str]


def _of(words: str) -> Filler:
    choices = tuple(words.split())
    return lambda rng: rng.choice(choices)


def _hex(*lengths: int) -> Filler:
    return lambda rng: "".join(rng.choices("0123456789abcdef", k=rng.choice(lengths)))


def _number(low: int, high: int) -> Filler:
    """Draw numbers evenly over their orders of magnitude."""
    return lambda rng: str(min(high, int(low * (high / low) ** rng.random())))


def _format(pattern: str, **parts: Filler) -> Filler:
    return lambda rng: pattern.format(**{name: part(rng) for name, part in parts.items()})


def _either(*fillers: Filler) -> Filler:
    return lambda rng: rng.choice(fillers)(rng)


def _time(rng: Random) -> str:
    month, day = rng.randint(1, 12), rng.randint(1, 28)
    clock = f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}"
    return rng.choice(
        (f"2026-{month:02}-{day:02}T{clock}Z", f"2026-{month:02}-{day:02} {clock}", f"{day:02}/Mar/2026:{clock} +0000")
    )


_WORD = _of(
    "alpha amber anchor apollo argo atlas aurora basil beacon birch bolt cedar cinder cobalt comet copper coral "
    "delta dune  echo ember falcon fern flint garnet harbor hazel helix indigo iris ivory jade juniper kestrel "
    "lark linden lotus maple  marble meadow mercury nimbus nova oak onyx orbit orchid osprey pebble pine plume "
    "quartz quill raven ridge river robin  saffron sage sierra slate sorrel spruce summit talon teal thistle "
    "topaz tulip umber vale vega violet walnut willow zephyr "
)
_SMALL, _PORT = _number(1, 9_999), _number(1_024, 65_535)
_USER = _either(
    _of("admin test oracle guest ubuntu deploy postgres git jenkins backup ftpuser pi support info"),
    _format(
        "{a}{b}",
        a=_of(
            "anna ben chen dara emil fay gus hana ivan jun kim lea mo nia omar pia raj sam tess uma vic wen yara zoe"
        ),
        b=_of("1 7 23 42 88 x _ .k -adm s"),
    ),
)
_IP = _either(
    lambda rng: f"10.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}",
    lambda rng: f"192.168.{rng.randint(0, 255)}.{rng.randint(1, 254)}",
    lambda rng: f"203.0.113.{rng.randint(1, 254)}",
    lambda rng: f"198.51.100.{rng.randint(1, 254)}",
)
_HOST = _either(
    _format("{a}.{b}.svc.cluster.local", a=_WORD, b=_of("default prod vision ml data")),
    _format("{a}-{n}.{b}.example.net", a=_of("db web cache node gpu mail store api"), n=_number(1, 99), b=_WORD),
    _format("{a}.example.org", a=_WORD),
    _format("{a}{n}", a=_of("node gpu host srv worker cn dn db"), n=_number(1, 999)),
)
_HEX, _PCI = _hex(4, 8, 12), _format("0000:{a}:00.0", a=_of("01 0f 17 1b 3b 41 4e 65 87 90 9c a1 b7 c1 d8 e7"))
_POD = _either(
    _format("{a}-{h}-{k}", a=_WORD, h=_hex(9, 10), k=_hex(5)),
    _format("{a}-{n}", a=_WORD, n=_number(1, 99)),
    _format("{a}-worker-{n}", a=_WORD, n=_number(1, 99)),
)
_PATH = _format(
    "{root}/{a}{rest}",
    root=_of("/var/lib /var/log /data /mnt /opt /srv /etc /usr/lib /home/anna /scratch /run /tmp"),
    a=_WORD,
    rest=_of(
        "/ /data.db /config.yaml .log .conf /wal/0001 /part-00042 /ckpt/step_1200.pt /index /socket.sock /blobs .tmp"
    ),
)
_UUID = _format("{a}-{b}-4{c}-a{d}-{e}", a=_hex(8), b=_hex(4), c=_hex(3), d=_hex(3), e=_hex(12))
_VERSION = _format("{a}.{b}.{c}", a=_number(1, 30), b=_number(1, 40), c=_number(1, 20))
_DISK = _of("sda sdb sdc sdd sdf vda vdb xvda nvme0n1 nvme1n1 dm-0 dm-3 hda")
_URLPATH = _format("/{a}/{b}", a=_of("api v1 v2 static login health metrics images users"), b=_WORD)

FILLERS: dict[str, Filler] = {
    "addr": _format("0x{h}", h=_hex(12, 16)),
    "agent": _of("curl/8.5.0 Mozilla/5.0 python-requests/2.31 Go-http-client/1.1 kube-probe/1.29 sqlmap/1.7 Nikto/2.5"),
    "algo": _of("diffie-hellman-group1-sha1 ssh-rsa aes128-cbc hmac-md5 diffie-hellman-group14-sha1"),
    "apigroup": _of("apps batch networking.k8s.io rbac.authorization.k8s.io storage.k8s.io kueue.x-k8s.io"),
    "apiname": _of(
        "create_user list_projects DescribeInstances PutObject AttachVolume os_compute_api:servers:create GetObject"
    ),
    "arn": _format("arn:aws:iam::{n}:role/{a}", n=_number(100_000_000_000, 999_999_999_999), a=_WORD),
    "attackpath": _of(
        "/../../etc/passwd /wp-login.php /phpmyadmin/index.php /.env /.git/config /cgi-bin/luci "
        "/boaform/admin/formLogin "
        "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php /cgi-bin/.%2e/.%2e/bin/sh /manager/html "
        "/solr/admin/info"
    ),
    "b64": lambda rng: "".join(rng.choices("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789+/", k=43)),
    "blk": _either(
        _format("blk_{n}", n=_number(10**17, 9 * 10**18)),
        _format("blk_-{n}", n=_number(10**17, 9 * 10**18)),
        _format("BP-{a}:blk_{n}_{m}", a=_SMALL, n=_number(10**9, 2 * 10**9), m=_SMALL),
    ),
    "class": _format(
        "{p}.{a}",
        p=_of("com.acme.shop io.harbor.core org.widgets.engine net.pipes"),
        a=_of("OrderService UserRepository Pipeline JobRunner Session CacheLoader EventBus RetryPolicy Parser Indexer"),
    ),
    "cm": _format("{a}-config", a=_WORD),
    "cmd": _of(
        "/usr/bin/apt /bin/bash /usr/bin/systemctl /usr/lib/sa/sa1 /usr/bin/python3 /usr/sbin/visudo /opt/check.sh"
    ),
    "cni": _of("calico flannel cilium-cni multus aws-cni weave-net bridge kube-ovn"),
    "comm": _of(
        "python3 java postgres node nginx mysqld kubelet train.py redis-server etcd gunicorn cc1plus stress "
        "qemu-kvm ollama torchrun php-fpm"
    ),
    "container": _either(_WORD, _of("main app sidecar worker trainer istio-proxy init server")),
    "csi": _of(
        "ebs.csi.aws.com disk.csi.azure.com pd.csi.storage.gke.io nfs.csi.k8s.io driver.longhorn.io rook- "
        "ceph.rbd.csi.ceph.com csi.vsphere.vmware.com efs.csi.aws.com csi.juicefs.com"
    ),
    "date": _time,
    "db": _of("orders users billing metrics keystone nova shop analytics"),
    "disk": _DISK,
    "dn": _format("uid={u},ou=people,dc=example,dc=org", u=_USER),
    "domain": _of("httpd container mysqld sshd nginx postgresql svirt init"),
    "driver": _of("ixgbe i40e mlx5_core e1000e tg3 bnx2x be2net igb bnxt_en virtio_net ena"),
    "epoch": _number(1_700_000_000, 1_790_000_000),
    "file": _of("libtorch libssl core main libcuda libpython3.11 handler store server page"),
    "float": lambda rng: f"{rng.random() * 10 ** rng.randint(0, 3):.{rng.randint(1, 4)}f}",
    "func": _of(
        "process_batch handle_request load_config run_step do_commit parse_line read_page init_module "
        "vfs_read tcp_sendmsg fetch flush start_worker compute get_by_id"
    ),
    "gpu": _of("0 1 2 3 4 5 6 7"),
    "gpuname": _of("NVIDIA-A100-SXM4-80GB NVIDIA-H100-80GB-HBM3 Tesla-V100-SXM2-32GB NVIDIA-L40S Tesla-T4"),
    "hex": _HEX,
    "hex8": _hex(8),
    "host": _HOST,
    "image": _format(
        "{r}{a}:{t}",
        r=_of("registry.example.net/ml/ docker.io/library/ ghcr.io/acme/ gcr.io/acme/ quay.io/acme/ nvcr.io/nvidia/"),
        a=_WORD,
        t=_of("latest v1.2.3 1.25 24.01-py3 main-4f2a dev"),
    ),
    "ip": _IP,
    "javafile": _of("OrderService.java Pipeline.java Session.java JobRunner.java Parser.java"),
    "junk": _of(
        "\\x16\\x03\\x01 GET%20/ ;cat+/etc/passwd <script>alert(1)</script> UNION+SELECT \\xff\\xfb "
        "${jndi:ldap://x} %27+OR+1=1"
    ),
    "kind": _of("Pod Deployment ConfigMap Secret Service StatefulSet Job Ingress Node Endpoints RayCluster PyTorchJob"),
    "mac": lambda rng: ":".join(f"{rng.randint(0, 255):02x}" for _ in range(6)),
    "mail": _format("{u}@{a}.example.org", u=_USER, a=_WORD),
    "nic": _of("eth0 eth1 ens3 ens192 eno1 bond0 ib0 enp4s0f0 cali12ab veth3f2a docker0 br-ex wlan0 flannel.1"),
    "node": _either(
        _format("gpu-{n}", n=_number(1, 200)),
        _format("ip-10-0-{a}-{b}.ec2.internal", a=_number(1, 250), b=_number(1, 250)),
        _format("{a}-node-{n}", a=_WORD, n=_number(1, 99)),
        _format("cn{n}", n=_number(100, 9_999)),
    ),
    "ns": _of("default kube-system prod vision ml-team data monitoring staging ingress research"),
    "num": _SMALL,
    "part": _format("{d}{n}", d=_of("sda sdb vda xvda nvme0n1p dm-"), n=_of("1 2 3 5")),
    "path": _PATH,
    "pamsvc": _of("sshd sudo login su vsftpd dovecot cron gdm-password samba smtp"),
    "pci": _PCI,
    "pct": _number(1, 100),
    "pid": _number(100, 4_000_000),
    "pod": _POD,
    "port": _PORT,
    "profile": _of(
        "docker-default /usr/sbin/mysqld snap.lxd.activate /usr/bin/evince libvirt-42 cri- "
        "containerd.apparmor.d /usr/sbin/cups-browsed unconfined"
    ),
    "pvc": _either(_format("pvc-{u}", u=_UUID), _format("data-{a}-{n}", a=_WORD, n=_of("0 1 2"))),
    "pyfile": _of("train.py /app/main.py ../torch/csrc/distributed/c10d/ProcessGroupNCCL.cpp engine.py data_loader.py"),
    "queue": _of("default research prod batch cluster-queue team-a"),
    "rank": _number(1, 512),
    "realm": _of("EXAMPLE.ORG CORP.EXAMPLE.NET"),
    "resource": _of(
        "pods secrets configmaps nodes services endpoints deployments.apps leases events persistentvolumeclaims"
    ),
    "sa": _of("default builder operator prometheus argocd metrics-reader"),
    "scsi": lambda rng: f"{rng.randint(0, 9)}:0:{rng.randint(0, 4)}:{rng.randint(0, 4)}",
    "secret": _format("{a}-secret", a=_WORD),
    "sha": _format("sha256:{h}", h=_hex(64)),
    "sig": _of("SIGTERM SIGHUP SIGUSR1 SIGWINCH SIGCHLD"),
    "size": _format(
        "{n}{u}", n=lambda rng: f"{rng.random() * 1000:.{rng.randint(0, 2)}f}", u=_of("GiB MiB GB MB Gi Mi KB")
    ),
    "svc": _format("{a}-svc", a=_WORD),
    "table": _of("orders users sessions events items accounts jobs invoices"),
    "tid": _number(100, 99_999),
    "topic": _of("clicks orders payments logs events metrics"),
    "tty": _of("pts/0 pts/3 tty1 ssh console :0 NODEVssh"),
    "uid": _of("0 33 999 1000 1001 65534 501"),
    "unit": _of(
        "nginx.service docker.service kubelet.service postgresql.service app.service containerd.service mnt- "
        "data.mount ssh.service cron.service snapd.service slurmd.service nvidia-persistenced.service"
    ),
    "unitdesc": lambda rng: rng.choice(
        (
            "The nginx HTTP Server",
            "Docker Application Container Engine",
            "kubelet: The Kubernetes Node Agent",
            "PostgreSQL RDBMS",
            "Network Manager Wait Online",
            "OpenBSD Secure Shell server",
            "Daily apt upgrade and clean activities",
            "Cleanup of Temporary Directories",
            "User Manager for UID 1000",
            "NVIDIA Persistence Daemon",
            "Message of the Day",
            "Rotate log files",
            "D-Bus System Message Bus",
            "LSB: Ceph distributed file system",
            "Slurm node daemon",
            "MySQL Community Server",
            "Apply Kernel Variables",
            "Podman API Service",
        )
    ),
    "url": _format("https://{h}{p}", h=_HOST, p=_URLPATH),
    "urlpath": _URLPATH,
    "user": _USER,
    "uuid": _UUID,
    "version": _VERSION,
    "vol": _either(
        _of("data config kube-api-access-x7k2p shared-memory scratch datasets models"), _format("{a}-vol", a=_WORD)
    ),
    "word": _WORD,
}


def value_of(slot: str, rng: Random) -> str:
    """Return a value for a slot.

    >>> value_of("gpu", Random(1)) in "01234567"
    True
    """
    return FILLERS[slot](rng)
