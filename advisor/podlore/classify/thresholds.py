"""One threshold a class: the class whose probability is highest above its threshold wins, by ratio.

Learned on held-out probabilities so that the macro-F1 is highest; equal thresholds are the plain argmax.
"""

import numpy as np

from podlore.classify.scores import Floats, Numbers, confusion, macro_f1

_STEPS = np.exp(np.linspace(-0.7, 0.7, 15))
_ROUNDS = 3


def decide(chances: Floats, thresholds: Floats) -> Numbers:
    """Return the class of each row.

    >>> decide(np.array([[0.6, 0.4]]), np.array([1.0, 0.5])).tolist()
    [1]
    """
    best: Numbers = (chances / thresholds).argmax(axis=1)
    return best


def tune(chances: Floats, truth: Numbers) -> Floats:
    """Return the thresholds with the highest macro-F1 on these rows, class by class, three times around."""
    n_classes = chances.shape[1]
    thresholds = np.ones(n_classes)
    best = _score(chances, truth, thresholds)
    for _ in range(_ROUNDS):
        for column in range(n_classes):
            for step in _STEPS:
                tried = thresholds.copy()
                tried[column] = step
                score = _score(chances, truth, tried)
                if score > best + 1e-9:
                    best, thresholds = score, tried
    return thresholds


def _score(chances: Floats, truth: Numbers, thresholds: Floats) -> float:
    counts = confusion(truth, decide(chances, thresholds), chances.shape[1]).astype(float)
    return float(macro_f1(counts))
