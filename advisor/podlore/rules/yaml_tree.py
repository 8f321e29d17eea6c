"""YAML with places: nodes whose scalars stay text, so that ``- 502`` is the three letters 502. Read by the loader."""

from collections.abc import Iterator

import yaml

from podlore.rules.rule import Place

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 100


class YamlError(Exception):
    """What is wrong in a file, at its place; the loader turns it into a problem."""

    def __init__(self, place: Place, text: str) -> None:
        super().__init__(f"{place}: {text}")
        self.place = place
        self.text = text


def compose(text: str, name: str) -> list[yaml.Node]:
    """Return the documents of a file, refusing what is no YAML, and repeated keys."""
    try:
        _check_depth(text, name)
        documents = [node for node in yaml.compose_all(text, Loader=_Loader) if node is not None]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(name, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1)
        raise YamlError(
            place, f"no YAML: {error.problem or error.context}; check the indentation and quotes"
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise YamlError(Place(name, 1, 1), f"no YAML: {' '.join(str(error).split())[:200]}") from error
    return documents


def _check_depth(text: str, name: str) -> None:
    """Refuse deep nesting before anything recurses into it: the composer in C would crash."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            mark = event.start_mark
            at = Place(name, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1)
            raise YamlError(at, f"nested more than {DEEPEST} deep; no rule needs that")


def place(node: yaml.Node, name: str) -> Place:
    """Return where a node begins."""
    return Place(name, node.start_mark.line + 1, node.start_mark.column + 1)


def entries(node: yaml.Node | None, name: str) -> list[tuple[yaml.Node, yaml.Node]]:
    """Return the keys and values of a mapping (none for an absent node), refusing a repeated key."""
    if node is None or is_null(node):
        return []
    if not isinstance(node, yaml.MappingNode):
        raise YamlError(place(node, name), "expected a mapping (`key: value` lines)")
    seen: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise YamlError(place(key, name), "a key is a single word, not a list or a mapping")
        if key.value in seen:
            raise YamlError(place(key, name), f"the key {key.value!r} is given twice; keep one")
        seen.add(str(key.value))
    return list(node.value)


def items(node: yaml.Node | None, name: str) -> list[yaml.Node]:
    """Return the items of a list (none for an absent node)."""
    if node is None or is_null(node):
        return []
    if not isinstance(node, yaml.SequenceNode):
        raise YamlError(place(node, name), "expected a list (lines that begin with `- `)")
    return list(node.value)


def find(node: yaml.Node | None, key: str) -> yaml.Node | None:
    """Return the value of ``key`` in a mapping, or None."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for each, value in node.value if each.value == key), None)


def text(node: yaml.Node | None, name: str, default: str = "") -> str:
    """Return a scalar's text as written."""
    if node is None:
        return default
    if not isinstance(node, yaml.ScalarNode):
        raise YamlError(place(node, name), "expected a single value, not a list or a mapping")
    return str(node.value)


def texts(node: yaml.Node | None, name: str) -> Iterator[str]:
    """Yield the scalars of a list, or of a single value."""
    if isinstance(node, yaml.ScalarNode):
        if node.value:
            yield str(node.value)
        return
    for item in items(node, name):
        yield text(item, name)


def is_null(node: yaml.Node) -> bool:
    """Whether nothing is written there."""
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"
