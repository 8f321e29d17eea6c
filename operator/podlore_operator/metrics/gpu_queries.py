"""The questions about GPUs: metric names and a window come in, one PromQL expression for each answer leaves.

Everything is reduced inside Prometheus to one number a series (a device and who holds it). Activity is asked for under
its three names, since a cluster may export only one of them, or different ones on different nodes:
``smActive.max`` and so on. A device whose metrics come from several containers repeats its value (the maximum is
taken); one whose exporter came back under another address continues (the counts add up).
"""

from collections.abc import Mapping

from podlore_operator.metrics.promql import duration, selector

ACTIVITY_SCALES: Mapping[str, float] = {"smActive": 1.0, "grEngineActive": 1.0, "gpuUtil": 0.01}
"""The metrics of activity, the best first, and what makes a share (0-1) of each."""

ACTIVITY_SHARE_MAX = 1.5
IDLE_SHARE_MAX = 0.01
MEMORY_MIB_MAX = 1e9
POWER_WATTS_MAX = 1e5
"""Above these a value is none: DCGM marks blanks by 2^31-16, 1.4e14 and 9.2e18."""

SERIES = (
    "UUID, gpu, GPU_I_ID, Hostname, hostname, node, modelName, "
    "exported_pod, exported_namespace, pod_name, pod_namespace, pod, namespace, job"
)
"""Every label that may tell the device or its holder; see `gpu_series` for how they are read."""

IDLE_QUANTILE = 0.1


def activity_queries(names: Mapping[str, str], matchers: str, window_seconds: float) -> dict[str, str]:
    """Return the questions about activity, its samples, and how often the exporters are scraped."""
    series = {key: selector(names[key], matchers) for key in ACTIVITY_SCALES if key in names}
    asked: dict[str, str] = {}
    for key, found in series.items():
        asked |= {f"{key}.{stat}": query for stat, query in _activity(found, window_seconds).items()}
    return asked | _intervals(list(series.values()), window_seconds)


def filtered_activity_queries(
    names: Mapping[str, str], matchers: str, window_seconds: float, interval_seconds: float
) -> dict[str, str]:
    """Return the questions about activity once more, without the values that are none.

    A subquery can filter where a plain range cannot. It looks at the scrape interval's steps and carries the last value
    over short gaps, so its counts are upper bounds.
    """
    asked: dict[str, str] = {}
    window = f"[{duration(window_seconds)}:{duration(interval_seconds)}]"
    for key, scale in ACTIVITY_SCALES.items():
        if key in names:
            plausible = f"({selector(names[key], matchers)} <= {ACTIVITY_SHARE_MAX / scale:g})"
            asked[f"{key}.max"] = f"max by ({SERIES}) (max_over_time({plausible}{window}))"
            asked[f"{key}.sum"] = _added("sum_over_time", f"{plausible}{window}")
            asked[f"{key}.samples"] = _added("count_over_time", f"{plausible}{window}")
    return asked


def memory_and_power_queries(names: Mapping[str, str], matchers: str, window_seconds: float) -> dict[str, str]:
    """Return the questions about held memory, power, and the power of idle devices by product."""
    window = f"[{duration(window_seconds)}]"
    asked: dict[str, str] = {}
    for stat, key, extreme in (("used", "fbUsed", "max"), ("free", "fbFree", "min"), ("watts", "powerUsage", "max")):
        if key in names:
            found = selector(names[key], matchers)
            asked[stat] = f"{extreme} by ({SERIES}) ({extreme}_over_time({found}{window}))"
    if "powerUsage" in names:
        asked |= _idle_watts(names, matchers, window)
    return asked


def _activity(found: str, window_seconds: float) -> dict[str, str]:
    window, lately = f"[{duration(window_seconds)}]", f"[{duration(window_seconds / 4)}]"
    return {
        "max": f"max by ({SERIES}) (max_over_time({found}{window}))",
        "sum": _added("sum_over_time", found + window),
        "samples": _added("count_over_time", found + window),
        "lately": f"group by ({SERIES}) (count_over_time({found}{lately}))",
        "now": f"group by ({SERIES}) ({found})",
    }


def _added(function: str, of_range: str) -> str:
    return f"sum by ({SERIES}) (max by ({SERIES}, instance) ({function}({of_range})))"


def _intervals(series: list[str], window_seconds: float) -> dict[str, str]:
    """Ask how far samples are apart, by job: over two stretches, of which a gap can spoil one but hardly both."""
    stretches = {"interval": (window_seconds / 8, 0.0), "earlier interval": (window_seconds / 4, window_seconds / 2)}
    return {
        stat: f"min by (job) ({' or '.join(_interval(found, *stretch) for found in series)})"
        for stat, stretch in stretches.items()
        if series
    }


def _interval(found: str, stretch_seconds: float, ago_seconds: float) -> str:
    """From the last sample before a stretch to its last one there are as many intervals as samples in it."""
    end = f" offset {duration(ago_seconds)}" if ago_seconds else ""
    begin = f" offset {duration(ago_seconds + stretch_seconds)}"
    samples = f"count_over_time({found}[{duration(stretch_seconds)}]{end})"
    return f"(timestamp({found}{end}) - timestamp({found}{begin})) / {samples}"


def _idle_watts(names: Mapping[str, str], matchers: str, window: str) -> dict[str, str]:
    """Ask for the low end of power, by product, over the devices that were idle at some time in the window."""
    power = f"min by (UUID, modelName) (min_over_time({selector(names['powerUsage'], matchers)}{window}) > 0)"
    return {
        f"idle watts {key}": f"quantile by (modelName) ({IDLE_QUANTILE}, {power} and on (UUID) "
        f"(min by (UUID) (min_over_time({selector(names[key], matchers)}{window})) <= {IDLE_SHARE_MAX / scale:g}))"
        for key, scale in ACTIVITY_SCALES.items()
        if key in names
    }
