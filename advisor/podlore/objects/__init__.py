"""Readers of Kubernetes JSON: one file a kind, each strict about types, each dropping what podlore does not need."""

from podlore.objects.controller import read_controller
from podlore.objects.disruption_budget import read_disruption_budget
from podlore.objects.event import read_event
from podlore.objects.node import read_node
from podlore.objects.pod import read_pod

__all__ = ["read_controller", "read_disruption_budget", "read_event", "read_node", "read_pod"]
