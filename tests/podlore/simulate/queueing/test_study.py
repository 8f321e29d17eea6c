"""Queueing studies: the published completion times to the second, and promises that hold for every policy."""

import json
import os
from importlib.metadata import entry_points
from pathlib import Path
from statistics import median

import pytest

from podlore.errors import BadInput
from podlore.simulate.queueing.optimus import Optimus
from podlore.simulate.queueing.pollux import Pollux
from podlore.simulate.queueing.study import GROUP, load_policy, read_workload, run_study

DATA = Path(os.environ.get("PODLORE_DATA", Path(__file__).parents[4].parent / "shared" / "data")) / "pollux"

needs_profiles = pytest.mark.skipif(not DATA.is_dir(), reason="needs the measured profiles: set PODLORE_DATA")


def workload(number):
    return read_workload(DATA / "workloads" / f"workload-{number}.csv", DATA / "profiles")


@needs_profiles
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_tiresias_completes_every_job_at_the_published_second(number):
    published = json.loads((DATA / "published" / "tiresias-1.0.json").read_text())
    result = run_study(workload(number), load_policy("Tiresias"))
    assert dict(result.completion_seconds) == published["jcts"][f"workload-{number}"]
    assert result.mean_completion_seconds == published["avgs"][f"workload-{number}"]


@pytest.fixture(params=sorted(point.name for point in entry_points(group=GROUP)))
def name(request):
    return request.param


def small_workload():
    """The first jobs of a workload, all at once, on a cluster that is too small for them."""
    jobs = [job for job in workload(1) if job.profile.name in ("cifar10", "ncf")][:5]
    for job in jobs:
        job.submitted_at //= 50
        job.replicas = min(job.replicas, 4)
    return jobs


SMALL = {"nodes": 2, "gpus_per_node": 4}


class Watched:
    """Passes a policy's allocations on, and checks each of them."""

    def __init__(self, policy):
        self.policy = policy
        self.prepare = getattr(policy, "prepare", list)
        self.sizes_are_fixed = not isinstance(policy, Optimus | Pollux)

    @property
    def partner(self):
        return getattr(self.policy, "partner", {})

    def allocate(self, now, jobs, before, gpus_by_node):
        allocations = self.policy.allocate(now, jobs, before, gpus_by_node)
        used = [node for nodes in allocations.values() for node in nodes]
        assert all(used.count(node) <= gpus for node, gpus in enumerate(gpus_by_node))
        if self.sizes_are_fixed:
            assert all(len(allocations[name]) in {0, jobs[name].replicas} for name in allocations)
        return allocations


@needs_profiles
def test_no_gpu_is_given_twice_and_gangs_run_whole(name):
    result = run_study(small_workload(), Watched(load_policy(name)), **SMALL)
    assert min(result.completion_seconds.values()) > 0


@needs_profiles
def test_the_same_workload_gives_the_same_times(name):
    times = [run_study(small_workload(), load_policy(name), **SMALL).completion_seconds for _ in range(2)]
    assert times[0] == times[1]


@needs_profiles
def test_optimus_comes_within_ten_percent_of_the_published_mean():
    published = json.loads((DATA / "published" / "optimus-1.0.json").read_text())
    mean = run_study(workload(1), load_policy("Optimus")).mean_completion_seconds
    assert mean == pytest.approx(published["avgs"]["workload-1"], rel=0.1)


@needs_profiles
@pytest.mark.slow
def test_pollux_comes_within_five_percent_of_the_published_mean_and_of_most_jobs():
    published = json.loads((DATA / "published" / "pollux-1.0.json").read_text())
    result = run_study(workload(3), load_policy("Pollux"))
    assert result.mean_completion_seconds == pytest.approx(published["avgs"]["workload-3"], rel=0.05)
    off = [abs(result.completion_seconds[name] / took - 1) for name, took in published["jcts"]["workload-3"].items()]
    assert median(off) < 0.05


@needs_profiles
def test_an_adaptive_job_chooses_its_batch_anew_once_it_has_seen_its_speed():
    job = next(job for job in workload(1) if job.profile.name == "cifar10")
    Pollux.prepare([job])
    job.move((4,))
    first = job._local_batch
    job.advance(0, 60)
    assert first == job.profile.batch_min // 4
    assert job._local_batch > first


@needs_profiles
def test_what_is_left_shrinks_as_a_job_runs():
    job = workload(1)[0]
    whole = job.remaining_seconds()
    job.move((job.replicas,) if job.replicas <= 4 else (4,) * (job.replicas // 4))
    job.advance(0, 120)
    assert 0 < job.remaining_seconds() < whole


@needs_profiles
@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("a,-1,ncf,1,256", "row 2: negative time"),
        ("a,x,ncf,1,256", "row 2: ValueError"),
        ("a,0,gpt9,1,256", "known applications: bert"),
        ("a,0,ncf,1,256\na,0,ncf,1,256", "two jobs have one name"),
        ("", "no jobs"),
    ],
)
def test_a_bad_workload_says_where(tmp_path, row, says):
    path = tmp_path / "workload.csv"
    path.write_text(f"name,time,application,num_replicas,batch_size\n{row}\n")
    with pytest.raises(BadInput, match=says):
        read_workload(path, DATA / "profiles")


@needs_profiles
def test_a_job_larger_than_the_cluster_is_refused_before_the_run():
    with pytest.raises(BadInput, match="GPUs of 4"):
        run_study(workload(1), load_policy("FIFO"), nodes=1)
