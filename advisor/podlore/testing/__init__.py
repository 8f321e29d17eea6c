"""For tests of podlore and of plug-ins: builders of small clusters, slow twins, and the scenario runner."""

from podlore.testing.build import (
    GIB,
    HOUR,
    MINUTE,
    NOW,
    activity,
    gang,
    gpu_window,
    job,
    node,
    pod,
    series,
    snapshot,
)

__all__ = [
    "GIB",
    "HOUR",
    "MINUTE",
    "NOW",
    "activity",
    "gang",
    "gpu_window",
    "job",
    "node",
    "pod",
    "series",
    "snapshot",
]
