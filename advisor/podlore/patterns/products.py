"""Which GPU products a pod is content with, by its own selector and affinity.

`podlore.patterns.comparable` and ``podlore.why`` ask: who insists on a product queues with those who want the same one.
"""

from podlore.topology.eligibility import meets
from podlore.view import ClusterView
from podlore.vocabulary import Node, Pod, Requirement

PRODUCT = "nvidia.com/gpu.product"


def product_of(node: Node) -> str:
    """Return the GPU product of a node; empty where it does not tell."""
    return node.labels.get(PRODUCT, "")


def products_allowed(pod: Pod, view: ClusterView) -> frozenset[str]:
    """Return the products of the cluster that a pod is content with; empty if it names none, or none that is there.

    >>> from podlore.testing import node, pod, snapshot
    >>> nodes = (node("a", labels={PRODUCT: "H100"}), node("b", labels={PRODUCT: "B200"}))
    >>> view = ClusterView(snapshot(nodes=nodes))
    >>> sorted(products_allowed(pod(node_selector={PRODUCT: "B200"}), view)), sorted(products_allowed(pod(), view))
    (['B200'], [])
    """
    key = tuple(sorted(pod.node_selector.items())), pod.affinity_terms
    return view.once(("products", key), lambda: _allowed(pod, view))


def _allowed(pod: Pod, view: ClusterView) -> frozenset[str]:
    selected = pod.node_selector.get(PRODUCT)
    terms = [tuple(one for one in term if one.key == PRODUCT) for term in pod.affinity_terms]
    if selected is None and not (terms and all(terms)):
        return frozenset()
    nodes = {product: Node("", "", 0.0, labels={PRODUCT: product}) for product in _products(view)}
    return frozenset(
        product
        for product, node in nodes.items()
        if selected in (None, product) and (not terms or any(_meets(term, node) for term in terms))
    )


def _meets(term: tuple[Requirement, ...], node: Node) -> bool:
    return all(meets(requirement, node) for requirement in term)


def _products(view: ClusterView) -> frozenset[str]:
    return view.once("products", lambda: frozenset(product_of(node) for node in view.nodes.values()) - {""})
