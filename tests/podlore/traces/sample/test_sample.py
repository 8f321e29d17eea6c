"""The shipped sample is the generated one, says what was planted truly, and is shaped as it claims."""

import math
import re
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median

import pytest

from podlore.policy import Thresholds
from podlore.traces import Job, Kind, NodeShape, Outcome, Trace, read_trace, write_trace
from podlore.traces.problems import fits
from podlore.traces.sample import END_SECONDS, sample
from podlore.traces.sample.arrivals import arrivals
from podlore.traces.sample.cluster import SMALL
from podlore.traces.sample.plants import SLACK_SECONDS
from podlore.vocabulary import Pattern
from podlore_lab.sample_trace import SAMPLE_FOLDER, SAMPLE_SEED

TABLES = ("jobs.csv", "nodes.csv", "planted.csv", "silent.csv")
SPEED = 240
FREE_SHARE_LEAST = 0.15
"""A pool that anybody may use keeps so much free at every moment, so that nobody has to wait by chance."""


@pytest.fixture(scope="module")
def shipped() -> Trace:
    return read_trace(SAMPLE_FOLDER)


def job_of(trace: Trace, target: str) -> Job:
    (found,) = (job for job in trace.jobs if job.target == target)
    return found


def until(job: Job) -> float:
    return END_SECONDS if job.duration_seconds is None else (job.submit_seconds or 0) + job.duration_seconds


def test_the_shipped_sample_is_made_by_the_command(tmp_path: Path) -> None:
    write_trace(sample(SAMPLE_SEED), tmp_path)
    for table in TABLES:
        assert (tmp_path / table).read_text() == (SAMPLE_FOLDER / table).read_text(), table


def test_another_seed_changes_the_background_and_nothing_that_is_planted() -> None:
    one, other = sample(1), sample(2)
    assert one.jobs != other.jobs
    assert (one.planted, one.near_misses, one.nodes) == (other.planted, other.near_misses, other.nodes)
    special = {truth.target for truth in (*one.planted, *one.near_misses)}
    assert [j for j in one.jobs if j.target in special] == [j for j in other.jobs if j.target in special]


def test_it_has_no_problem_and_the_size_it_must_have(shipped: Trace) -> None:
    assert not shipped.problems
    assert sum(node.gpus > 0 for node in shipped.nodes) >= 100
    assert len({node.product for node in shipped.nodes if node.product}) >= 5
    assert len({node.rack for node in shipped.nodes}) > len({node.zone for node in shipped.nodes}) >= 3
    assert sum(job.pods for job in shipped.jobs) >= 1000
    assert max(until(job) for job in shipped.jobs) / SPEED == 70


def test_the_numbers_in_its_readme_are_true(shipped: Trace) -> None:
    said = (SAMPLE_FOLDER / "README.md").read_text()
    gpus = sum(node.gpus for node in shipped.nodes)
    with_gpus = sum(node.gpus > 0 for node in shipped.nodes)
    racks = len({node.rack for node in shipped.nodes})
    pods = f"{sum(job.pods for job in shipped.jobs):,}"
    assert f"{with_gpus} nodes with {gpus} GPUs of ten products, and {len(shipped.nodes) - with_gpus} without" in said
    assert f"in {racks} racks" in said
    assert f"{len(shipped.jobs)} jobs with {pods} pods" in said


def test_every_planted_pattern_is_known_and_four_kinds_and_more_are_there(shipped: Trace) -> None:
    assert {truth.pattern for truth in shipped.planted} == {
        Pattern.RESOURCE_HOARDING,
        Pattern.CRASH_LOOP,
        Pattern.OUT_OF_MEMORY_LOOP,
        Pattern.ACCESSIBILITY_BARRIER,
        Pattern.FRAGMENTATION,
        Pattern.GANG_SCATTERED,
        Pattern.OVER_REQUEST,
    }
    for truth in (*shipped.planted, *shipped.near_misses):
        assert job_of(shipped, truth.target)
    planted = {(truth.target, truth.pattern) for truth in shipped.planted}
    assert not planted & {(miss.target, miss.pattern) for miss in shipped.near_misses}


def test_what_must_be_found_can_be_found_before_the_end(shipped: Trace) -> None:
    for truth in shipped.planted:
        job = job_of(shipped, truth.target)
        assert (job.submit_seconds or 0) < truth.found_from_seconds < END_SECONDS - 3000, truth
        assert until(job) == END_SECONDS, truth


def test_hoarders_are_idle_for_the_whole_window_when_they_must_be_found(shipped: Trace) -> None:
    window = Thresholds().resource_hoarding.idle_seconds_min
    for truth in (t for t in shipped.planted if t.pattern == Pattern.RESOURCE_HOARDING):
        job = job_of(shipped, truth.target)
        age = truth.found_from_seconds - (job.submit_seconds or 0)
        assert job.behaviour.curve is not None
        assert all(job.behaviour.curve.at(age - s) <= 0.01 for s in range(0, int(window - 60), 60)), truth
        assert END_SECONDS - truth.found_from_seconds + window >= 2.5 * 3600, truth
        assert job.gpus > 0


def test_nobody_else_is_idle_for_a_whole_window(shipped: Trace) -> None:
    window = Thresholds().resource_hoarding.idle_seconds_min
    hoarders = {t.target for t in shipped.planted if t.pattern == Pattern.RESOURCE_HOARDING}
    for job in shipped.jobs:
        if job.gpus and job.target not in hoarders and job.behaviour.curve:
            begin = job.submit_seconds or 0
            idle = longest_idle([job.behaviour.curve.at(s) for s in range(0, int(until(job) - begin), 30)])
            assert idle * 30 < window - 600, job.target


def longest_idle(shares: list[float]) -> int:
    longest = run = 0
    for share in shares:
        run = run + 1 if share <= 0.01 else 0
        longest = max(longest, run)
    return longest


def test_loops_fail_as_often_as_their_definition_asks_when_they_must_be_found(shipped: Trace) -> None:
    thresholds = Thresholds()
    for truth in shipped.planted:
        job = job_of(shipped, truth.target)
        behaviour = job.behaviour
        seconds = truth.found_from_seconds - (job.submit_seconds or 0) - SLACK_SECONDS
        if behaviour.outcome in (Outcome.CRASH_LOOP, Outcome.OOM):
            assert behaviour.run_seconds
            assert behaviour.back_off_seconds
            assert behaviour.restarts is None
            each = behaviour.run_seconds + behaviour.back_off_seconds
            failures = 1 + math.floor((seconds - behaviour.run_seconds) / each)
            least = (thresholds.crash_loop, thresholds.out_of_memory_loop)[behaviour.outcome is Outcome.OOM]
            assert failures == (least.failures_min if hasattr(least, "failures_min") else least.kills_min)
            assert seconds < least.window_seconds
        elif behaviour.outcome is Outcome.IMAGE_PULL:
            assert seconds == thresholds.crash_loop.image_pull_seconds_min


def held(trace: Trace, node: NodeShape) -> int:
    """GPUs of a node that recorded placements hold from the beginning to the end."""
    return sum(job.gpus * job.nodes.count(node.name) for job in trace.jobs if until(job) == END_SECONDS)


def test_a_fragmented_job_has_enough_free_in_sum_and_on_no_node(shipped: Trace) -> None:
    for truth in (t for t in shipped.planted if t.pattern == Pattern.FRAGMENTATION):
        job = job_of(shipped, truth.target)
        eligible = [node for node in shipped.nodes if fits(job, node)]
        others = [j for j in shipped.jobs if set(j.products) & set(job.products) and j != job and not j.nodes]
        assert not others, "nobody else asks for this pool"
        free = [node.gpus - held(shipped, node) for node in eligible]
        assert sum(free) > job.gpus > max(free) > 0


def test_a_barred_job_finds_its_corner_full_while_such_jobs_start_elsewhere(shipped: Trace) -> None:
    for truth in (t for t in shipped.planted if t.pattern == Pattern.ACCESSIBILITY_BARRIER):
        job = job_of(shipped, truth.target)
        assert all(held(shipped, node) == node.gpus for node in shipped.nodes if fits(job, node))
        begin, end = job.submit_seconds or 0, truth.found_from_seconds
        alike = [j for j in shipped.jobs if j.gpus == job.gpus and begin < (j.submit_seconds or 0) < end]
        assert len([j for j in alike if not j.products or set(job.products) & set(j.products)]) > 20


def test_a_scattered_gang_spans_racks_while_one_rack_could_hold_it_all_along(shipped: Trace) -> None:
    nodes = {node.name: node for node in shipped.nodes}
    for truth in (t for t in shipped.planted if t.pattern == Pattern.GANG_SCATTERED):
        job = job_of(shipped, truth.target)
        assert job.is_gang
        assert len({nodes[name].rack for name in job.nodes}) > 1
        free_by_rack = Counter[str]()
        for node in shipped.nodes:
            if node.product in job.products and not held(shipped, node):
                free_by_rack[node.rack] += 1
        assert max(free_by_rack.values()) >= job.pods


def test_every_other_gang_is_in_one_rack(shipped: Trace) -> None:
    nodes = {node.name: node for node in shipped.nodes}
    scattered = {t.target for t in shipped.planted if t.pattern == Pattern.GANG_SCATTERED}
    for job in shipped.jobs:
        if job.is_gang and job.target not in scattered:
            assert len({nodes[name].rack for name in job.nodes}) == 1


def test_recorded_placements_never_take_more_than_a_node_has(shipped: Trace) -> None:
    for node in shipped.nodes:
        here = [(job, job.nodes.count(node.name)) for job in shipped.jobs if node.name in job.nodes]
        assert sum(job.gpus * pods for job, pods in here) <= node.gpus
        assert sum(job.cpu_milli * pods for job, pods in here) <= node.cpu_milli
        assert sum(job.memory_mib * pods for job, pods in here) <= node.memory_mib


def busy_gpus(trace: Trace, products: frozenset[str], now: float) -> int:
    return sum(
        job.gpus * job.pods
        for job in trace.jobs
        if job.products and set(job.products) <= products and (job.submit_seconds or 0) <= now < until(job)
    )


def test_open_pools_are_busy_but_never_so_full_that_somebody_waits_by_chance(shipped: Trace) -> None:
    recorded = {product for job in shipped.jobs if job.nodes for product in job.products} - set(SMALL)
    pools = [frozenset(SMALL)] + [
        frozenset({product}) for product in {n.product for n in shipped.nodes} - recorded - set(SMALL) - {""}
    ]
    moments = range(0, int(END_SECONDS), 300)
    for products in pools:
        gpus = sum(node.gpus for node in shipped.nodes if node.product in products)
        most = max(busy_gpus(shipped, products, now) for now in moments)
        assert most <= gpus * (1 - FREE_SHARE_LEAST), products
    small = sum(node.gpus for node in shipped.nodes if node.product in SMALL)
    assert median(busy_gpus(shipped, frozenset(SMALL), now) for now in moments) > 0.65 * small


def test_no_background_job_fails_more_than_once(shipped: Trace) -> None:
    special = {truth.target for truth in (*shipped.planted, *shipped.near_misses)}
    for job in shipped.jobs:
        if job.target not in special:
            assert job.behaviour.outcome in (Outcome.COMPLETE, Outcome.RUN, Outcome.FAIL)
            assert job.pods == 1 or job.behaviour.outcome is not Outcome.FAIL


def test_the_stream_of_jobs_has_the_published_proportions() -> None:
    from random import Random

    from podlore.traces.sample import shapes

    jobs = [job for seed in range(8) for job in arrivals(Random(seed), END_SECONDS * 1000)]
    durations = sorted(job.duration_seconds or 0 for job in jobs)
    assert median(durations) == pytest.approx(616, rel=0.1)
    assert durations[int(len(durations) * 0.9)] == pytest.approx(7764, rel=0.15)
    single = [job for job in jobs if job.gpus == 1]
    assert sum(job.gpu_milli < 1000 for job in single) / len(single) == pytest.approx(0.44, abs=0.06)
    assert sum(job.gpus == 0 for job in jobs) / len(jobs) == pytest.approx(0.133, abs=0.02)
    assert sum(len(job.products) == 1 for job in single) / len(single) == pytest.approx(1 / 3, abs=0.03)
    tenants = Counter(job.tenant for job in jobs)
    weights = dict(zip(shapes.TENANTS, shapes.TENANT_WEIGHTS, strict=True))
    for tenant, weight in weights.items():
        assert tenants[tenant] / len(jobs) == pytest.approx(weight / sum(weights.values()), abs=0.02)


def test_names_are_those_kubernetes_takes(shipped: Trace) -> None:
    for job in shipped.jobs:
        assert re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", job.name)
        assert len(job.name) <= 46
    by_tenant = defaultdict(set)
    for job in shipped.jobs:
        assert job.name not in by_tenant[job.tenant], "unique whatever the kind, so that pods are told apart"
        by_tenant[job.tenant].add(job.name)
    assert {job.kind for job in shipped.jobs} == set(Kind)
