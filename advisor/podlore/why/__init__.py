"""Who waits and why: one dominant reason, its evidence, what would free it, and when that is likely.

``podlore why`` asks; the detectors of `podlore.patterns` judge by the same rules whether a wait is worth an advice.
"""

from podlore.why.explain import Why, why
from podlore.why.find import find
from podlore.why.wait_reason import FREES, WORDS, WaitReason

__all__ = ["FREES", "WORDS", "WaitReason", "Why", "find", "why"]
