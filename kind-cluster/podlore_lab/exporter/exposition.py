"""A fleet comes in, Prometheus' text format leaves: once a scrape, for every device, so it must be cheap.

A series' labels are rendered once for each device and holder, and kept until somebody else holds it.
"""

import time
from collections.abc import Callable

import numpy as np

from podlore_lab.exporter.fleet import Device, Fleet, Reading
from podlore_lab.exporter.metrics import METRICS, SM_ACTIVE, XID_ERRORS, Counters, Hardware, Moment, advance
from podlore_lab.exporter.node_page import escaped
from podlore_lab.exporter.pod import GpuPod

DRIVER_VERSION = "570.124.06"
XID_MESSAGES = {
    0: "No Error",
    13: "Graphics Engine Exception",
    31: "GPU memory page fault",
    43: "GPU stopped processing",
    45: "Preemptive cleanup, due to previous errors",
    48: "Double Bit ECC Error",
    63: "ECC page retirement or row remapping recording event",
    64: "ECC page retirement or row remapper recording failure",
    74: "NVLINK Error",
    79: "GPU has fallen off the bus",
    92: "High single-bit ECC error rate",
    94: "Contained ECC error",
    95: "Uncontained ECC error",
    119: "GSP RPC Timeout",
}
"""From NVIDIA's catalogue, as the exporter repeats it in ``err_msg``."""


class Exposition:
    """Renders a fleet; keeps counters and rendered labels between scrapes.

    Parameters
    ----------
    sm_active
        Whether ``DCGM_FI_PROF_SM_ACTIVE`` is exported; the default CSV has it commented out.
    hostname_label
        ``Hostname`` as up to DCGM exporter 4.8.2, or ``hostname`` as since.
    """

    def __init__(
        self,
        fleet: Fleet,
        *,
        sm_active: bool = False,
        hostname_label: str = "Hostname",
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fleet = fleet
        self._metrics = tuple(metric for metric in METRICS if sm_active or metric.name != SM_ACTIVE)
        self._hostname_label = hostname_label
        self._now = now
        self._read_at = now()
        self._devices: tuple[Device, ...] = ()
        self._hardware = Hardware.of(())
        self._counters_by_uuid: dict[str, tuple[float, float]] = {}
        self._counters = Counters(np.zeros(0), np.zeros(0))
        self._labels: dict[tuple[str, str], str] = {}

    def render(self) -> str:
        """Return all series of this moment."""
        reading = self._fleet.read()
        if reading.devices is not self._devices:
            self._line_up(reading.devices)
        moment = Moment(reading, self._hardware, self._counters)
        now = self._now()
        advance(self._counters, moment, (now - self._read_at) * self._fleet.speed)
        self._read_at = now
        return self._text(moment)

    def _text(self, moment: Moment) -> str:
        owners, labels = self._series(moment.reading)
        lines: list[str] = []
        for metric in self._metrics:
            values = metric.values(moment).tolist()
            lines.append(f"# HELP {metric.name} {metric.help}\n# TYPE {metric.name} {metric.type}\n")
            form = f"{metric.name}{{%s}} {metric.form}\n"
            if metric.name == XID_ERRORS:
                lines += [
                    form % (label + _xid_labels(values[n]), values[n]) for n, label in zip(owners, labels, strict=True)
                ]
            else:
                lines += [form % (label, values[n]) for n, label in zip(owners, labels, strict=True)]
        for name, counted in moment.reading.errors.items():
            lines.append(f"# HELP {name} Errors since boot.\n# TYPE {name} counter\n")
            lines += [f"{name}{{{label}}} {counted[n]:.0f}\n" for n, label in zip(owners, labels, strict=True)]
        return "".join(lines)

    def _series(self, reading: Reading) -> tuple[list[int], list[str]]:
        """Return, for each series of a metric, the number of its device and its labels.

        A device that several pods share is repeated for each of them, with the whole device's value, as DCGM does.
        """
        owners: list[int] = []
        labels: list[str] = []
        for number, (device, pods) in enumerate(zip(reading.devices, reading.holders, strict=True)):
            for pod in pods or (None,):
                owners.append(number)
                labels.append(self._label(device, pod))
        return owners, labels

    def _label(self, device: Device, pod: GpuPod | None) -> str:
        key = (device.uuid, pod.uid if pod else "")
        found = self._labels.get(key)
        if found is None:
            if len(self._labels) > 8 * len(self._devices) + 1000:
                self._labels.clear()
            found = self._labels[key] = self._rendered(device, pod)
        return found

    def _rendered(self, device: Device, pod: GpuPod | None) -> str:
        pairs = {
            "gpu": str(device.index),
            "UUID": device.uuid,
            "pci_bus_id": device.pci_bus_id,
            "device": f"nvidia{device.index}",
            "modelName": device.product.model_name,
            self._hostname_label: device.node,
            "DCGM_FI_DRIVER_VERSION": DRIVER_VERSION,
            "container": pod.container if pod else "",
            "namespace": pod.namespace if pod else "",
            "pod": pod.name if pod else "",
        }
        return ",".join(f'{name}="{escaped(value)}"' for name, value in pairs.items())

    def _line_up(self, devices: tuple[Device, ...]) -> None:
        """Take a new set of devices; those that stay keep their counters."""
        kept = zip(self._devices, self._counters.millijoules, self._counters.nvlink_bytes, strict=True)
        self._counters_by_uuid |= {device.uuid: (float(joules), float(sent)) for device, joules, sent in kept}
        known = [self._counters_by_uuid.get(device.uuid, (0.0, 0.0)) for device in devices]
        self._counters = Counters(np.array([k[0] for k in known], float), np.array([k[1] for k in known], float))
        self._hardware = Hardware.of(devices)
        self._devices = devices


def _xid_labels(code: float) -> str:
    return f',err_code="{code:.0f}",err_msg="{XID_MESSAGES.get(int(code), "Unknown Error")}"'
