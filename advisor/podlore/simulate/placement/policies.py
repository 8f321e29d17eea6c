"""Placement policies by name: a compiled score of a (node, pod shape), and how ties are broken.

A plug-in registers a `PlacementPolicy` under the entry point group ``podlore.placement_policies``, by its name.
"""

from dataclasses import dataclass
from importlib.metadata import entry_points

from podlore.errors import BadInput
from podlore.simulate.placement.best_fit import best_fit
from podlore.simulate.placement.dot_product import dot_product
from podlore.simulate.placement.fgd import fgd
from podlore.simulate.placement.first_fit import first_fit
from podlore.simulate.placement.gpu_clustering import gpu_clustering
from podlore.simulate.placement.gpu_packing import gpu_packing
from podlore.simulate.placement.kai_bin_packing import kai_bin_packing
from podlore.simulate.placement.kube_scores import least_allocated, most_allocated, requested_to_capacity_ratio
from podlore.simulate.placement.random_fit import random_fit
from podlore.simulate.placement.score_cache import Pick, Score, first_best, random_best

GROUP = "podlore.placement_policies"


@dataclass(frozen=True, slots=True)
class PlacementPolicy:
    """``score`` is called only where the pod fits; ``pick`` chooses among the nodes' scores."""

    score: Score
    pick: Pick = first_best


RANDOM = PlacementPolicy(random_fit, random_best)
FIRST_FIT = PlacementPolicy(first_fit)
BEST_FIT = PlacementPolicy(best_fit)
DOT_PROD = PlacementPolicy(dot_product)
GPU_PACKING = PlacementPolicy(gpu_packing)
GPU_CLUSTERING = PlacementPolicy(gpu_clustering)
FGD = PlacementPolicy(fgd)
MOST_ALLOCATED = PlacementPolicy(most_allocated)
LEAST_ALLOCATED = PlacementPolicy(least_allocated)
REQUESTED_TO_CAPACITY_RATIO = PlacementPolicy(requested_to_capacity_ratio)
KAI_BIN_PACKING = PlacementPolicy(kai_bin_packing)


def load_policy(name: str) -> PlacementPolicy:
    """Return an installed policy.

    Raises
    ------
    BadInput
        If there is none of this name; the message lists those there are.
    """
    for point in entry_points(group=GROUP, name=name):
        policy: PlacementPolicy = point.load()
        return policy
    installed = ", ".join(sorted(point.name for point in entry_points(group=GROUP)))
    raise BadInput(f"no placement policy {name!r}; installed: {installed}")
