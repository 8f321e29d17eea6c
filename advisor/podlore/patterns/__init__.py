"""What podlore can find, one file a pattern: each takes a `podlore.view.ClusterView` and yields `Finding`.

A detector is silent rather than wrong: absent or hostile data, a disabled threshold or an empty snapshot yield nothing.
"""

from collections.abc import Callable, Iterator

from podlore.patterns.accessibility_barrier import accessibility_barrier
from podlore.patterns.black_hole_node import black_hole_node
from podlore.patterns.crash_loop import crash_loop
from podlore.patterns.fragmentation import fragmentation
from podlore.patterns.gang_scattered import gang_scattered
from podlore.patterns.hardware_fault import hardware_fault
from podlore.patterns.interference import interference
from podlore.patterns.network_degradation import network_degradation
from podlore.patterns.out_of_memory_loop import out_of_memory_loop
from podlore.patterns.over_request import over_request
from podlore.patterns.queue_spiral import queue_spiral
from podlore.patterns.resource_hoarding import resource_hoarding
from podlore.patterns.security_incident import security_incident
from podlore.patterns.storage_stall import storage_stall
from podlore.patterns.straggler import straggler
from podlore.view import ClusterView
from podlore.vocabulary import Finding

Detector = Callable[[ClusterView], Iterator[Finding]]

DETECTORS: tuple[Detector, ...] = (
    resource_hoarding,
    over_request,
    queue_spiral,
    accessibility_barrier,
    fragmentation,
    interference,
    gang_scattered,
    straggler,
    crash_loop,
    out_of_memory_loop,
    black_hole_node,
    hardware_fault,
    network_degradation,
    storage_stall,
    security_incident,
)
"""In the order of `podlore.vocabulary.Pattern`."""

__all__ = ["DETECTORS", "Detector"]
