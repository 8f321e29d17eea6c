"""Where the shipped sample lies: ``podlore lab up`` takes its nodes, ``podlore lab replay sample`` its jobs."""

from pathlib import Path

SAMPLE_SEED = 7
"""The seed that the shipped sample was made with: ``podlore trace sample --seed 7 DIR`` makes it again."""

SAMPLE_FOLDER = Path(__file__).parent / "sample"
"""A folder that `podlore.traces.read_trace` reads."""
