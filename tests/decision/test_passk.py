"""pass@k and pass^k against counting every subset of attempts."""

from itertools import combinations
from statistics import fmean

import pytest

from autoloop.decision.passk import pass_all, pass_any
from autoloop.records import Passes


@pytest.mark.parametrize("n", range(1, 8))
def test_both_agree_with_counting_every_subset(n: int) -> None:
    for passed in range(n + 1):
        attempts = [True] * passed + [False] * (n - passed)
        for k in range(1, n + 1):
            subsets = list(combinations(attempts, k))

            passes = Passes(passed=passed, trials=n)

            assert pass_any(passes, k) == pytest.approx(fmean(map(any, subsets)))
            assert pass_all(passes, k) == pytest.approx(fmean(map(all, subsets)))


@pytest.mark.parametrize("k", [0, 4])
def test_more_attempts_than_were_made_cannot_be_estimated(k: int) -> None:
    with pytest.raises(ValueError, match=f"k is {k}: it must lie between 1 and the 3 attempts"):
        pass_any(Passes(passed=1, trials=3), k)
