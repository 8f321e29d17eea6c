"""Traces of GPU clusters: one schema, a reader for each format, checks, statistics, downloads, a generated sample."""

from podlore.traces.curve import Curve, parse_curve
from podlore.traces.job import Behaviour, Job, Kind, NearMiss, NodeShape, Outcome, Planted, Problem, Trace
from podlore.traces.problems import problems, stop_on
from podlore.traces.read_trace import read_nodes, read_table, read_trace, write_trace

__all__ = [
    "Behaviour",
    "Curve",
    "Job",
    "Kind",
    "NearMiss",
    "NodeShape",
    "Outcome",
    "Planted",
    "Problem",
    "Trace",
    "parse_curve",
    "problems",
    "read_nodes",
    "read_table",
    "read_trace",
    "stop_on",
    "write_trace",
]
