"""podlore: scheduling advice for GPU clusters, learned from how pods behave."""

__version__ = "0.1.0"
