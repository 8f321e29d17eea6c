"""Terms made callable: substring, RE2 and jq on an entry's text.

Nothing here can hang: RE2 runs in linear time, jq programs that may run for ever are refused, and of the outputs of the
others only the first are taken.
"""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from itertools import islice
from typing import Any

import re2

from podlore.errors import Unavailable
from podlore.rules.rule import Extract, Kind, Term

Finder = Callable[[bytes], bool]
JQ_OUTPUTS_MAX = 1000
JQ_STRING = re.compile(r'"(?:\\.|[^"\\])*"')
JQ_ENDLESS = re.compile(r"(?<![.\w])(?:repeat|until|while|range|def|recurse(?=\s*\())\b")
"""What a jq program may go round in for ever, or for a number of times that it names itself."""


def _options() -> Any:  # noqa: ANN401 - an extension without types
    options = re2.Options()
    options.log_errors = False
    return options


@lru_cache(maxsize=4096)
def compile_regex(expression: str) -> Any:  # noqa: ANN401 - an extension without types
    """Return the compiled RE2 of ``expression``."""
    return re2.compile(expression, _options())


def check_regex(expression: str) -> str:
    """Return what is wrong with a regex, or nothing."""
    try:
        compile_regex(expression)
    except re2.error as error:
        said = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        return f"RE2 refuses {expression[:80]!r}: {said}; it knows neither look-around nor back-references"
    return ""


def check_jq(expression: str) -> str:
    """Return what is wrong with a jq program, or nothing.

    >>> check_jq('select(.msg | contains("while waiting")) | .range')
    ''
    >>> check_jq("last(repeat(.))")
    "the jq program 'last(repeat(.))' may never end: 'repeat' goes round; use select, test or contains"
    """
    if endless := JQ_ENDLESS.search(JQ_STRING.sub('""', expression)):
        said = f"{endless[0]!r} goes round; use select, test or contains"
        return f"the jq program {expression[:80]!r} may never end: {said}"
    try:
        _jq(expression)
    except ValueError as error:
        return f"jq refuses {expression[:80]!r}: {' '.join(str(error).split())[:200]}"
    return ""


@lru_cache(maxsize=1024)
def _jq(expression: str) -> Any:  # noqa: ANN401 - an extension without types
    try:
        import jq  # noqa: PLC0415 - an extra: only rules with jq terms need it
    except ModuleNotFoundError as error:
        raise Unavailable("rules with jq terms need jq; pip install 'podlore[rules]'") from error
    return jq.compile(expression)


def finder(term: Term) -> Finder:
    """Return what says whether an entry's text matches ``term``."""
    if term.field:
        inner = finder(Term(term.kind, term.expression))
        return lambda entry: any(inner(part) for part in _field(entry, term.field))
    if term.kind is Kind.VALUE:
        needle = term.expression.encode()
        return lambda entry: needle in entry
    if term.kind is Kind.REGEX:
        search = compile_regex(term.expression).search
        return lambda entry: search(entry.decode("utf-8", "replace")) is not None
    program = _jq(term.expression)
    return lambda entry: _is_true(program, entry)


def extractor(extract: Extract) -> Callable[[bytes], str | None]:
    """Return what takes ``extract`` out of an entry's text."""
    if extract.kind is Kind.REGEX:
        pattern = compile_regex(extract.expression)
        group = min(1, pattern.groups)

        def find(entry: bytes) -> str | None:
            found = pattern.search(entry.decode("utf-8", "replace"))
            return found.group(group) if found else None

        return find
    program = _jq(extract.expression)

    def first(entry: bytes) -> str | None:
        outputs = _outputs(program, entry)
        return str(outputs[0]) if outputs and outputs[0] is not None else None

    return first


def _is_true(program: Any, entry: bytes) -> bool:  # noqa: ANN401 - an extension without types
    return any(output is not None and output is not False for output in _outputs(program, entry))


def _outputs(program: Any, entry: bytes) -> list[Any]:  # noqa: ANN401 - an extension without types
    """Return a program's first outputs, none where the entry is no JSON or the program fails on it."""
    try:
        return list(islice(program.input_value(json.loads(entry)), JQ_OUTPUTS_MAX))
    except (ValueError, RecursionError):
        return []


def _field(entry: bytes, path: str) -> list[bytes]:
    """Return the text at a dotted path of a JSON entry, if it is there; the whole entry where it is no object."""
    try:
        value = json.loads(entry)
    except (ValueError, RecursionError):
        return [entry]
    if not isinstance(value, dict):
        return [entry]
    for name in path.removeprefix(".").split("."):
        if not isinstance(value, dict) or name not in value:
            return []
        value = value[name]
    return [value.encode() if isinstance(value, str) else json.dumps(value).encode()]
