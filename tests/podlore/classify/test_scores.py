"""Each score against scikit-learn, or against a loop that anybody can check."""

from itertools import pairwise

import numpy as np
import pytest
from sklearn import metrics

from podlore.classify.scores import (
    brier,
    by_class,
    confusion,
    equal_mass_edges,
    equal_width_edges,
    expected_calibration_error,
    log_loss,
    macro_f1,
    reliability,
)

RNG = np.random.default_rng(0)
TRUTH = RNG.integers(0, 4, 500)
CHANCES = RNG.dirichlet([0.4] * 4, 500)
CHANCES[np.arange(500), TRUTH] += 0.4
CHANCES /= CHANCES.sum(axis=1, keepdims=True)
GUESSED = CHANCES.argmax(axis=1)


def test_f1_is_scikit_learns() -> None:
    counts = confusion(TRUTH, GUESSED, 4)
    assert np.array_equal(counts, metrics.confusion_matrix(TRUTH, GUESSED))
    assert macro_f1(counts.astype(float)) == pytest.approx(metrics.f1_score(TRUTH, GUESSED, average="macro"))
    precision, recall, f1, rows = metrics.precision_recall_fscore_support(TRUTH, GUESSED)
    for column, each in enumerate(by_class(TRUTH, GUESSED, "abcd").values()):
        assert (each.precision, each.recall, each.f1, each.rows) == pytest.approx(
            (precision[column], recall[column], f1[column], rows[column])
        )


def test_macro_f1_counts_only_classes_that_have_rows() -> None:
    assert macro_f1(np.array([[3.0, 0.0], [0.0, 0.0]])) == 1


def test_brier_and_log_loss_are_scikit_learns() -> None:
    assert brier(CHANCES, TRUTH).mean() == pytest.approx(metrics.brier_score_loss(TRUTH, CHANCES, scale_by_half=False))
    assert log_loss(CHANCES, TRUTH).mean() == pytest.approx(metrics.log_loss(TRUTH, CHANCES))


@pytest.mark.parametrize("edges", [equal_width_edges(), equal_mass_edges(CHANCES.max(axis=1))], ids=["width", "mass"])
def test_the_calibration_error_is_that_of_a_loop_over_bins(edges: np.ndarray) -> None:
    confidence, right = CHANCES.max(axis=1), GUESSED == TRUTH
    total = 0.0
    bounds = [0.0, *edges, 1.1]
    for low, high in pairwise(bounds):
        rows = [row for row in range(500) if low <= confidence[row] < high]
        if rows:
            gap = np.mean([confidence[row] for row in rows]) - np.mean([right[row] for row in rows])
            total += len(rows) / 500 * abs(gap)
    assert expected_calibration_error(CHANCES, TRUTH, edges) == pytest.approx(total)


def test_bins_of_equal_mass_hold_as_many_rows() -> None:
    rows = [point["rows"] for point in reliability(CHANCES, TRUTH, equal_mass_edges(CHANCES.max(axis=1)))]
    assert sum(rows) == 500
    assert max(rows) - min(rows) <= 2
