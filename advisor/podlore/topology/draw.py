"""The graph as text and as a picture: a tree for the terminal, an SVG or HTML page coloured by load and interference.

Text comes from clusters and files; all of it is escaped, or replaced where it could drive a terminal. A node on which
somebody is slowed has a thick border and a stripe, the darker the more is lost. Called by ``podlore topology``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from podlore.topology.cluster_graph import ROOT, ClusterGraph, Vertex

WIDTH, ROW_HEIGHT, MARGIN = 1600.0, 28.0, 8.0
STRIPE_HEIGHT = 8.0
TEXT_WIDTH_MIN = 34.0
LETTER_WIDTH = 6.6
UNKNOWN_COLOUR = "#d0d0d0"
COLD, HOT = (233, 245, 233), (178, 34, 34)
CALM, HARSH = (225, 222, 240), (59, 15, 112)
PLACES = frozenset({"root", "domain", "node"})


@dataclass(frozen=True, slots=True)
class Slowdown:
    """The greatest share (0-1) of speed that somebody loses on a node, and a sentence about it."""

    loss: float
    said: str


Slowdowns = Mapping[str, Slowdown]
"""By the node's name."""


def tree(
    graph: ClusterGraph, depth: int | None = None, slowdowns: Slowdowns | None = None, children_max: int = 20
) -> Iterator[str]:
    """Yield a line for each domain and node, down to a depth, with its GPUs, how many are held, and who is slowed.

    >>> from podlore.vocabulary import Node, Resources
    >>> list(tree(ClusterGraph([Node("a", "u", 0.0, allocatable=Resources(gpu_milli=8000))])))
    ['cluster  8 GPUs, 0 % held', '└─ a  8 GPUs, 0 % held']
    """
    yield f"cluster  {_held(graph, ROOT)}"
    yield from _below(graph, ROOT, "", depth, slowdowns or {}, children_max)


def _below(  # noqa: PLR0917 - a recursion that carries its place
    graph: ClusterGraph, vertex: Vertex, indent: str, depth: int | None, slowdowns: Slowdowns, children_max: int
) -> Iterator[str]:
    if depth is not None and depth <= 0:
        return
    children = [child for child in graph.children(vertex) if child[0] in PLACES]
    shown = children[:children_max]
    for child in shown:
        is_last = child == children[-1]
        yield f"{indent}{'└─' if is_last else '├─'} {name(child)}  {_told(graph, child, slowdowns)}"
        deeper = None if depth is None else depth - 1
        yield from _below(graph, child, indent + ("   " if is_last else "│  "), deeper, slowdowns, children_max)
    if len(children) > len(shown):
        yield f"{indent}└─ and {len(children) - len(shown)} more"


def name(vertex: Vertex) -> str:
    """Return what a vertex is called, safe to print.

    >>> name(("domain", "topology.podlore.io/rack", "z1", "r7")), name(ROOT)
    ('rack r7', 'cluster')
    """
    if vertex == ROOT:
        return "cluster"
    return printable(f"{vertex[1].rsplit('/', 1)[-1]} {vertex[-1]}" if vertex[0] == "domain" else vertex[-1])


def printable(text: str) -> str:
    """Return a text in which nothing can drive a terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def _held(graph: ClusterGraph, vertex: Vertex) -> str:
    gpus, load = graph.gpu_milli(vertex) / 1000, graph.load(vertex)
    return f"{gpus:g} GPUs" + ("" if load is None else f", {100 * load:.0f} % held")


def _told(graph: ClusterGraph, vertex: Vertex, slowdowns: Slowdowns) -> str:
    slowed = slowdowns.get(vertex[-1]) if vertex[0] == "node" else None
    return _held(graph, vertex) + (f"; {printable(slowed.said)}" if slowed else "")


def svg(graph: ClusterGraph, slowdowns: Slowdowns | None = None) -> str:
    """Return the graph as nested bands from the whole at the top to the nodes: as wide as their GPUs are many."""
    bands: list[str] = []
    weight = _weights(graph)
    depth = _draw(graph, ROOT, (MARGIN, MARGIN, WIDTH - 2 * MARGIN), weight, slowdowns or {}, bands)
    height = 2 * MARGIN + ROW_HEIGHT * depth
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:g}" '
        'font-family="sans-serif" font-size="11">'
    )
    return "\n".join([head, *bands, "</svg>", ""])


def _weights(graph: ClusterGraph) -> dict[Vertex, float]:
    """Return the width of everything: its GPUs, and at least a little for a node without any."""
    found: dict[Vertex, float] = {}

    def width(vertex: Vertex) -> float:
        below = [child for child in graph.children(vertex) if child[0] in PLACES]
        found[vertex] = sum(width(child) for child in below) if below else max(graph.gpu_milli(vertex) / 1000, 0.5)
        return found[vertex]

    width(ROOT)
    return found


def _draw(  # noqa: PLR0917 - a recursion that carries its place
    graph: ClusterGraph,
    vertex: Vertex,
    place: tuple[float, float, float],
    weight: Mapping[Vertex, float],
    slowdowns: Slowdowns,
    bands: list[str],
) -> int:
    """Append a band and all below it; return how many rows they take."""
    x, y, width = place
    load = graph.load(vertex)
    slowed = slowdowns.get(vertex[-1]) if vertex[0] == "node" else None
    title = f"{name(vertex)}: {_told(graph, vertex, slowdowns)}"
    border = 'stroke="#000" stroke-width="2.5"' if slowed else 'stroke="#fff" stroke-width="0.5"'
    inside = _stripe(slowed, x, y, width) + _label(vertex, x, y, width)
    bands.append(
        f'<g><title>{escape(title)}</title><rect x="{x:.2f}" y="{y:.2f}" width="{max(width, 0.2):.2f}" '
        f'height="{ROW_HEIGHT:g}" fill="{colour(load)}" {border}/>{inside}</g>'
    )
    rows, at = 0, x
    for child in graph.children(vertex):
        if child[0] in PLACES:
            share = width * weight[child] / weight[vertex]
            rows = max(rows, _draw(graph, child, (at, y + ROW_HEIGHT, share), weight, slowdowns, bands))
            at += share
    return rows + 1


def _stripe(slowed: Slowdown | None, x: float, y: float, width: float) -> str:
    if slowed is None:
        return ""
    return (
        f'<rect x="{x:.2f}" y="{y + ROW_HEIGHT - STRIPE_HEIGHT:.2f}" width="{max(width, 0.2):.2f}" '
        f'height="{STRIPE_HEIGHT:g}" fill="{_between(CALM, HARSH, slowed.loss)}"/>'
    )


def _label(vertex: Vertex, x: float, y: float, width: float) -> str:
    if width < TEXT_WIDTH_MIN:
        return ""
    shown = name(vertex)[: int(width / LETTER_WIDTH)]
    return f'<text x="{x + 3:.2f}" y="{y + ROW_HEIGHT / 2 + 4:.2f}">{escape(shown)}</text>'


def colour(load: float | None) -> str:
    """Return the colour of a load (0-1), from pale green to red; grey where there is nothing to hold.

    >>> colour(0.0), colour(1.0), colour(None)
    ('#e9f5e9', '#b22222', '#d0d0d0')
    """
    if load is None:
        return UNKNOWN_COLOUR
    return _between(COLD, HOT, load)


def _between(least: tuple[int, int, int], most: tuple[int, int, int], share: float) -> str:
    return "#" + "".join(f"{round(low + (high - low) * share):02x}" for low, high in zip(least, most, strict=True))


def page(graph: ClusterGraph, slowdowns: Slowdowns | None = None) -> str:
    """Return a page with the picture, its legend and a table of what was found; nothing in it is loaded or run."""
    rows = "".join(
        f"<tr><td>{escape(node)}</td><td>{escape(slowed.said)}</td></tr>"
        for node, slowed in sorted((slowdowns or {}).items())
    )
    table = f"<table><tr><th>node</th><th>found</th></tr>{rows}</table>" if rows else ""
    held, lost = (_legend(*scale) for scale in ((COLD, HOT), (CALM, HARSH)))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>podlore topology</title>'
        "<style>body{font-family:sans-serif;margin:1em}svg{width:100%}td,th{text-align:left;padding:0 1em 0 0}</style>"
        f"</head><body><h1>Topology</h1><p>GPUs held: {held}; thick border and stripe: speed lost to a neighbour: "
        f"{lost}</p>"
        f"{svg(graph, slowdowns)}{table}</body></html>\n"
    )


def _legend(least: tuple[int, int, int], most: tuple[int, int, int]) -> str:
    return "".join(
        f'<span style="background:{_between(least, most, share / 4)}">&nbsp;{25 * share} %&nbsp;</span>'
        for share in range(5)
    )
