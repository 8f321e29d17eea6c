import numpy as np
import pytest

from podlore.classify.evaluation.significance import five_by_two_f_test, holm, mcnemar


def test_mcnemar_is_the_one_of_statsmodels() -> None:
    contingency = pytest.importorskip("statsmodels.stats.contingency_tables")
    rng = np.random.default_rng(0)
    left, right = rng.random(200) < 0.8, rng.random(200) < 0.7
    table = [[(left & right).sum(), (left & ~right).sum()], [(~left & right).sum(), (~left & ~right).sum()]]
    assert mcnemar(left, right) == pytest.approx(contingency.mcnemar(table, exact=True).pvalue)


def test_equal_models_do_not_differ() -> None:
    assert mcnemar(np.ones(5, bool), np.ones(5, bool)) == 1
    assert five_by_two_f_test([(0.0, 0.0)] * 5) == 1


def test_the_f_test_is_as_alpaydin_wrote_it() -> None:
    gaps = [(0.02, 0.03), (0.01, 0.04), (0.02, 0.02), (0.03, 0.01), (0.02, 0.05)]
    squares = sum(a * a + b * b for a, b in gaps)
    variances = sum((a - (a + b) / 2) ** 2 + (b - (a + b) / 2) ** 2 for a, b in gaps)
    from scipy.stats import f

    assert five_by_two_f_test(gaps) == pytest.approx(f.sf(squares / (2 * variances), 10, 5))


def test_models_alike_differ_by_the_f_test_no_more_often_than_it_says() -> None:
    rng = np.random.default_rng(0)
    hits = sum(five_by_two_f_test([tuple(rng.normal(0, 1, 2)) for _ in range(5)]) < 0.05 for _ in range(2_000))
    assert hits / 2_000 < 0.07


def test_holm_is_the_one_of_statsmodels() -> None:
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    p_values = {"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.2, "e": 0.005}
    expected = multitest.multipletests(list(p_values.values()), method="holm")[1]
    assert list(holm(p_values).values()) == pytest.approx(list(expected))
