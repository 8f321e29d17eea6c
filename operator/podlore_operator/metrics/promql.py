"""The words of PromQL that podlore speaks: selectors, durations, and several answers in one query."""

import re
from collections.abc import Iterable, Mapping

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
    return f"{_checked_name(name)}{{{_checked_matchers(matchers)}}}"


def any_of(names: Iterable[str], matchers: str = "") -> str:
    """Return a selector of several metrics at once.

    >>> any_of(["up", "down"], 'cluster="a"')
    '{__name__=~"up|down", cluster="a"}'
    """
    more = f", {found}" if (found := _checked_matchers(matchers)) else ""
    return f'{{__name__=~"{"|".join(map(_checked_name, names))}"{more}}}'


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise BadInput(f"{name[:80]!r} is no name of a metric")
    return name


def _checked_matchers(matchers: str) -> str:
    if not _MATCHERS.fullmatch(matchers):
        raise BadInput(f'{matchers[:80]!r} is no list of label matchers such as cluster="a", region!="b"')
    return matchers.strip()


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
