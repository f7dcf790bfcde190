"""Exact figures against SciPy's own."""

import pytest
from scipy import stats  # type: ignore[import-untyped]  # SciPy ships no types

from autoloop.decision.binomial import clopper_pearson, mcnemar
from autoloop.records import Passes


@pytest.mark.parametrize("trials", [1, 2, 5, 17, 200])
def test_clopper_pearson_agrees_with_scipy(trials: int) -> None:
    for passed in {0, 1, trials // 2, trials - 1, trials}:
        found = clopper_pearson(Passes(passed=passed, trials=trials))

        expected = stats.binomtest(passed, trials).proportion_ci(method="exact")
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
        assert (found.mean, found.n) == (passed / trials, trials)


def test_no_trials_leave_everything_open() -> None:
    found = clopper_pearson(Passes(passed=0, trials=0))

    assert (found.low, found.high, found.n) == (0.0, 1.0, 0)


@pytest.mark.parametrize(("a", "b"), [(0, 1), (1, 8), (8, 1), (5, 5), (3, 0), (40, 61)])
def test_mcnemar_agrees_with_scipys_binomial_test(a: int, b: int) -> None:
    found = mcnemar(a, b)

    assert found.p_value == pytest.approx(stats.binomtest(a, a + b).pvalue)
    likely = [stats.binom.pmf(i, a + b, 0.5) for i in range(a + b + 1)]
    seen = likely[a]
    rarer = sum(p for p in likely if p < seen * (1 - 1e-9))
    same = sum(p for p in likely if abs(p - seen) <= seen * 1e-9)
    assert found.mid_p == pytest.approx(rarer + same / 2)


def test_tasks_that_do_not_tell_the_sides_apart_are_no_evidence() -> None:
    found = mcnemar(0, 0)

    assert found.p_value == found.mid_p == 1.0
