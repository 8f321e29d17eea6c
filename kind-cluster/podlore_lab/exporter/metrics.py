"""From how busy devices are to what DCGM would report: one table, a row a metric, the exporter's default CSV as model.

Activity is what ``DCGM_FI_PROF_SM_ACTIVE`` says. ``GPU_UTIL`` counts the time in which any kernel ran, so it is higher.
Counters (energy, NVLink) advance in trace time, as all the lab does: over a window they hold what the window's trace
time would have brought.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podlore_lab.exporter.fleet import Device, Reading

Floats = NDArray[np.float64]

RESERVED_MIB = 512.0
PCIE_BYTES_PER_SECOND = 2.5e9
PCIE_SLOT_BYTES_PER_SECOND = 50e9
COLDEST_CELSIUS, HOTTEST_CELSIUS = 31.0, 78.0


@dataclass(frozen=True, slots=True)
class Hardware:
    """What the devices are, as arrays with one entry a device."""

    memory_mib: Floats
    idle_watts: Floats
    max_watts: Floats
    idle_mhz: Floats
    max_mhz: Floats
    nvlink_bytes: Floats

    @classmethod
    def of(cls, devices: tuple[Device, ...]) -> "Hardware":
        """Line up the devices' properties."""
        products = [device.product for device in devices]
        return cls(
            np.array([device.memory_mib for device in devices], float),
            np.array([product.idle_watts for product in products], float),
            np.array([product.max_watts for product in products], float),
            np.array([product.idle_mhz for product in products], float),
            np.array([product.max_mhz for product in products], float),
            np.array([product.nvlink_bytes for product in products], float),
        )


@dataclass(slots=True)
class Counters:
    """What only grows, one entry a device."""

    millijoules: Floats
    nvlink_bytes: Floats


@dataclass(frozen=True, slots=True)
class Moment:
    """One reading with the hardware it was read on and the counters as they stand."""

    reading: Reading
    hardware: Hardware
    counters: Counters

    @property
    def activity(self) -> Floats:
        """Share (0-1) of each device's multiprocessors that were busy."""
        return self.reading.activity

    @property
    def memory_used_mib(self) -> Floats:
        """Device memory in use."""
        return np.round(self.reading.memory_share * (self.hardware.memory_mib - RESERVED_MIB))

    @property
    def watts(self) -> Floats:
        """Power: idle, and more the busier; a little work costs much."""
        hardware = self.hardware
        return hardware.idle_watts + (hardware.max_watts - hardware.idle_watts) * self.activity**0.8


@dataclass(frozen=True, slots=True)
class Metric:
    """A series a device: DCGM's name and help, its type, how it follows from a moment, and how it is written."""

    name: str
    type: str
    help: str
    values: Callable[[Moment], Floats]
    form: str = "%d"


SM_ACTIVE = "DCGM_FI_PROF_SM_ACTIVE"
XID_ERRORS = "DCGM_FI_DEV_XID_ERRORS"

METRICS: tuple[Metric, ...] = (
    Metric(
        "DCGM_FI_DEV_SM_CLOCK",
        "gauge",
        "SM clock frequency (in MHz).",
        lambda m: np.where(m.activity > 0.01, m.hardware.max_mhz, m.hardware.idle_mhz),
    ),
    Metric(
        "DCGM_FI_DEV_GPU_TEMP",
        "gauge",
        "GPU temperature (in C).",
        lambda m: COLDEST_CELSIUS + (HOTTEST_CELSIUS - COLDEST_CELSIUS) * m.watts / m.hardware.max_watts,
    ),
    Metric("DCGM_FI_DEV_POWER_USAGE", "gauge", "Power draw (in W).", lambda m: m.watts, "%.3f"),
    Metric(
        "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION",
        "counter",
        "Total energy consumption since boot (in mJ).",
        lambda m: m.counters.millijoules,
    ),
    Metric("DCGM_FI_DEV_GPU_UTIL", "gauge", "GPU utilization (in %).", lambda m: 100 * (1 - (1 - m.activity) ** 2)),
    Metric(XID_ERRORS, "gauge", "Value of the last XID error encountered.", lambda m: m.reading.xid.astype(float)),
    Metric(
        "DCGM_FI_DEV_FB_FREE",
        "gauge",
        "Framebuffer memory free (in MiB).",
        lambda m: m.hardware.memory_mib - RESERVED_MIB - m.memory_used_mib,
    ),
    Metric("DCGM_FI_DEV_FB_USED", "gauge", "Framebuffer memory used (in MiB).", lambda m: m.memory_used_mib),
    Metric(
        "DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL",
        "counter",
        "Total number of NVLink bandwidth counters for all lanes.",
        lambda m: m.counters.nvlink_bytes,
    ),
    Metric(
        "DCGM_FI_PROF_GR_ENGINE_ACTIVE",
        "gauge",
        "Ratio of time the graphics engine is active.",
        lambda m: 1 - (1 - m.activity) ** 1.5,
        "%.6f",
    ),
    Metric(SM_ACTIVE, "gauge", "The ratio of cycles an SM has at least 1 warp assigned.", lambda m: m.activity, "%.6f"),
    Metric(
        "DCGM_FI_PROF_DRAM_ACTIVE",
        "gauge",
        "Ratio of cycles the device memory interface is active sending or receiving data.",
        lambda m: 0.55 * m.activity,
        "%.6f",
    ),
    Metric(
        "DCGM_FI_PROF_PCIE_TX_BYTES",
        "gauge",
        "The rate of data transmitted over the PCIe bus - including both protocol headers and data payloads - "
        "in bytes per second.",
        lambda m: 0.4 * PCIE_BYTES_PER_SECOND * m.activity,
    ),
    Metric(
        "DCGM_FI_PROF_PCIE_RX_BYTES",
        "gauge",
        "The rate of data received over the PCIe bus - including both protocol headers and data payloads - "
        "in bytes per second.",
        lambda m: PCIE_BYTES_PER_SECOND * m.activity + PCIE_SLOT_BYTES_PER_SECOND * m.reading.bus_share,
    ),
)
"""In the order of the exporter's default CSV; `SM_ACTIVE` is off there."""


def advance(counters: Counters, moment: Moment, trace_seconds: float) -> None:
    """Add to the counters what this many trace seconds at this moment's activity bring."""
    counters.millijoules += moment.watts * trace_seconds * 1000
    counters.nvlink_bytes += 0.3 * moment.hardware.nvlink_bytes * moment.activity * trace_seconds
