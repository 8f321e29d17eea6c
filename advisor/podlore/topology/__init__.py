"""Where nodes stand, what is free there, and which pod may go where."""

from podlore.topology.eligibility import LIFTABLE, Constraint, Objection, objections
from podlore.topology.room import fits, free_by_node, times, usable_gpu_milli
from podlore.topology.topology import NODE_LEVEL, Domain, Topology

__all__ = [
    "LIFTABLE",
    "NODE_LEVEL",
    "Constraint",
    "Domain",
    "Objection",
    "Topology",
    "fits",
    "free_by_node",
    "objections",
    "times",
    "usable_gpu_milli",
]
