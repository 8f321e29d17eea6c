"""Made-up traces: like the one they were fitted to, the same for the same seed, and readable."""

import numpy as np
import pytest

from podlore.errors import BadInput
from podlore.traces import read_trace, write_trace
from podlore.traces.fitted import fit
from podlore.traces.job import Job, Trace


def trace(n=2000):
    rng = np.random.default_rng(0)
    at = np.cumsum(rng.exponential(40, n))
    return Trace("t", "own", tuple(
        Job(f"secret-{i}", tenant="ab"[i % 4 == 0], gpus=(1, 1, 1, 8)[i % 4], submit_seconds=float(at[i]),
            duration_seconds=float(rng.lognormal(5 + (i % 4 == 3), 1)), nodes=("n",), status="Pass")
        for i in range(n)
    ))  # fmt: skip


def test_what_is_made_has_the_gaps_tenants_sizes_and_running_times_of_its_model():
    model, made = trace(), fit(trace()).sample(4000, seed=3)
    for of in (
        lambda jobs: jobs[-1].submit_seconds / len(jobs),
        lambda jobs: np.mean([job.tenant == "b" for job in jobs]),
        lambda jobs: np.mean([job.gpus == 8 for job in jobs]),
        lambda jobs: np.median([job.duration_seconds for job in jobs if job.gpus == 8]),
        lambda jobs: np.median([job.duration_seconds for job in jobs if job.gpus == 1]),
    ):
        assert of(made.jobs) == pytest.approx(of(model.jobs), rel=0.15)


def test_nothing_of_a_single_job_is_carried_over():
    made = fit(trace()).sample(100, seed=3)
    assert not any("secret" in job.name or job.nodes or job.status for job in made.jobs)


def test_the_same_seed_makes_the_same_trace_and_it_can_be_read_back(tmp_path):
    fitted = fit(trace())
    made = fitted.sample(50, seed=3)
    assert made == fitted.sample(50, seed=3) != fitted.sample(50, seed=4)
    write_trace(made, tmp_path / "made")
    read = read_trace(tmp_path / "made")
    assert read.jobs == made.jobs
    assert not read.problems


def test_a_trace_without_times_or_an_absurd_number_of_jobs_is_refused():
    with pytest.raises(BadInput, match="0 jobs with a submit time"):
        fit(Trace("t", "own", tuple(Job(f"j{i}") for i in range(50))))
    with pytest.raises(BadInput, match="from 1 to"):
        fit(trace()).sample(10**9, seed=1)
