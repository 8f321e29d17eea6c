"""GPU windows of a scenario, aggregated as the operator's PromQL does.

``max_over_time``, ``avg_over_time`` and ``count_over_time`` of samples, by device and holder; a holder is one that had
the device in the last quarter of the window, and all who have it now share it. The idle power of a product is the low
end over its devices that were idle at some time in the window.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from podlore.policy import Policy
from podlore.testing.scenario.samples import NOTHING, SCRAPE_SECONDS, Floats, Key, Samples
from podlore.vocabulary import GpuWindow

ACTIVITY_SCALES: Mapping[str, float] = {"smActive": 1.0, "grEngineActive": 1.0, "gpuUtil": 0.01}
LATELY_SHARE = 0.25
IDLE_SHARE_MAX = 0.01
IDLE_QUANTILE = 0.1

Holder = tuple[str, str, str]
"""A node, a device of it, and who holds it (namespace/name), or nobody."""


def gpu_windows(samples: Samples, now_seconds: float, policy: Policy, products: Mapping[str, str]) -> list[GpuWindow]:
    """Return a window for each device and holder; ``products`` are by node."""
    look = _Look(samples, now_seconds, policy)
    found = [look.window_of(holder, products) for holder in look.holders(LATELY_SHARE * look.window_seconds)]
    users = Counter(_uuid(holder) for holder in look.holders(SCRAPE_SECONDS) if holder[2])
    idle_watts = look.idle_watts(products)
    return [
        replace(window, sharing=max(users[window.uuid], 1), power_idle_watts=idle_watts.get(window.product))
        for window in found
    ]


@dataclass(frozen=True, slots=True)
class _Look:
    samples: Samples
    now_seconds: float
    policy: Policy
    activities: dict[tuple[Holder, float], Floats] = field(default_factory=dict)
    """What was answered before: each is asked for again and again."""

    @property
    def window_seconds(self) -> float:
        return self.policy.thresholds.resource_hoarding.idle_seconds_min

    def values(self, holder: Holder, name: str, seconds: float | None = None) -> Floats:
        metric = self.policy.metric_names.get(name, "")
        if not metric:
            return NOTHING
        return self.samples.window(Key(*holder, metric), self.now_seconds, seconds or self.window_seconds)

    def activity(self, holder: Holder, seconds: float | None = None) -> Floats:
        """Return the shares of activity by the first metric that exists."""
        asked = (holder, seconds or self.window_seconds)
        if asked not in self.activities:
            self.activities[asked] = self._activity(*asked)
        return self.activities[asked]

    def _activity(self, holder: Holder, seconds: float) -> Floats:
        for name, scale in ACTIVITY_SCALES.items():
            if len(values := self.values(holder, name, seconds)):
                return values * scale
        return NOTHING

    def holders(self, lately_seconds: float) -> list[Holder]:
        """Return who held which device lately, in order."""
        return [holder for holder in self.samples.holders if len(self.activity(holder, lately_seconds))]

    def idle_watts(self, products: Mapping[str, str]) -> dict[str, float]:
        """Return the low end of the power of idle devices, by product."""
        lowest: defaultdict[str, list[float]] = defaultdict(list)
        for holder in self.holders(self.window_seconds):
            drawn = self.values(holder, "powerUsage")
            if len(drawn) and self.activity(holder).min() <= IDLE_SHARE_MAX:
                lowest[products.get(holder[0], "")].append(float(drawn.min()))
        return {product: float(np.quantile(watts, IDLE_QUANTILE)) for product, watts in lowest.items()}

    def window_of(self, holder: Holder, products: Mapping[str, str]) -> GpuWindow:
        activity, power = self.activity(holder), self.values(holder, "powerUsage")
        namespace, _, pod = holder[2].partition("/")
        return GpuWindow(
            node=holder[0],
            uuid=_uuid(holder),
            namespace=namespace,
            pod=pod,
            window_seconds=self.window_seconds,
            samples=len(activity),
            coverage=min(len(activity) * SCRAPE_SECONDS / self.window_seconds, 1.0),
            activity_max=min(float(activity.max()), 1.0),
            activity_mean=min(float(activity.mean()), 1.0),
            memory_used_share=self._memory_used_share(holder),
            power_max_watts=float(power.max()) if len(power) else None,
            product=products.get(holder[0], ""),
        )

    def _memory_used_share(self, holder: Holder) -> float | None:
        used, free = self.values(holder, "fbUsed"), self.values(holder, "fbFree")
        return float(used.max() / (used.max() + free.min())) if len(used) and len(free) else None


def _uuid(holder: Holder) -> str:
    return f"GPU-{holder[0]}-{holder[1]}"
