"""Event by event: known small cases, promises for every policy, and advice that sees no running times."""

from importlib.metadata import entry_points

import pytest

from podlore.errors import BadInput
from podlore.simulate.queueing.advised import Advised
from podlore.simulate.queueing.event_study import SPREAD, EventStudy
from podlore.simulate.queueing.fair_share import FairShare
from podlore.simulate.queueing.fifo import Fifo
from podlore.simulate.queueing.fixed_job import RESTART_SECONDS, FixedJob
from podlore.simulate.queueing.generated import generated
from podlore.simulate.queueing.gittins import gittins_index
from podlore.simulate.queueing.ordered import Ordered
from podlore.simulate.queueing.study import GROUP, load_policy
from podlore.simulate.queueing.tiresias import Tiresias

FIXED = sorted({point.name for point in entry_points(group=GROUP)} - {"Optimus", "Pollux"})


def run(jobs, policy, nodes=1, gpus=4, **more):
    record = EventStudy(jobs, policy, nodes, gpus, **more).run()
    return {job.name: job for job in record.jobs}


@pytest.mark.parametrize("name", FIXED)
def test_every_job_ends_and_none_before_it_could(name):
    jobs = generated(3, jobs=60, gpus=16)
    ended = run(jobs, load_policy(name), nodes=4)
    for job in jobs:
        assert ended[job.name].completion_seconds >= job.duration_seconds - 1e-6


@pytest.mark.parametrize("name", FIXED)
def test_the_same_jobs_give_the_same_times(name):
    times = [run(generated(4, jobs=40, gpus=16), load_policy(name), nodes=4) for _ in range(2)]
    assert times[0] == times[1]


def test_fifo_runs_one_after_the_other():
    ended = run([FixedJob("a", 0, 4, 100), FixedJob("b", 10, 4, 50), FixedJob("c", 20, 1, 5)], Fifo())
    assert [ended[name].ended_at for name in "abc"] == [100, 150, 155]


def test_srtf_preempts_and_pays_the_restart():
    ended = run([FixedJob("long", 0, 4, 1000), FixedJob("short", 100, 4, 50)], load_policy("SRTF"))
    assert ended["short"].ended_at == 150
    assert ended["long"].ended_at == 1000 + 50 + RESTART_SECONDS


def test_a_spread_gang_is_slower():
    jobs = [FixedJob("x", 0, 3, 100), FixedJob("y", 0, 3, 100), FixedJob("gang", 1, 2, 100)]
    assert run(jobs, Fifo(), nodes=2)["gang"].ended_at == pytest.approx(1 + 100 * SPREAD, abs=20)


def test_failures_cost_the_work_since_the_last_checkpoint():
    calm = run([FixedJob("a", 0, 4, 7200)], Fifo())["a"].ended_at
    hit = run([FixedJob("a", 0, 4, 7200)], Fifo(), failures_per_gpu_day=12.0, seed=1)["a"].ended_at
    assert hit > calm


def test_fair_share_takes_back_what_was_borrowed():
    jobs = [FixedJob(f"x{i}", 0, 1, 1000, "x") for i in range(4)]
    jobs += [FixedJob("y", 10, 2, 100, "y")]
    ended = run(jobs, FairShare())
    assert ended["y"].wait_seconds == 0
    assert max(ended[f"x{i}"].ended_at for i in range(4)) > 1000


def test_gittins_prefers_who_is_likely_to_end():
    services = [10.0] * 9 + [10_000.0]
    assert gittins_index(services, 0.0) > gittins_index(services, 50.0)
    assert gittins_index(services, 20_000.0) == 0.0


def blocked(*, small_seconds=50):
    """Ten jobs teach how long their tenants' take; then a wide one waits for four GPUs, and a small one behind it."""
    taught = [FixedJob(f"taught-{i}", 0, 1, small_seconds, "brief") for i in range(5)]
    long = [FixedJob(f"long-{i}", 0, 1, 1000 + i, "slow") for i in range(5)]
    wide = [FixedJob("busy", 9000, 3, 1000, "slow"), FixedJob("wide", 9005, 4, 100, "slow")]
    return [*taught, *long, *wide, FixedJob("small", 9010, 1, small_seconds, "brief")]


def test_advice_lets_a_job_that_is_known_to_be_short_pass_a_blocked_one_and_is_an_object():
    policy = Advised(Fifo())
    ended = run(blocked(), policy)
    assert ended["small"].wait_seconds == 0
    assert ended["wide"].ended_at == run(blocked(), Fifo())["wide"].ended_at
    assert policy.given > 0


def test_advice_lets_nobody_pass_who_could_delay_a_blocked_job():
    assert run(blocked(small_seconds=1100), Advised(Fifo()))["small"].wait_seconds > 0
    unknown = [FixedJob("busy", 0, 3, 1000), FixedJob("wide", 5, 4, 100), FixedJob("small", 10, 1, 50)]
    assert run(unknown, Advised(Fifo()))["small"].wait_seconds > 0


class Blind(Fifo):
    """Fails when anybody asks how long a job will run."""


def test_advice_never_asks_how_long_a_job_will_run(monkeypatch):
    def asked(*_):
        raise AssertionError("the advisor asked for a running time")

    monkeypatch.setattr(FixedJob, "remaining_seconds", asked)
    jobs = {job.name: job for job in generated(5, jobs=30)}
    policy = Advised(Blind())
    before = {}
    for now in range(0, 6000, 600):
        before = policy.allocate(now, dict(list(jobs.items())[now // 600 :]), before, [4] * 4)


def test_where_all_jobs_are_alike_advice_changes_nothing():
    for inner in (Fifo, Tiresias):
        plain = run(generated(6, jobs=60, gpus=16, is_uniform=True), inner(), nodes=4)
        advised = run(generated(6, jobs=60, gpus=16, is_uniform=True), Advised(inner()), nodes=4)
        assert plain == advised


def test_jobs_that_cannot_run_are_refused_before_the_run():
    with pytest.raises(BadInput, match="wants 8 GPUs of 4"):
        run([FixedJob("a", 0, 8, 1)], Fifo())
    with pytest.raises(BadInput, match="no jobs"):
        run([], Fifo())


def test_a_policy_without_an_order_says_so():
    with pytest.raises(NotImplementedError):
        Ordered().order(0, {})
