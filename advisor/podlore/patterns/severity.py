"""How much it hurts: one table of GPU-hours, and one of patterns that hurt whatever their size.

===========  ==========================  ======================================
severity     GPU-hours at stake          in words
===========  ==========================  ======================================
critical     768 and more                32 GPUs for a day
high         96 and more                 4 GPUs for a day
medium       16 and more                 2 GPUs for a working day
low          above 0                     less
info         none                        no GPU is held or wanted
===========  ==========================  ======================================

What breaks a node, or lets somebody in, is at least as severe as `AT_LEAST` says.
"""

from collections.abc import Mapping

from podlore.vocabulary import Pattern, Severity

BY_GPU_HOURS: tuple[tuple[float, Severity], ...] = (
    (768.0, Severity.CRITICAL),
    (96.0, Severity.HIGH),
    (16.0, Severity.MEDIUM),
)
AT_LEAST: Mapping[Pattern, Severity] = {
    Pattern.BLACK_HOLE_NODE: Severity.HIGH,
    Pattern.HARDWARE_FAULT: Severity.HIGH,
    Pattern.SECURITY_INCIDENT: Severity.HIGH,
    Pattern.NETWORK_DEGRADATION: Severity.MEDIUM,
    Pattern.STORAGE_STALL: Severity.LOW,
    Pattern.OUT_OF_MEMORY_LOOP: Severity.LOW,
    Pattern.CRASH_LOOP: Severity.LOW,
    Pattern.ACCESSIBILITY_BARRIER: Severity.LOW,
}
ORDER = tuple(Severity)
"""The worst first."""


def severity_of(pattern: Pattern, gpu_hours: float) -> Severity:
    """Return how severe a finding of this pattern is.

    >>> severity_of(Pattern.RESOURCE_HOARDING, 100.0), severity_of(Pattern.HARDWARE_FAULT, 1.0)
    (<Severity.HIGH: 'high'>, <Severity.HIGH: 'high'>)
    """
    smallest = Severity.LOW if gpu_hours > 0 else Severity.INFO
    by_size = next((severity for bar, severity in BY_GPU_HOURS if gpu_hours >= bar), smallest)
    return min(by_size, AT_LEAST.get(pattern, Severity.INFO), key=ORDER.index)
