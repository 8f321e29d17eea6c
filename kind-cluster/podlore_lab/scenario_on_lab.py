"""A scenario on a real API server, with the real operator: what ``podlore scenario run --on lab`` plays.

A fresh lab is started, its controllers are put to sleep (the timeline is the cluster's only author), and the timeline's
objects are applied at compressed time, with their times moved to the lab's clock. An exporter serves ``metrics.csv`` to
Prometheus. What the operator writes is read back from the API server and held against what is expected. Found by its
entry point.

Not the same as on the virtual clock: an object that is older than the start becomes as old as the lab, since the API
server dates it; logs are not served, there is no kubelet; what the API server refuses is left out and said.
"""

import copy
import os
import re
import signal
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from podlore.clock import Clock
from podlore.testing.scenario import Played, Scenario
from podlore.testing.scenario.load import Entry
from podlore.testing.scenario.play import Said, judged
from podlore.vocabulary import (
    Action,
    Evidence,
    EvidenceSource,
    Finding,
    ObjectRef,
    Pattern,
    Recommendation,
    Severity,
)
from podlore_lab.api import Api, Json, Refused
from podlore_lab.cluster import Lab
from podlore_lab.operator_process import install_chart, operator_running
from podlore_lab.ports import LOOPBACK
from podlore_lab.processes import read_recorded
from podlore_lab.replay.speed import capped

SPEED = 120.0
LATE_WALL_SECONDS = 20.0
"""How much later than on the virtual clock an advice may come: scrapes, rounds and writes take real time."""
LOOK_SECONDS = 0.5
ADVICE = "/apis/podlore.io/v1alpha1"
ASLEEP = frozenset({"kube-controller-manager", "kube-scheduler", "kwok"})
STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
SERVER_SET = ("uid", "creationTimestamp", "resourceVersion", "generation", "managedFields", "deletionTimestamp")
PLURALS = {"Ingress": "ingresses", "NetworkPolicy": "networkpolicies", "StorageClass": "storageclasses"}
CLUSTER_SCOPED = frozenset({"Node", "PersistentVolume", "Namespace", "StorageClass", "PriorityClass", "ClusterQueue"})


def play_on_lab(scenario: Scenario) -> Played:
    """Play a scenario in a lab of its own and say what came of it."""
    speed = capped(SPEED)
    with Lab() as lab, _quiet(lab):
        install_chart(lab)
        stage = _Stage(lab.api, scenario, speed)
        stage.prepare()
        with stage.exporter() as address, operator_running(lab, Clock(scale=speed, anchor=stage.began_at)):
            lab.add_scrape_target("scenario", address)
            said = stage.play()
    for refused in stage.refused:
        print(f"podlore: {refused}", file=sys.stderr)
    return judged(scenario, said, late_seconds=LATE_WALL_SECONDS * speed)


@contextmanager
def _quiet(lab: Lab) -> Iterator[None]:
    """Put everything to sleep that would change what the timeline says, and wake it to be ended."""
    recorded = read_recorded(lab.folder.path)
    sleepers = [who.pid for name, who in (recorded.children if recorded else {}).items() if name in ASLEEP]
    for pid in sleepers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in sleepers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


class _Stage:
    """Applies a timeline and reads advice."""

    def __init__(self, api: Api, scenario: Scenario, speed: float) -> None:
        self._api = api
        self._scenario = scenario
        self._speed = speed
        self._uids: dict[str, str] = {}
        self._own: dict[tuple[str, str, str], tuple[str, str]] = {}
        self._namespaces = {"default"}
        self._products: dict[str, str] = {}
        self.began_at = time.time()
        self.refused: list[str] = []

    # --- the timeline -----------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Apply what is there at the start, then let the clock begin."""
        if self._scenario.policy is not None:
            self._api.create(f"{ADVICE}/advisorpolicies", dict(self._scenario.policy))
        for entry in self._scenario.timeline:
            if entry.at_seconds <= 0:
                self._happen(entry)
        self.began_at = time.time()

    def play(self) -> tuple[Said, ...]:
        """Let the rest happen in its time and return what was said, with the seconds in which it was first seen."""
        said: dict[tuple[str, str, str], Said] = {}
        rest = [entry for entry in self._scenario.timeline if entry.at_seconds > 0]
        while (now := self._seconds()) <= self._scenario.until_seconds + LATE_WALL_SECONDS * self._speed:
            while rest and rest[0].at_seconds <= now:
                self._happen(rest.pop(0))
            for one in self._advice(min(now, self._scenario.until_seconds)):
                said.setdefault((one.target, one.pattern, one.action), one)
            threading.Event().wait(LOOK_SECONDS)
        return tuple(said.values())

    def _seconds(self) -> float:
        return (time.time() - self.began_at) * self._speed

    def _happen(self, entry: Entry) -> None:
        try:
            if entry.delete is not None:
                self._delete(entry.delete)
            elif entry.event is not None:
                self._event(entry.event)
            elif entry.apply is not None:
                self._apply(entry.apply)
        except Refused as refusal:
            self.refused.append(f"{self._scenario.name} at {entry.at_seconds:.0f} s: {refusal}"[:300])

    def _apply(self, obj: Mapping[str, Any]) -> None:
        body = self._moved(obj)
        metadata = body["metadata"]
        name = (obj["kind"], metadata.get("namespace") or "", metadata["name"])
        if obj["kind"] == "Node":
            self._products[metadata["name"]] = (metadata.get("labels") or {}).get("nvidia.com/gpu.product", "")
        self._make_namespace(name[1])
        path = self._path(obj["apiVersion"], *name[:2])
        scenario_uid = obj["metadata"].get("uid", "")
        known = self._own.get(name)
        if known is not None and known[0] != scenario_uid:
            self._delete({"kind": name[0], "namespace": name[1], "name": name[2]})
            known = None
        if known is None:
            made = self._api.create(path, _creatable(body))
            self._own[name] = (scenario_uid, path)
            self._uids[scenario_uid] = made["metadata"]["uid"]
        if known is not None or obj["kind"] == "Node":  # a new one is tainted until a controller sees it
            self._update(f"{path}/{name[2]}", body)
        if body.get("status"):
            self._api.patch(f"{path}/{name[2]}/status", {"status": body["status"]})

    def _update(self, path: str, body: Json) -> None:
        """Change what may be changed: labels, annotations, a node's taints, a job's suspension, a pod's place."""
        kept = {key: body["metadata"][key] for key in ("labels", "annotations") if key in body["metadata"]}
        change: Json = {"metadata": kept}
        spec = body.get("spec") or {}
        if body["kind"] == "Node":
            change["spec"] = {"taints": spec.get("taints"), "unschedulable": spec.get("unschedulable")}
        elif "suspend" in spec:
            change["spec"] = {"suspend": spec["suspend"]}
        self._api.patch(path, change)
        if body["kind"] == "Pod" and spec.get("nodeName") and not self._api.get(path)["spec"].get("nodeName"):
            target = {"kind": "Node", "name": spec["nodeName"]}
            binding = {"metadata": {"name": body["metadata"]["name"]}, "target": target}
            self._api.create(f"{path}/binding", {"apiVersion": "v1", "kind": "Binding", **binding})

    def _delete(self, what: Mapping[str, Any]) -> None:
        name = (what["kind"], what.get("namespace") or "", what["name"])
        _, path = self._own.pop(name, ("", ""))
        if path:
            self._api.delete(f"{path}/{name[2]}?gracePeriodSeconds=0&propagationPolicy=Background")

    def _event(self, event: Mapping[str, Any]) -> None:
        body = self._moved(event)
        about = body.get("involvedObject") or {}
        about["uid"] = self._uids.get(about.get("uid", ""), about.get("uid", ""))
        namespace = body["metadata"].get("namespace") or "default"
        self._make_namespace(namespace)
        path, name = f"/api/v1/namespaces/{namespace}/events", body["metadata"]["name"]
        key = ("Event", namespace, name)
        if key in self._own:
            changed = {field: body[field] for field in ("count", "lastTimestamp", "message") if field in body}
            self._api.patch(f"{path}/{name}", changed)
        else:
            self._api.create(path, body)
            self._own[key] = ("", path)

    def _make_namespace(self, name: str) -> None:
        """Create a namespace with the account that its pods run as: the controller that would do so sleeps."""
        if name and name not in self._namespaces:
            self._namespaces.add(name)
            with suppress(Refused):
                self._api.create("/api/v1/namespaces", {"metadata": {"name": name}})
            with suppress(Refused):
                self._api.create(f"/api/v1/namespaces/{name}/serviceaccounts", {"metadata": {"name": "default"}})

    def _path(self, api_version: str, kind: str, namespace: str) -> str:
        plural = PLURALS.get(kind, f"{kind.lower()}s")
        root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        if "/" in api_version and not api_version.startswith(("apps/", "batch/")):
            self._serve_kind(api_version, kind, plural)
        within = "" if kind in CLUSTER_SCOPED or not namespace else f"/namespaces/{namespace}"
        return f"{root}{within}/{plural}"

    def _serve_kind(self, api_version: str, kind: str, plural: str) -> None:
        """Have the API server take objects of a kind that it does not know, whatever is in them."""
        group, _, version = api_version.partition("/")
        key = ("CustomResourceDefinition", "", f"{plural}.{group}")
        if key in self._own or "." not in group or (group.endswith("k8s.io") and group.count(".") == 1):
            return
        self._own[key] = ("", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
        body = _definition(group, version, kind, plural)
        with suppress(Refused):
            self._api.create(self._own[key][1], body)
        self._wait_served(f"/apis/{api_version}/{plural}")

    def _wait_served(self, path: str) -> None:
        from podlore_lab.waiting import wait_for  # noqa: PLC0415 - only where a kind is added

        def served() -> bool:
            try:
                self._api.get(f"{path}?limit=1")
            except Refused:
                return False
            return True

        wait_for(served, f"the API server to serve {path}")

    def _moved(self, value: Any) -> Any:  # noqa: ANN401 - a part of an object
        """Return a part of an object with its times moved to the lab's clock, and uids to the API server's."""
        moved = self._moved_part(copy.deepcopy(value))
        metadata = moved["metadata"]
        owners = [owner for owner in metadata.pop("ownerReferences", []) if owner.get("uid") in self._uids]
        if owners:
            metadata["ownerReferences"] = [{**owner, "uid": self._uids[owner["uid"]]} for owner in owners]
        for field in SERVER_SET:
            metadata.pop(field, None)
        return moved

    def _moved_part(self, value: Any) -> Any:  # noqa: ANN401 - a part of an object
        if isinstance(value, dict):
            return {key: self._moved_part(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self._moved_part(part) for part in value]
        if isinstance(value, str) and STAMP.match(value):
            seconds = datetime.fromisoformat(value).timestamp() - self._scenario.start_at
            at = datetime.fromtimestamp(self.began_at + seconds / self._speed, UTC)
            micro = "." in value
            return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if micro else "%Y-%m-%dT%H:%M:%SZ")
        return value

    # --- advice and metrics -----------------------------------------------------------------------------------------

    def _advice(self, at_seconds: float) -> Iterator[Said]:
        for kind in ("schedulingadvices", "clusterschedulingadvices"):
            for item in self._api.get(f"{ADVICE}/{kind}")["items"]:
                status = item.get("status")
                if status and status.get("state") == "Active" and not status.get("horizonMinutes"):
                    yield _said(item, status, at_seconds)

    @contextmanager
    def exporter(self) -> Iterator[str]:
        """Serve the scenario's samples of this moment in Prometheus' text format."""
        stage = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = stage.exposition().encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:  # noqa: ANN401 - as the library has it
                """Say nothing: a line a second is too much."""

        server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"{LOOPBACK}:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()

    def exposition(self) -> str:
        """Return every series' value of this moment; one that is missing is left out."""
        now = self._seconds()
        latest: dict[tuple[str, str, str, str], float | None] = {}
        for row in self._scenario.rows:
            if row.seconds <= now:
                latest[row.metric, row.node, row.gpu, row.pod] = row.value
        by_metric: defaultdict[str, list[str]] = defaultdict(list)
        for (metric, node, gpu, pod), value in sorted(latest.items()):
            if value is not None:
                by_metric[metric].append(f"{metric}{{{self._labels(node, gpu, pod)}}} {value}")
        return "".join(f"{line}\n" for lines in by_metric.values() for line in lines)

    def _labels(self, node: str, gpu: str, pod: str) -> str:
        labels = {"Hostname": node, "node": node}
        if gpu:
            labels |= {"gpu": gpu, "UUID": f"GPU-{node}-{gpu}", "device": f"nvidia{gpu}"}
            labels |= {"modelName": self._products.get(node, "")}
        if pod:
            namespace, _, name = pod.partition("/")
            labels |= {"exported_namespace": namespace, "exported_pod": name, "exported_container": "main"}
        return ",".join(f'{name}="{value}"' for name, value in labels.items() if value)


def _creatable(body: Json) -> Json:
    """Return an object as the API server takes it: with what a timeline leaves out, without what it sets itself."""
    body = {key: value for key, value in body.items() if key != "status"}
    spec = body.setdefault("spec", {}) if body["kind"] != "ConfigMap" else {}
    if body["kind"] == "Pod":
        _complete(spec)
    elif body["apiVersion"] == "batch/v1":
        job = spec.setdefault("jobTemplate", {}).setdefault("spec", {}) if body["kind"] == "CronJob" else spec
        job.pop("selector", None)
        _complete_template(job, lambda label: not label.endswith(("controller-uid", "job-name")))
        job["template"]["spec"].setdefault("restartPolicy", "Never")
        if body["kind"] == "CronJob":
            spec.setdefault("schedule", "0 * * * *")
    elif body["apiVersion"] == "apps/v1":
        _complete_template(spec, lambda _: True)
        labels = spec["template"]["metadata"]["labels"] or {"scenario": body["metadata"]["name"]}
        spec["template"]["metadata"]["labels"], spec["selector"] = labels, {"matchLabels": labels}
    return body


def _complete_template(spec: Json, keeps: Callable[[str], bool]) -> None:
    template = spec.setdefault("template", {})
    metadata = template.setdefault("metadata", {})
    metadata["labels"] = {label: value for label, value in (metadata.get("labels") or {}).items() if keeps(label)}
    _complete(template.setdefault("spec", {}))


def _complete(pod_spec: Json) -> None:
    for name in ("priority", "priorityClassName", "serviceAccountName"):
        pod_spec.pop(name, None)
    if not pod_spec.get("containers"):
        pod_spec["containers"] = [{"name": "main"}]
    for container in [*pod_spec["containers"], *pod_spec.get("initContainers", [])]:
        container.setdefault("image", "scenario")
        resources = container.setdefault("resources", {})
        asked = dict(resources.get("requests") or {})
        extended = {name: amount for name, amount in asked.items() if "/" in name}
        if extended:
            resources["limits"] = {**(resources.get("limits") or {}), **extended}


def _definition(group: str, version: str, kind: str, plural: str) -> Json:
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    served = {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}
    scope = "Cluster" if kind in CLUSTER_SCOPED else "Namespaced"
    names = {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, experimental-only"},
        },
        "spec": {
            "group": group,
            "scope": scope,
            "names": names,
            "versions": [{**served, "subresources": {"status": {}}}],
        },
    }


def _said(item: Json, status: Json, at_seconds: float) -> Said:
    target = item["spec"]["target"]
    ref = ObjectRef(target.get("group", ""), target["kind"], item["metadata"].get("namespace", ""), target["name"])
    fact = Evidence(EvidenceSource.OBJECT, f"advice {item['metadata']['name']}", "read from the API server")
    finding = Finding(
        Pattern(status["pattern"]),
        status.get("cause", ""),
        ref,
        Severity(status["severity"]),
        status.get("summary", ""),
        (fact,),
        min(float(status.get("confidence", 0)) / 100, 1.0),
    )
    recommendation = Recommendation(finding, Action(status["action"]), "")
    return Said(str(ref), finding.pattern.value, recommendation.action.value, at_seconds, recommendation)
