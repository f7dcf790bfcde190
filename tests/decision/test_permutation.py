"""The sign-flip test against SciPy's own."""

import numpy as np
import pytest
from scipy import stats  # type: ignore[import-untyped]  # SciPy ships no types

from autoloop.decision.permutation import sign_flip_p


@pytest.mark.parametrize("seed", range(5))
def test_counting_all_flips_agrees_with_scipy(seed: int) -> None:
    differences = np.random.default_rng(seed).choice([-1, -0.5, 0.5, 1 / 3, 1], size=10)

    found = sign_flip_p(list(differences))

    expected = stats.permutation_test(
        (differences,), np.sum, permutation_type="samples", alternative="greater", n_resamples=10**6
    )
    assert found == pytest.approx(expected.pvalue)


def test_zeros_say_nothing() -> None:
    assert sign_flip_p([1, 1, 1, 0, 0, 0]) == sign_flip_p([1, 1, 1]) == 1 / 8


def test_no_difference_at_all_is_no_evidence() -> None:
    assert sign_flip_p([]) == sign_flip_p([0.0, 0.0]) == 1.0


def test_drawn_flips_are_close_to_counted_ones() -> None:
    differences = [0.2] * 23 + [-0.2] * 17

    drawn = sign_flip_p(differences, seed=(3, 1))

    assert drawn == pytest.approx(stats.binomtest(23, 40, alternative="greater").pvalue, abs=0.01)


def test_drawn_flips_repeat_for_the_same_seed_and_any_order() -> None:
    differences = [0.1 * (i % 7) - 0.2 for i in range(60)]

    assert sign_flip_p(differences, seed=(7,)) == sign_flip_p(differences[::-1], seed=(7,))
