"""Events and log lines: one record for all of them, clean, bounded and masked at the door.

``podlore.events.readers`` read formats into `LogRecord`, `normalize` is the door, `mask` serves any text that leaves,
and ``podlore.events.generator`` makes labelled examples.
"""

from podlore.events.mask import mask
from podlore.events.normalize import normalize, record_of_event
from podlore.events.record import LogRecord

__all__ = ["LogRecord", "mask", "normalize", "record_of_event"]
