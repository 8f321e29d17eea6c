"""Take out of a text what names a person, a machine or a secret, and leave what names the problem.

In: any text. Out: the same text with placeholders such as ``<mail>`` and ``<ip>``. Called at the door for every event
and log line, and by the advice for every text that leaves. The rules are the table of `podlore.events.mask_rules`.
"""

from collections.abc import Iterable

from podlore.events.mask_rules import RULES

TEXT_CHARS = 65_536
"""What `mask` looks at, and returns, at most."""


def mask(text: str, names: Iterable[str] = ()) -> str:
    """Return a text without mail, network and hardware addresses, users, hosts, secrets, cards and UUIDs.

    Parameters
    ----------
    text
        Any text; what lies beyond `TEXT_CHARS` is cut off.
    names
        Further names to mask as hosts, such as the host that a record came from.

    Examples
    --------
    >>> mask("Failed password for invalid user bob from 203.0.113.9 port 4242 ssh2")
    'Failed password for invalid user <user> from <ip> port 4242 ssh2'
    >>> mask("dial tcp: lookup db.prod.example.com on 10.96.0.10:53: no such host")
    'dial tcp: lookup <host> on <ip>:53: no such host'
    >>> mask("container failed with exit code 137 at 12:30:05, image sha256:0123")
    'container failed with exit code 137 at 12:30:05, image sha256:0123'
    """
    masked = text[:TEXT_CHARS].encode("utf-8", errors="replace").decode("utf-8")
    for name in names:
        masked = masked.replace(name, "<host>") if len(name) > 3 else masked
    lowered = masked.lower()
    for rule in RULES:
        if not rule.needs or any(need in lowered for need in rule.needs):
            masked = rule.pattern.sub(rule.replace, masked)
    return masked
