"""The words of PromQL that podlore speaks: selectors, durations, and several answers in one query."""

import re
from collections.abc import Mapping

from podlore.errors import BadInput

STAT = "stat"
"""The label that tells which of the joined expressions a sample answers."""

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_MATCHER = r'[a-zA-Z_][a-zA-Z0-9_]*\s*(?:=~|!~|!=|=)\s*"(?:[^"\\\n]|\\.)*"'
_MATCHERS = re.compile(rf"\s*(?:{_MATCHER}(?:\s*,\s*{_MATCHER})*\s*,?)?\s*")


def selector(name: str, matchers: str = "") -> str:
    """Return a metric restricted by label matchers, which come from a policy and are checked here.

    >>> selector("DCGM_FI_DEV_GPU_UTIL", 'cluster="a"')
    'DCGM_FI_DEV_GPU_UTIL{cluster="a"}'
    """
    if not _NAME.fullmatch(name):
        raise BadInput(f"{name[:80]!r} is no name of a metric")
    if not _MATCHERS.fullmatch(matchers):
        raise BadInput(f'{matchers[:80]!r} is no list of label matchers such as cluster="a", region!="b"')
    return f"{name}{{{matchers.strip()}}}"


def duration(seconds: float) -> str:
    """Return a duration, at least a millisecond.

    >>> duration(7200), duration(3.75)
    ('7200000ms', '3750ms')
    """
    return f"{max(1, round(seconds * 1000))}ms"


def joined(expressions: Mapping[str, str]) -> str:
    """Return one expression that answers several; each sample tells by the label ``stat`` which one.

    >>> joined({"max": "max(up)", "min": "min(up)"})
    'label_replace(max(up), "stat", "max", "", "") or label_replace(min(up), "stat", "min", "", "")'
    """
    return " or ".join(
        f'label_replace({expression}, "{STAT}", "{stat}", "", "")' for stat, expression in expressions.items()
    )
