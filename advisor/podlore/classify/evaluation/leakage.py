"""Prove that a split does not leak: no family and no near-copy of a tested text is among those trained on.

`scan` looks at a split and says what it found; `require_clean` fails on a finding, so that no number is printed that a
leak has made. What synthetic rows have in common with real ones is reported, not forbidden: the generator is frozen
before any real row was looked at.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from podlore.classify.families import NEAR, Numbers, nearest, skeleton
from podlore.errors import BadInput


@dataclass(frozen=True, slots=True)
class Leakage:
    """What the two sides of a split have in common; all zero where it is clean."""

    rows_tested: int
    shared_families: int
    same_text: int
    near_copies: int
    highest_cosine: float

    @property
    def is_clean(self) -> bool:
        """Whether nothing is on both sides."""
        return not (self.shared_families or self.same_text or self.near_copies)

    def as_dict(self) -> dict[str, float]:
        """Return it for a report."""
        return asdict(self)


def scan(trained: Sequence[str], tested: Sequence[str], families: tuple[Numbers, Numbers] | None = None) -> Leakage:
    """Compare every tested text with all that were trained on.

    >>> scan(["disk sda1 failed"], ["disk sda2 failed", "login refused"]).same_text
    1
    """
    cosines, _ = nearest(tested, trained)
    known = {skeleton(text) for text in trained}
    shared = np.intersect1d(*families) if families else ()
    return Leakage(
        rows_tested=len(tested),
        shared_families=len(shared),
        same_text=sum(skeleton(text) in known for text in tested),
        near_copies=int((cosines >= NEAR).sum()),
        highest_cosine=round(float(cosines.max(initial=0.0)), 4),
    )


def require_clean(leakage: Leakage, split: str) -> None:
    """Raise `BadInput` if a split leaks."""
    if not leakage.is_clean:
        raise BadInput(
            f"{split} leaks: on both sides are {leakage.shared_families} families, {leakage.same_text} equal texts and "
            f"{leakage.near_copies} near ones (cosine up to {leakage.highest_cosine}); split by family"
        )
