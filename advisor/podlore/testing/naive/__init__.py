"""Slow, obvious twins: each algorithm once more, the way one would explain it. Tests compare the two."""
