"""Intervals over tasks."""

import random
from statistics import fmean

import pytest

from autoloop.decision import Estimates

ESTIMATES = Estimates()


def test_the_mean_weighs_tasks_equally_whatever_their_attempts() -> None:
    score = ESTIMATES.score({"a": [1.0] * 9, "b": [0.0]})

    assert score.mean == 0.5
    assert score.n == 2


@pytest.mark.parametrize("n", [1, 8, 30])
def test_equal_results_leave_room_for_tasks_that_were_not_met(n: int) -> None:
    score = ESTIMATES.score({f"{i}": [1.0, 1.0] for i in range(n)})

    assert score.high == score.mean == 1.0
    assert 0.0 <= score.low < 0.92


def test_equal_differences_are_no_certainty() -> None:
    same = {f"{i}": [0.5] for i in range(10)}

    gain = ESTIMATES.gain(same, same)

    assert gain.low < 0.0 < gain.high
    assert gain.mean == 0.0


def test_a_large_gain_on_ten_tasks_excludes_zero() -> None:
    before = {f"{i}": [1.0, float(i < 2), 0.0] if i < 5 else [0.0, 0.0, 0.0] for i in range(10)}
    after = {f"{i}": [1.0, 1.0, float(i % 3 > 0)] for i in range(10)}

    gain = ESTIMATES.gain(before, after)

    assert gain.low > 0.2


def test_gains_are_paired_and_tasks_of_one_side_are_left_out() -> None:
    gain = ESTIMATES.gain({"a": [0.0], "b": [1.0], "c": []}, {"a": [1.0], "c": [1.0], "d": [1.0]})

    assert (gain.mean, gain.n) == (1.0, 1)


def test_nothing_measured_is_the_whole_range() -> None:
    score = ESTIMATES.score({"a": []})

    assert (score.low, score.high, score.n) == (0.0, 1.0, 0)


def test_rewards_beyond_one_widen_the_range() -> None:
    score = ESTIMATES.score({"a": [4.0], "b": [-2.0]})

    assert score.low < 0 < 1 < score.high


def test_a_mirrored_gain_is_the_same_interval_with_the_sign_turned() -> None:
    before = {f"{i}": [float(i % 2)] for i in range(9)}
    after = {f"{i}": [float(i % 3 > 0)] for i in range(9)}

    there, back = ESTIMATES.gain(before, after), ESTIMATES.gain(after, before)

    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


@pytest.mark.parametrize("n", [8, 12])
@pytest.mark.parametrize("attempts", [2, 3])
def test_intervals_hold_the_truth_in_19_of_20_cases(n: int, attempts: int) -> None:
    luck = random.Random(f"{n}/{attempts}")  # noqa: S311
    held: dict[str, list[bool]] = {"score": [], "gain": []}
    for _ in range(600):
        # Beta(0.5, 0.9): many tasks near 0, some near 1, mean 5/14.
        rates = {f"{i}": luck.betavariate(0.5, 0.9) for i in range(n)}
        before, after = (
            {t: [float(luck.random() < r) for _ in range(attempts)] for t, r in side.items()}
            for side in (rates, {t: (1 + r) / 2 for t, r in rates.items()})
        )
        score, gain = ESTIMATES.score(before), ESTIMATES.gain(before, after)
        held["score"].append(score.low <= 5 / 14 <= score.high)
        held["gain"].append(gain.low <= 9 / 28 <= gain.high)

    assert min(fmean(hits) for hits in held.values()) >= 0.93


def test_a_paired_test_carries_gain_and_p_value() -> None:
    before = {f"{i}": [0.0] for i in range(8)}
    after = {f"{i}": [float(i > 0)] for i in range(8)} | {"new": [1.0]}

    found = ESTIMATES.paired(before, after)

    assert found.gain == ESTIMATES.gain(before, after)
    assert (found.p_value, found.exact) == (2 / 2**7, True)


def test_a_difference_without_bounds_has_a_t_interval() -> None:
    found = ESTIMATES.difference([10.0, 12.0, 14.0])

    half = 4.302653 * 2 / 3**0.5
    assert (found.low, found.mean, found.high) == pytest.approx((12 - half, 12, 12 + half))
    assert ESTIMATES.difference([]).n == 0
