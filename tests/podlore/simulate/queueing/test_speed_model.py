"""A job's model of its speed: the gradient is that of the loss, and planted parameters predict what was not seen."""

import numpy as np
import pytest

from podlore.simulate.queueing.speed_model import START, _loss, fit_speed, network_seconds

TRUE = np.array([0.02, 0.001, 0.05, 0.004, 0.02, 0.002, 2.0])


def times(nodes, replicas, batch):
    compute, network = TRUE[0] + TRUE[1] * batch, network_seconds(TRUE, nodes, replicas)
    step = (compute ** TRUE[6] + network ** TRUE[6]) ** (1 / TRUE[6])
    return step, step - compute


SEEN = {
    key: times(*key) for key in ((1, 1, 32), (1, 2, 64), (1, 4, 32), (2, 4, 128), (2, 8, 64), (3, 12, 32), (4, 16, 96))
}


def test_the_slope_is_that_of_the_loss():
    table = np.array([[*key, step - sync, step] for key, (step, sync) in SEEN.items()])
    at = START * 1.3
    _, slope = _loss(at, table)
    for index in range(7):
        ahead = at.copy()
        ahead[index] += 1e-7
        assert slope[index] == pytest.approx((_loss(ahead, table)[0] - _loss(at, table)[0]) / 1e-7, rel=1e-2, abs=1e-3)


def test_a_fitted_model_predicts_a_placement_that_was_not_seen():
    found = fit_speed(SEEN)
    step, _ = times(3, 10, 80)
    compute, network = found[0] + found[1] * 80, network_seconds(found, 3, 10)
    assert (compute ** found[6] + network ** found[6]) ** (1 / found[6]) == pytest.approx(step, rel=0.05)


def test_what_was_not_seen_costs_nothing():
    found = fit_speed({(1, 1, 32): times(1, 1, 32)})
    assert network_seconds(found, 4, 16) < 1e-6
