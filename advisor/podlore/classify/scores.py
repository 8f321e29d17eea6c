"""What is said about predictions: accuracy, F1, calibration, each from probabilities and true classes.

Brier is the sum form (0 to 2). The expected calibration error is of the top class, in bins of equal width, and in bins
of equal mass where ``edges`` say so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Numbers = NDArray[np.intp]
BINS = 15
TINY = 1e-12


@dataclass(frozen=True, slots=True)
class ClassScores:
    """Precision, recall and F1 of one class, and how many rows are of it."""

    precision: float
    recall: float
    f1: float
    rows: int


def confusion(truth: Numbers, guessed: Numbers, n_classes: int) -> Numbers:
    """Return counts by true class (rows) and guessed class (columns)."""
    counts: Numbers = np.bincount(truth * n_classes + guessed, minlength=n_classes**2).reshape(n_classes, n_classes)
    return counts


def f1_by_class(counts: NDArray[np.float64]) -> Floats:
    """Return the F1 of each class from confusion counts, shape (..., n, n) to (..., n); 0 where there is nothing.

    >>> f1_by_class(np.array([[2.0, 0.0], [2.0, 0.0]])).round(3).tolist()
    [0.667, 0.0]
    """
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    total = counts.sum(axis=-1) + counts.sum(axis=-2)
    f1: Floats = 2 * right / np.maximum(total, TINY)
    return f1


def macro_f1(counts: NDArray[np.float64]) -> Floats:
    """Return the mean F1 over the classes that have rows."""
    present = counts.sum(axis=-1) > 0
    mean: Floats = (f1_by_class(counts) * present).sum(axis=-1) / np.maximum(present.sum(axis=-1), 1)
    return mean


def by_class(truth: Numbers, guessed: Numbers, classes: Sequence[str]) -> Mapping[str, ClassScores]:
    """Return precision, recall and F1 of every class."""
    counts = confusion(truth, guessed, len(classes)).astype(float)
    right, of_class, called = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    f1 = f1_by_class(counts)
    return {
        name: ClassScores(
            precision=float(right[row] / max(called[row], TINY)),
            recall=float(right[row] / max(of_class[row], TINY)),
            f1=float(f1[row]),
            rows=int(of_class[row]),
        )
        for row, name in enumerate(classes)
    }


def brier(chances: Floats, truth: Numbers) -> Floats:
    """Return each row's squared distance to the truth."""
    distance: Floats = ((chances - np.eye(chances.shape[1])[truth]) ** 2).sum(axis=1)
    return distance


def log_loss(chances: Floats, truth: Numbers) -> Floats:
    """Return each row's negative log-likelihood."""
    loss: Floats = -np.log(np.maximum(chances[np.arange(len(truth)), truth], TINY))
    return loss


def equal_width_edges(n_bins: int = BINS) -> Floats:
    """Return the inner edges of bins of equal width."""
    return np.linspace(0, 1, n_bins + 1)[1:-1]


def equal_mass_edges(confidence: Floats, n_bins: int = BINS) -> Floats:
    """Return the inner edges of bins that hold as many rows each."""
    return np.quantile(confidence, np.linspace(0, 1, n_bins + 1)[1:-1])


def calibration_gaps(chances: Floats, truth: Numbers, edges: Floats) -> tuple[Numbers, Floats]:
    """Return each row's bin, and by how much its confidence is above whether it is right: ECE sums them by bin."""
    confidence = chances.max(axis=1)
    return np.searchsorted(edges, confidence, side="right"), confidence - (chances.argmax(axis=1) == truth)


def expected_calibration_error(chances: Floats, truth: Numbers, edges: Floats) -> float:
    """Return the mean distance between confidence and accuracy over bins.

    >>> expected_calibration_error(np.array([[0.8, 0.2]] * 5), np.array([0, 0, 0, 0, 1]), equal_width_edges())
    0.0
    """
    bins, gaps = calibration_gaps(chances, truth, edges)
    sums = np.bincount(bins, gaps, minlength=len(edges) + 1)
    return round(float(np.abs(sums).sum() / len(truth)), 12)


def reliability(chances: Floats, truth: Numbers, edges: Floats) -> list[dict[str, float]]:
    """Return confidence, accuracy and rows of each bin that has rows: the points of a reliability curve."""
    confidence, right = chances.max(axis=1), chances.argmax(axis=1) == truth
    bins = np.searchsorted(edges, confidence, side="right")
    return [
        {
            "confidence": float(confidence[bins == number].mean()),
            "accuracy": float(right[bins == number].mean()),
            "rows": int((bins == number).sum()),
        }
        for number in range(len(edges) + 1)
        if (bins == number).any()
    ]
