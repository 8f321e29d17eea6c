"""Where nodes stand, what is free there, and which pod may go where."""

from podlore.topology.cluster_graph import ROOT, ClusterGraph, Vertex
from podlore.topology.eligibility import LIFTABLE, Constraint, Objection, objections
from podlore.topology.levels import NODE_LEVEL
from podlore.topology.room import fits, free_by_node, times, usable_gpu_milli
from podlore.topology.topology import Domain, Topology

__all__ = [
    "LIFTABLE",
    "NODE_LEVEL",
    "ROOT",
    "ClusterGraph",
    "Constraint",
    "Domain",
    "Objection",
    "Topology",
    "Vertex",
    "fits",
    "free_by_node",
    "objections",
    "times",
    "usable_gpu_milli",
]
