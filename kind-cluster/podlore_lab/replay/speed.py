"""How fast a trace may be replayed so that what is measured in it can still be seen."""

from podlore.policy import Thresholds

SCRAPE_SECONDS = 1.0
SAMPLES_MIN = 30
WINDOW_SECONDS = Thresholds().resource_hoarding.idle_seconds_min


def capped(speed: float) -> float:
    """Return the speed, or the highest at which the shortest metric window still holds `SAMPLES_MIN` samples.

    >>> capped(600), capped(100)
    (240.0, 100)
    """
    return min(speed, WINDOW_SECONDS / (SAMPLES_MIN * SCRAPE_SECONDS))
