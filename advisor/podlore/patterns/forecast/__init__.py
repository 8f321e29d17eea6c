"""What will be found if things go on as they do, 5, 15 or 60 minutes before it is: called by `podlore.advisor.detect`.

`precursors` looks for what leads to a pattern and how long that will take, `probability` says how likely it gets there
in time, and `forecasts` makes findings of what is likely enough.
"""

from podlore.patterns.forecast.forecasts import HORIZONS_MINUTES, forecasts
from podlore.patterns.forecast.precursors import PRECURSORS, Precursor
from podlore.patterns.forecast.probability import probability

__all__ = ["HORIZONS_MINUTES", "PRECURSORS", "Precursor", "forecasts", "probability"]
