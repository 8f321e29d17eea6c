"""The model of co-runs: it learns the law of a small site, and says how sure it is."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from podlore.errors import NotEnoughEvidence
from podlore.interference.co_run_model import CoRunModel
from podlore.interference.features import features_of
from podlore.interference.kernel import Evidence, Layout, covariance
from podlore.interference.pairs import Pairs
from podlore.interference.read_pairs import read_pairs


@pytest.fixture
def pairs(
    write_pairs: Callable[[list[dict[str, object]]], Path], site: Callable[..., list[dict[str, object]]]
) -> Pairs:
    return read_pairs(write_pairs(site({"old": 1.0, "new": 4.0})))


def test_an_unseen_configuration_is_predicted_from_its_specs(pairs: Pairs) -> None:
    unseen = (pairs.runs.a == 1) | (pairs.runs.b == 1)
    known, asked = np.flatnonzero(~unseen), np.flatnonzero(unseen)
    model = CoRunModel(features_of(pairs)).fit(pairs.runs.take(known), pairs.speed[known])
    missed = np.abs(model.predict(pairs.runs.take(asked)).speed - pairs.speed[asked]).mean()
    assert missed < 0.3 * np.abs(pairs.speed[known].mean() - pairs.speed[asked]).mean()


def test_measured_co_runs_tell_what_specs_do_not(pairs: Pairs) -> None:
    unseen = (pairs.runs.a == 7) | (pairs.runs.b == 7)
    speed = np.where(pairs.runs.a == 7, 0.5 * pairs.speed, pairs.speed)  # it suffers twice as much as its like
    probes = unseen & ((pairs.runs.a <= 1) | (pairs.runs.b <= 1))
    known, asked = np.flatnonzero(~unseen), np.flatnonzero((pairs.runs.a == 7) & ~probes)
    model = CoRunModel(features_of(pairs)).fit(pairs.runs.take(known), speed[known])
    before = model.predict(pairs.runs.take(asked))
    warm = np.flatnonzero(~unseen | probes)
    after = model.condition(pairs.runs.take(warm), speed[warm]).predict(pairs.runs.take(asked))
    assert (after.deviation <= before.deviation + 1e-9).all()
    assert np.abs(after.speed - speed[asked]).mean() < 0.7 * np.abs(before.speed - speed[asked]).mean()


def test_leaving_groups_out_in_closed_form_equals_leaving_them_out(pairs: Pairs) -> None:
    model = CoRunModel(features_of(pairs), steps_max=3).fit(pairs.runs, pairs.speed)
    group = np.flatnonzero(pairs.runs.a == 2)
    quick = model.without([group])
    rest = np.setdiff1d(np.arange(len(pairs)), group)
    slow = model.condition(pairs.runs.take(rest), pairs.speed[rest]).predict(pairs.runs.take(group))
    assert np.allclose(quick.speed, slow.speed, atol=1e-6)
    assert np.allclose(quick.deviation, slow.deviation, atol=1e-5)


def test_the_gradient_is_the_slope(pairs: Pairs) -> None:
    runs, speed = pairs.runs.take(np.arange(0, 128, 5)), pairs.speed[::5]
    evidence = Evidence(features_of(pairs), runs, speed - speed.mean())
    theta = Layout(3).guess() + np.random.default_rng(0).normal(0, 0.3, Layout(3).size)
    slope = approx_fprime(theta, lambda at: evidence(at)[0], 1e-6)
    assert np.allclose(evidence(theta)[1], slope, atol=1e-3)


def test_the_covariance_of_a_list_with_itself_is_symmetric_and_positive(pairs: Pairs) -> None:
    matrix = covariance(features_of(pairs), Layout(3).guess(), pairs.runs, pairs.runs)
    assert np.allclose(matrix, matrix.T)
    assert np.linalg.eigvalsh(matrix).min() > -1e-8


def test_one_co_run_is_no_evidence(pairs: Pairs) -> None:
    with pytest.raises(NotEnoughEvidence, match="1 co-runs"):
        CoRunModel(features_of(pairs)).fit(pairs.runs.take(np.array([0])), pairs.speed[:1])
