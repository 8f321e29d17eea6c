"""What podlore can find, one file a pattern: each takes a `podlore.view.ClusterView` and yields `Finding`.

A detector is silent rather than wrong: absent or hostile data, a disabled threshold or an empty snapshot yield nothing.
"""

from collections.abc import Callable, Iterator

from podlore.patterns.accessibility_barrier import accessibility_barrier
from podlore.patterns.crash_loop import crash_loop
from podlore.patterns.fragmentation import fragmentation
from podlore.patterns.gang_scattered import gang_scattered
from podlore.patterns.out_of_memory_loop import out_of_memory_loop
from podlore.patterns.resource_hoarding import resource_hoarding
from podlore.view import ClusterView
from podlore.vocabulary import Finding

Detector = Callable[[ClusterView], Iterator[Finding]]

DETECTORS: tuple[Detector, ...] = (
    resource_hoarding,
    accessibility_barrier,
    fragmentation,
    gang_scattered,
    crash_loop,
    out_of_memory_loop,
)

__all__ = ["DETECTORS", "Detector"]
