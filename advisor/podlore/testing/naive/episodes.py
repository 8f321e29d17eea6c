"""Minimal occurrences of an episode by their definition: every pair of moments is looked at."""

from itertools import product


def occurrences(
    events: list[tuple[float, int]], types: tuple[int, ...], window_seconds: float, *, serial: bool
) -> list[tuple[float, float]]:
    """Return start and end of each stretch that holds the episode while no stretch within it does."""
    moments = sorted({at for at, _ in events})
    holding = [
        (start, end)
        for start, end in product(moments, moments)
        if start <= end and _holds([(at, kind) for at, kind in events if start <= at <= end], types, serial=serial)
    ]
    minimal = []
    for start, end in holding:
        within = [one for one in holding if start <= one[0] and one[1] <= end and one != (start, end)]
        if not within and end - start <= window_seconds:
            minimal.append((start, end))
    return sorted(minimal)


def _holds(events: list[tuple[float, int]], types: tuple[int, ...], *, serial: bool) -> bool:
    if not serial:
        return {kind for _, kind in events} >= set(types)
    reached = {0: float("-inf")}
    for place, wanted in enumerate(types):
        times = [at for at, kind in events if kind == wanted and place in reached and at > reached[place]]
        if not times:
            return False
        reached[place + 1] = min(times)
    return True
