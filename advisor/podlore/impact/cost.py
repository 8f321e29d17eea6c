"""What a run cost: idle GPU-hours at their price, energy with the site's overhead, and the CO2 of that energy.

Prices, power and carbon intensity come from the policy's owner; the defaults here are round figures for a first look,
named in every report.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from podlore.impact.record import RunRecord
from podlore.impact.utilization import HOUR_SECONDS, held_gpu_seconds


@dataclass(frozen=True, slots=True)
class Rates:
    """USD per GPU-hour by product (``""``: any other), watts of a GPU held and idle, PUE, USD and gCO2 per kWh."""

    usd_per_gpu_hour: Mapping[str, float] = field(default_factory=lambda: {"": 2.0})
    busy_watts: float = 300.0
    idle_watts: float = 60.0
    pue: float = 1.4
    usd_per_kwh: float = 0.12
    grams_co2_per_kwh: float = 400.0

    def usd_of(self, product: str) -> float:
        """Return the price of an hour on this product."""
        return self.usd_per_gpu_hour.get(product, self.usd_per_gpu_hour.get("", 0.0))


@dataclass(frozen=True, slots=True)
class Cost:
    """Money, energy and carbon of a run."""

    usd: float
    idle_usd: float
    kilowatt_hours: float
    idle_kilowatt_hours: float
    energy_usd: float
    kilograms_co2: float


def cost(run: RunRecord, rates: Rates) -> Cost:
    """Return what a run cost; what nobody held is split over products as they are in the cluster.

    >>> from podlore.impact.record import JobRecord
    >>> run = RunRecord((JobRecord("a", "t", 1, 0, 0, 3600),), {"T4": 2}, 0, 3600)
    >>> cost(run, Rates({"T4": 0.5}, 70, 10, 1.0, 0.1, 500))
    Cost(usd=1.0, idle_usd=0.5, kilowatt_hours=0.08, idle_kilowatt_hours=0.01, energy_usd=0.008, kilograms_co2=0.04)
    """
    hours = (run.ends_at - run.begins_at) / HOUR_SECONDS
    held = held_gpu_seconds(run) / HOUR_SECONDS
    idle = run.gpus * hours - held
    price = sum(gpus * rates.usd_of(product) for product, gpus in run.gpus_by_product.items()) / run.gpus
    idle_kwh = idle * rates.idle_watts / 1000 * rates.pue
    kwh = held * rates.busy_watts / 1000 * rates.pue + idle_kwh
    return Cost(
        run.gpus * hours * price,
        idle * price,
        kwh,
        idle_kwh,
        kwh * rates.usd_per_kwh,
        kwh * rates.grams_co2_per_kwh / 1000,
    )
