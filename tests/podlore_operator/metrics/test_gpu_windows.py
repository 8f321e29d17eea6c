"""Windows from a small exporter of DCGM's text, scraped every second by the real Prometheus of the lab."""

import asyncio
import itertools
import threading
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from aiohttp import web

from podlore.clock import Clock
from podlore.errors import Unavailable
from podlore.policy import Policy, ResourceHoarding, Thresholds
from podlore_operator.metrics.gpu_windows import read_gpu_windows
from podlore_operator.metrics.prometheus import Prometheus, Vector

WALL_SECONDS = 8.0
OURS = Policy(cluster_matcher='cluster="dcgm-test"')
CLOCK = Clock(scale=7200.0 / WALL_SECONDS)
BLANK = 9223372036854775794
A100 = {"modelName": "NVIDIA A100-SXM4-80GB"}
SM, GR, UTIL = "DCGM_FI_PROF_SM_ACTIVE", "DCGM_FI_PROF_GR_ENGINE_ACTIVE", "DCGM_FI_DEV_GPU_UTIL"
USED, FREE, POWER = "DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_FB_FREE", "DCGM_FI_DEV_POWER_USAGE"


@dataclass
class Device:
    """A device of the exporter; ``values`` gives its metrics for the n-th scrape, None where it is away."""

    uuid: str
    values: object
    pod: object = lambda n: ""
    labels: dict = None

    def lines(self, n, cluster):
        values = self.values(n)
        if values is None:
            return
        labels = {"UUID": self.uuid, "gpu": "0", "Hostname": "gpu-1", "cluster": cluster, **A100, **(self.labels or {})}
        pods = self.pod(n)
        for pod in pods if isinstance(pods, tuple) else (pods,):
            held = {"exported_pod": pod, "exported_namespace": "vision", "pod": "dcgm-x", "namespace": "ops"}
            told = ",".join(f'{k}="{v}"' for k, v in {**labels, **held}.items())
            yield from (f"{name}{{{told}}} {value}" for name, value in values.items())


@asynccontextmanager
async def exporting(lab, job, devices):
    scrapes = itertools.count()

    async def metrics(request):
        n = next(scrapes)
        return web.Response(text="\n".join(line for device in devices for line in device.lines(n, job)) + "\n")

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await asyncio.to_thread(lab.add_scrape_target, job, "{}:{}".format(*runner.addresses[0][:2]))
    try:
        yield
    finally:
        await runner.cleanup()


def busy(n):
    return {SM: 0.9, GR: 0.95, UTIL: 99, USED: 60_000, FREE: 20_000, POWER: 390}


def idle(n):
    return {SM: 0.0, GR: 0.0, UTIL: 0, USED: 0, FREE: 80_000, POWER: 60 + n % 2}


DEVICES = [
    Device("GPU-busy", busy, lambda n: "busy"),
    Device("GPU-idle", idle, lambda n: "idle"),
    Device("GPU-alternating", lambda n: {SM: n % 2}, lambda n: "alternating"),
    Device("GPU-away", lambda n: idle(n) if n % 2 else None, lambda n: "away"),
    Device("GPU-blank", lambda n: {SM: BLANK if n % 4 == 0 else 0.3}, lambda n: "blank"),
    Device("GPU-always-blank", lambda n: {SM: BLANK, UTIL: 37}, lambda n: "always-blank"),
    Device("GPU-shared", lambda n: {SM: 0.4}, lambda n: ("shared-a", "shared-b")),
    Device("GPU-free", idle, lambda n: ""),
    Device("GPU-geforce", lambda n: {UTIL: 37, POWER: BLANK}, lambda n: "geforce", {"modelName": "GeForce"}),
    Device("GPU-mig", lambda n: {GR: 0.2}, lambda n: "mig", {"GPU_I_ID": "3", "GPU_I_PROFILE": "1g.10gb"}),
    Device("GPU-new-host", lambda n: {SM: 0.1}, lambda n: "new-host", {"Hostname": "", "hostname": "gpu-2"}),
]


@pytest.fixture(scope="module")
def exporter(lab):
    """The devices' exporter, on a thread of its own until the last test of this file."""
    started, loop = threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve():
        async with exporting(lab, "dcgm-test", DEVICES):
            started.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert started.wait(60)
    yield
    loop.call_soon_threadsafe(stop.set)
    thread.join(60)
    loop.close()


async def read_after_a_full_window(url):
    prometheus, deadline = Prometheus(url), time.monotonic() + 60
    while True:
        found = await read_gpu_windows(prometheus, OURS, CLOCK)
        by_pod = {window.pod: window for window in found.windows}
        if "busy" in by_pod and by_pod["busy"].coverage > 0.98:
            prometheus.close()
            return by_pod
        assert time.monotonic() < deadline, found
        await asyncio.sleep(2.0)  # there are twenty queries a minute


@pytest.fixture(scope="module")
def windows(lab, exporter):
    """One reading after a full window, by pod; many tests look at its devices."""
    return asyncio.run(read_after_a_full_window(lab.prometheus_url))


@pytest.fixture
def prometheus(lab):
    found = Prometheus(lab.prometheus_url)
    yield found
    found.close()


def test_a_busy_device_is_known_with_all_that_it_tells(windows):
    found = windows["busy"]
    assert (found.node, found.uuid, found.namespace, found.product) == (
        "gpu-1",
        "GPU-busy",
        "vision",
        A100["modelName"],
    )
    assert (found.activity_max, found.memory_used_share, found.power_max_watts) == (0.9, 0.75, 390.0)
    assert found.activity_mean == pytest.approx(0.9)
    assert found.window_seconds == 7200.0
    assert 7 <= found.samples <= 9


def test_an_idle_device_is_idle_and_draws_what_idle_devices_draw(windows):
    found = windows["idle"]
    assert (found.activity_max, found.activity_mean) == (0.0, 0.0)
    assert found.coverage > 0.98
    assert 60 <= found.power_idle_watts <= 61
    assert found.power_max_watts == 61


def test_the_idle_power_of_a_product_is_not_taken_from_busy_devices(windows):
    assert windows["busy"].power_idle_watts == windows["idle"].power_idle_watts


def test_missing_samples_are_missing_and_not_zero(windows):
    found = windows["away"]
    assert 0.3 < found.coverage < 0.7
    assert 3 <= found.samples <= 5


def test_the_mean_is_taken_over_the_samples(windows):
    found = windows["alternating"]
    assert found.activity_max == 1.0
    assert 0.35 <= found.activity_mean <= 0.65


def test_blanks_are_dropped_and_not_counted(windows):
    found = windows["blank"]
    assert found.activity_max == pytest.approx(0.3)
    assert found.activity_mean == pytest.approx(0.3)
    assert found.coverage < 0.9


def test_a_metric_that_is_all_blanks_gives_way_to_the_next(windows):
    assert windows["always-blank"].activity_max == pytest.approx(0.37)


def test_a_device_that_two_pods_share_is_one_window_each(windows):
    shared = [windows["shared-a"], windows["shared-b"]]
    assert {(found.uuid, found.activity_max, found.sharing) for found in shared} == {("GPU-shared", 0.4, 2)}
    assert windows["busy"].sharing == 1


def test_a_device_that_nobody_holds_has_no_pod(windows):
    assert windows[""].uuid == "GPU-free"


def test_without_profiling_metrics_utilization_is_what_there_is(windows):
    found = windows["geforce"]
    assert found.activity_max == pytest.approx(0.37)
    assert (found.power_max_watts, found.power_idle_watts, found.memory_used_share) == (None, None, None)


def test_an_instance_of_a_device_is_a_device(windows):
    assert (windows["mig"].uuid, windows["mig"].activity_max) == ("GPU-mig/3", 0.2)


def test_both_names_of_the_host_are_read(windows):
    assert windows["new-host"].node == "gpu-2"


async def test_another_clusters_metrics_are_not_ours(prometheus, windows):
    found = await read_gpu_windows(prometheus, Policy(cluster_matcher='cluster="another"'), CLOCK)
    assert not found.has_metrics
    assert 'where cluster="another": is the GPU exporter scraped?' in found.reason


async def test_metrics_may_have_other_names(prometheus, windows):
    names = {"smActive": GR, "powerUsage": POWER}
    policy = Policy(cluster_matcher='cluster="dcgm-test"', metric_names=names)
    found = {window.pod: window for window in (await read_gpu_windows(prometheus, policy, CLOCK)).windows}
    assert (found["busy"].activity_max, found["busy"].memory_used_share) == (0.95, None)
    assert "alternating" not in found


async def test_a_pod_that_can_hold_no_device_is_not_taken_for_a_holder(prometheus, windows):
    found = await read_gpu_windows(prometheus, OURS, CLOCK, holds=lambda namespace, pod: pod == "busy")
    assert {window.pod for window in found.windows} == {"busy", ""}


# --- what goes wrong -----------------------------------------------------------------------------------------------


class Answers:
    """Stands where a Prometheus stands, and gives one answer after the other."""

    url = "http://prometheus.test"

    def __init__(self, *answers):
        self.answers = list(answers)

    async def query(self, expression):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def vector(*samples, warnings=()):
    return Vector(tuple(labels for labels, _ in samples), tuple(value for _, value in samples), warnings)


DEVICE = {
    "UUID": "GPU-1",
    "Hostname": "gpu-1",
    "exported_pod": "train-0",
    "exported_namespace": "vision",
    "job": "dcgm",
}
ACTIVITY = [
    ({**DEVICE, "stat": "smActive.max"}, 0.5),
    ({**DEVICE, "stat": "smActive.sum"}, 100.0),
    ({**DEVICE, "stat": "smActive.samples"}, 480.0),
    ({**DEVICE, "stat": "smActive.lately"}, 1.0),
    ({**DEVICE, "stat": "smActive.now"}, 1.0),
]
INTERVAL = ({"job": "dcgm", "stat": "interval"}, 15.0)


async def test_without_a_prometheus_there_is_a_reason():
    found = await read_gpu_windows(Answers(Unavailable("nobody there")), Policy(), Clock())
    assert (found.has_metrics, found.reason, found.windows) == (False, "nobody there", ())


async def test_without_memory_and_power_there_still_are_windows():
    answers = Answers(vector(*ACTIVITY, INTERVAL, warnings=("partial",)), Unavailable("too slow"))
    found = await read_gpu_windows(answers, Policy(), Clock())
    assert [(window.coverage, window.power_max_watts) for window in found.windows] == [(1.0, None)]
    assert found.warnings == ("partial", "no memory and power of GPUs: too slow")


async def test_where_the_scrape_interval_is_not_known_nothing_is_covered():
    found = await read_gpu_windows(Answers(vector(*ACTIVITY), vector()), Policy(), Clock())
    assert [window.coverage for window in found.windows] == [0.0]


async def test_the_smaller_interval_is_the_one_without_a_gap():
    earlier = ({"job": "dcgm", "stat": "earlier interval"}, 30.0)
    found = await read_gpu_windows(Answers(vector(*ACTIVITY, INTERVAL, earlier), vector()), Policy(), Clock())
    assert [window.coverage for window in found.windows] == [1.0]


@pytest.mark.parametrize("interval", [0.0, -15.0])
async def test_an_interval_that_is_none_covers_nothing(interval):
    wrong = ({"job": "dcgm", "stat": "interval"}, interval)
    found = await read_gpu_windows(Answers(vector(*ACTIVITY, wrong), vector()), Policy(), Clock())
    assert [window.coverage for window in found.windows] == [0.0]


@pytest.mark.parametrize(
    "policy",
    [
        Policy(cluster_matcher="} or up{"),
        Policy(metric_names={"smActive": "up or down"}),
        Policy(metric_names={}),
        Policy(metric_names={"fbUsed": "x"}),
    ],
)
async def test_a_policy_that_makes_no_query_is_a_reason(policy):
    found = await read_gpu_windows(Answers(), policy, Clock())
    assert not found.has_metrics
    assert found.reason


async def test_a_window_of_no_length_divides_nothing():
    thresholds = Thresholds(resource_hoarding=replace(ResourceHoarding(), idle_seconds_min=0.0))
    found = await read_gpu_windows(
        Answers(vector(*ACTIVITY, INTERVAL), vector()), Policy(thresholds=thresholds), Clock()
    )
    assert [window.coverage for window in found.windows] == [1.0]


async def test_hostile_samples_become_plausible_windows_or_none():
    wild = [
        ({**labels, "UUID": f"GPU-{n}"}, value)
        for labels, _ in ACTIVITY
        for n, value in enumerate((-1e300, 1e300, 0.0))
    ]
    nameless = [({"stat": labels["stat"]}, 1.0) for labels, _ in ACTIVITY]
    strange = [({}, 1.0), ({"stat": "smActive"}, 1.0), ({"stat": "idle watts smActive", "modelName": "x"}, 1e300)]
    answers = Answers(vector(*wild, *nameless, *strange, INTERVAL), vector(*wild), vector(*strange))
    found = await read_gpu_windows(answers, Policy(), Clock())
    for window in found.windows:
        assert 0 <= window.coverage <= 1
        assert 0 <= window.activity_mean <= 1
        assert 0 <= window.activity_max <= 1
