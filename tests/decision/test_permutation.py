"""The sign-flip test against SciPy's own."""

import numpy as np
import pytest
from scipy import stats  # type: ignore[import-untyped]  # SciPy ships no types

from autoloop.decision.permutation import _counted, sign_flip_p, two_sided


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


@pytest.mark.parametrize("seed", range(5))
def test_the_two_sided_test_agrees_with_scipy(seed: int) -> None:
    differences = np.random.default_rng(seed).choice([-1, -0.5, 0, 0.5, 1 / 3, 1], size=11)

    found, exact = two_sided(list(differences))

    expected = stats.permutation_test(
        (differences,), np.sum, permutation_type="samples", n_resamples=10**6
    )
    assert exact
    assert found == pytest.approx(expected.pvalue)


@pytest.mark.parametrize(("up", "down"), [(23, 17), (60, 25), (25, 60), (300, 240)])
def test_many_passed_and_failed_tasks_are_still_counted(up: int, down: int) -> None:
    found, exact = two_sided([1.0] * up + [-1.0] * down + [0.0] * 40)

    assert exact
    assert found == pytest.approx(stats.binomtest(up, up + down).pvalue)


def test_counting_by_steps_agrees_with_counting_all_flips() -> None:
    differences = np.random.default_rng(2).choice([-1, 1 / 3, 0.25, -0.4, 0.5], size=30)

    by_flips, _ = two_sided(list(differences))
    by_steps, exact = two_sided([*differences, *[0.0] * 9])
    steps = np.rint(np.abs(differences) * 60).astype(np.int64)

    assert exact
    assert by_flips == by_steps
    counted = _counted(steps, abs(round(float(differences.sum() * 60))))
    assert by_flips == pytest.approx(min(1.0, 2 * counted))


def test_flips_of_many_odd_differences_are_drawn_and_say_so() -> None:
    differences = [0.1 * np.pi * (1 + i % 3) * (-1) ** (i % 5 == 0) for i in range(60)]

    found, exact = two_sided(differences)

    assert not exact
    assert found == two_sided([-d for d in differences])[0]
    assert found < 0.01


def test_no_difference_either_way_is_no_evidence() -> None:
    assert two_sided([]) == two_sided([0.0]) == two_sided([1.0, -1.0]) == (1.0, True)
