"""Names of advice: the same target, pattern and cause always have the same name, so a repeat updates.

A resubmitted job has another uid but the same name, and keeps its acknowledgement; two causes are two objects.
"""

import hashlib
import json
import re

from podlore.vocabulary import ObjectRef, Pattern, Recommendation

NAME_LENGTH_MAX = 63
KIND_LENGTH_MAX = 20


def advice_name(target: ObjectRef, pattern: Pattern, cause: str) -> str:
    """Return ``<kind>-<name>-<pattern>-<hash8>``, a DNS label; a long name loses its middle, never the hash.

    >>> advice_name(ObjectRef("batch", "Job", "vision", "train"), Pattern.CRASH_LOOP, "ExitCode")
    'job-train-crashloop-556734d0'
    """
    digest = hashlib.sha256(json.dumps(_identity(target, pattern, cause)).encode()).hexdigest()[:8]
    ends = len(_label(target.kind)[:KIND_LENGTH_MAX]) + len(pattern) + len(digest) + 3
    name = _shortened(_label(target.name), NAME_LENGTH_MAX - ends)
    return "-".join((_label(target.kind)[:KIND_LENGTH_MAX], name, pattern.lower(), digest))


def name_of(recommendation: Recommendation) -> str:
    """Return the name of the advice that says this."""
    finding = recommendation.because
    return advice_name(finding.target, finding.pattern, finding.cause)


def _identity(target: ObjectRef, pattern: Pattern, cause: str) -> list[str]:
    return [target.group, target.kind, target.namespace, target.name, pattern, cause]


def _label(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "x"


def _shortened(name: str, room: int) -> str:
    if len(name) <= room:
        return name
    tail = room // 3
    return f"{name[: room - tail - 1].strip('-')}-{name[-tail:].strip('-')}"
