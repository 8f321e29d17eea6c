"""Real and fake nodes side by side: each kind of pod is kept where it can run.

Replayed pods name images that nobody has, so they may run on KWOK's nodes only; kube-proxy may not run on those.
"""

from podlore_lab.api import Api, Json
from podlore_lab.kind.engine import Engine
from podlore_lab.nodes import REGION, list_nodes
from podlore_lab.replay.manifest import REPLAY_LABEL

REGION_LABEL = "topology.kubernetes.io/region"
POLICY = "podlore-lab-replayed-pods"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
# A nodeSelector is atomic to server-side apply, so it takes a patch; what else it selects stays.
SELECT_REGION = f"""\
has(object.spec.nodeSelector)
? [JSONPatch{{op: "add", path: "/spec/nodeSelector/" + jsonpatch.escapeKey("{REGION_LABEL}"), value: "{REGION}"}}]
: [JSONPatch{{op: "add", path: "/spec/nodeSelector", value: {{"{REGION_LABEL}": "{REGION}"}}}}]
"""


def keep_apart(api: Api) -> None:
    """Keep replayed pods off the real nodes, and the cluster's own DaemonSets off the fake ones."""
    api.create(f"{ADMISSION}/mutatingadmissionpolicies", replayed_pods_policy())
    api.create(
        f"{ADMISSION}/mutatingadmissionpolicybindings", {"metadata": {"name": POLICY}, "spec": {"policyName": POLICY}}
    )
    for daemons in api.get("/apis/apps/v1/namespaces/kube-system/daemonsets")["items"]:
        path = f"/apis/apps/v1/namespaces/kube-system/daemonsets/{daemons['metadata']['name']}"
        api.patch(path, {"spec": {"template": {"spec": {"affinity": not_fake()}}}})


def replayed_pods_policy() -> Json:
    """Return the policy that selects the lab's region for every pod of a replay."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    return {
        "metadata": {"name": POLICY},
        "spec": {
            "failurePolicy": "Fail",
            "reinvocationPolicy": "Never",
            "matchConstraints": {
                "resourceRules": [rule],
                "objectSelector": {"matchExpressions": [{"key": REPLAY_LABEL, "operator": "Exists"}]},
            },
            "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": SELECT_REGION}}],
        },
    }


def not_fake() -> Json:
    """Return the affinity of pods that need a real kubelet."""
    wanted = [{"matchExpressions": [{"key": REGION_LABEL, "operator": "NotIn", "values": [REGION]}]}]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": wanted}}}


def route_commands(nodes: list[Json]) -> list[tuple[str, str, str]]:
    """Return on which node which range of pods is reached through which address, for nodes that are real.

    >>> node = lambda name, n: {"metadata": {"name": name, "labels": {}}, "spec": {"podCIDR": f"10.240.{n}.0/24"},
    ...     "status": {"addresses": [{"type": "InternalIP", "address": f"172.30.0.{n}"}]}}
    >>> route_commands([node("a", 1), node("b", 2)])
    [('a', '10.240.2.0/24', '172.30.0.2'), ('b', '10.240.1.0/24', '172.30.0.1')]
    """
    real = [node for node in nodes if REGION_LABEL not in (node["metadata"].get("labels") or {})]
    return [
        (here["metadata"]["name"], there["spec"]["podCIDR"], _address(there))
        for here in real
        for there in real
        if here is not there
    ]


def add_routes(engine: Engine, api: Api) -> None:
    """Let the pods of each real node reach those of the others; to be done again when a node has restarted."""
    for node, pods, address in route_commands(list_nodes(api)):
        engine.run("exec", node, "ip", "route", "replace", pods, "via", address)


def _address(node: Json) -> str:
    return next(str(each["address"]) for each in node["status"]["addresses"] if each["type"] == "InternalIP")
