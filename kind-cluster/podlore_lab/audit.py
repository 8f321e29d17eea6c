"""What the API server logs of every request, and that log read back as typed events.

Requests are logged once, when answered, with who, what, which answer. A dry run shows in the request's address; that of
a deletion may stand in its body, so deletions are logged with theirs. Only the reads of the control plane's own members
are left out: they are many and say nothing about anybody whom a test asks about.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: [system:apiserver, system:kube-controller-manager, system:kube-scheduler, podlore-lab-kwok]
  verbs: [get, list, watch]
- level: None
  userGroups: ["system:serviceaccounts:kube-system"]
  verbs: [get, list, watch]
- level: None
  nonResourceURLs: ["/healthz*", "/livez*", "/readyz*"]
- level: Request
  verbs: [delete, deletecollection]
- level: Metadata
"""

MUTATING = frozenset({"create", "update", "patch", "delete", "deletecollection"})
# Created to ask a question; nothing is kept of them.
REVIEWS = frozenset(
    {"tokenreviews", "subjectaccessreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews"}
    | {"localsubjectaccessreviews", "selfsubjectreviews"}
)


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One answered request; ``code`` is its HTTP status, ``at`` when it was received (RFC 3339)."""

    at: str
    verb: str
    user: str
    group: str
    resource: str
    subresource: str
    namespace: str
    name: str
    code: int
    dry_run: bool
    stage: str
    path: str
    user_agent: str = ""

    @property
    def is_persisted_mutation(self) -> bool:
        """Whether something in the cluster was changed by it: no dry run, no review, not refused."""
        accepted = 200 <= self.code < 300
        return self.verb in MUTATING and accepted and not self.dry_run and self.resource not in REVIEWS


def read_audit(log: Path, *, user: str | None = None, verbs: frozenset[str] | None = None) -> Iterator[AuditEvent]:
    """Yield the events of a log, oldest first; a last line that is still being written is left out.

    Parameters
    ----------
    user
        Only this user's, such as ``system:serviceaccount:podlore:podlore``.
    verbs
        Only these verbs, such as `MUTATING`.
    """
    with log.open(encoding="utf-8") as lines:
        for line in lines:
            if not line.endswith("\n"):
                return
            event = parse_event(json.loads(line))
            if (user is None or event.user == user) and (verbs is None or event.verb in verbs):
                yield event


def parse_event(raw: dict[str, Any]) -> AuditEvent:
    """Read one event of the API server's JSON.

    >>> raw = {"verb": "patch", "user": {"username": "ann"}, "requestURI": "/api/v1/nodes/n?dryRun=All", "stage": "X",
    ...        "requestReceivedTimestamp": "2026-11-23T10:00:00.000000Z", "responseStatus": {"code": 200}}
    >>> event = parse_event(raw)
    >>> event.user, event.code, event.dry_run, event.is_persisted_mutation
    ('ann', 200, True, False)
    """
    target = raw.get("objectRef", {})
    return AuditEvent(
        at=raw["requestReceivedTimestamp"],
        verb=raw["verb"],
        user=raw["user"].get("username", ""),
        group=target.get("apiGroup", ""),
        resource=target.get("resource", ""),
        subresource=target.get("subresource", ""),
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        code=raw.get("responseStatus", {}).get("code", 0),
        dry_run=_is_dry_run(raw),
        stage=raw["stage"],
        path=raw["requestURI"],
        user_agent=raw.get("userAgent", ""),
    )


def _is_dry_run(raw: dict[str, Any]) -> bool:
    if "dryRun" in parse_qs(urlsplit(raw["requestURI"]).query):
        return True
    body = raw.get("requestObject")
    return raw["verb"].startswith("delete") and isinstance(body, dict) and bool(body.get("dryRun"))
