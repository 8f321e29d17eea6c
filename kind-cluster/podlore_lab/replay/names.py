"""Names of a trace as Kubernetes takes them."""

import re
from hashlib import sha256

LENGTH_MAX = 46
"""A pod's name adds the hashes of its Deployment's template and its own, 17 characters, to at most 63."""

HASH_LENGTH = 6


def kubernetes_name(text: str) -> str:
    """Return a name that Kubernetes takes; one that had to be changed ends with a hash, so that it stays unique.

    >>> kubernetes_name("openb-pod-0017"), kubernetes_name("Große Aufgabe!")
    ('openb-pod-0017', 'gro-e-aufgabe-35e0d5')
    """
    clean = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if clean == text and len(text) <= LENGTH_MAX:
        return text
    digest = sha256(text.encode()).hexdigest()[:HASH_LENGTH]
    return f"{clean[: LENGTH_MAX - HASH_LENGTH - 1].strip('-') or 'job'}-{digest}"
