import numpy as np

from podlore.classify.scores import confusion, macro_f1
from podlore.classify.thresholds import decide, tune


def test_equal_thresholds_are_the_plain_argmax() -> None:
    chances = np.random.default_rng(0).dirichlet([1, 1, 1], 50)
    assert np.array_equal(decide(chances, np.ones(3)), chances.argmax(axis=1))


def test_a_class_that_is_never_called_is_helped() -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random(2_000) < 0.1).astype(int)
    second = np.where(truth == 1, rng.uniform(0.2, 0.48, 2_000), rng.uniform(0, 0.25, 2_000))
    chances = np.column_stack([1 - second, second])
    assert not chances.argmax(axis=1).any()
    thresholds = tune(chances, truth)
    assert macro_f1(confusion(truth, decide(chances, thresholds), 2).astype(float)) > 0.85
