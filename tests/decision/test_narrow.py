"""Whether a train gain hangs on one task, from observations with an edit and without it."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from autoloop.decision.narrow import (
    TaskGain,
    chance_of_gain,
    chance_of_proof,
    gains_of,
    is_narrow,
    mean_gain,
)
from autoloop.records import Board, Version
from tests.decision.strategies.builders import TRAIN, VALIDATION, make_board, seen

ON, OFF = Version(on=(1,)), Version(off=(1,))


def gain(value: float, weight: float = 1.0) -> TaskGain:
    return TaskGain(gain=value, weight=weight, spread=0.25)


def gains(board: Board, tasks: tuple[str, ...] = TRAIN) -> list[float]:
    return [one.gain for one in gains_of(board, board.open[0], tasks)]


@pytest.mark.parametrize(
    ("values", "narrow"),
    [
        ([1.0, 0.0, 0.0], True),
        ([1.0, -0.3, 0.1], True),
        ([1.0], True),
        ([1.0, 1.0, 0.0], False),
        ([0.2, 0.1, 0.1], False),
        ([0.5, -0.6], False),
        ([0.0, 0.0], False),
        ([], False),
    ],
)
def test_a_gain_is_narrow_when_nothing_of_it_is_left_without_the_best_task(
    values: list[float], *, narrow: bool
) -> None:
    assert is_narrow([gain(value) for value in values]) is narrow


def test_a_task_counts_as_far_as_its_trials_speak_for_it() -> None:
    luck = [gain(1.0, weight=0.5), gain(0.2, weight=4.0), gain(0.1, weight=4.0)]

    assert not is_narrow(luck)
    assert mean_gain(luck) == pytest.approx((0.5 + 0.8 + 0.4) / 8.5)
    assert mean_gain([]) == 0.0


def test_a_chance_grows_with_the_trials_behind_it() -> None:
    few, many = [gain(0.2, weight=1.0)] * 5, [gain(0.2, weight=9.0)] * 5

    assert 0.5 < chance_of_gain(few) < 0.9 < chance_of_gain(many) < 1.0
    assert chance_of_gain([]) == 0.5
    assert chance_of_gain([gain(-0.2, 9.0)]) < 0.5


def test_a_proof_is_as_likely_as_drawn_futures_say() -> None:
    """With a flat prior, as in the formula: what is seen is the truth give or take its error."""
    seen_ = [gain(0.1, weight=1.0)] * 6
    told, all_of_it = 6.0, 20.0
    draws = np.random.default_rng(0)
    truth = draws.normal(0.1, np.sqrt(0.25 / told), 200_000)
    more = draws.normal(truth, np.sqrt(0.25 / (all_of_it - told)))
    mean = (0.1 * told + more * (all_of_it - told)) / all_of_it
    proven = mean / np.sqrt(0.25 / all_of_it) >= NormalDist().inv_cdf(0.8)

    prospect = chance_of_proof(seen_, sure=0.8, weight=all_of_it)

    assert prospect == pytest.approx(proven.mean(), abs=0.005)


def test_with_nothing_seen_a_proof_is_open_and_with_everything_seen_it_is_there_or_not() -> None:
    assert chance_of_proof([], sure=0.8, weight=20.0) == 0.5
    assert chance_of_proof([], sure=0.8, weight=0.0) == 0.0
    assert chance_of_proof([gain(0.3, weight=20.0)], sure=0.8, weight=20.0) == 1.0
    assert chance_of_proof([gain(-0.3, weight=20.0)], sure=0.8, weight=20.0) == 0.0


def test_trials_that_were_drawn_are_compared_with_each_other_alone() -> None:
    board = make_board(*(seen(v, task, float(v is ON)) for task in TRAIN for v in (ON, OFF)))

    assert gains(board) == [1.0, 1.0, 1.0]


def test_without_draws_the_incumbents_own_trials_are_compared_with() -> None:
    board = make_board(*(seen(ON, task, 1.0) for task in TRAIN))

    # In the baseline's first pass every second task passed.
    assert gains(board) == [1.0, 0.0, 1.0]
    assert gains(board, VALIDATION) == []


def test_trials_on_an_earlier_incumbent_are_not_compared_with_those_of_the_present_one() -> None:
    board = make_board(seen(ON, TRAIN[0], 1.0), seen(Version(base=2), TRAIN[0], 0.0))

    assert gains(replace(board, base=2)) == []


def test_trials_that_an_edit_was_kept_for_are_the_new_incumbents() -> None:
    kept, on = Version(on=(2,), off=()), Version(base=2, on=(1,))
    board = make_board(seen(kept, TRAIN[0], 0.0), seen(on, TRAIN[0], 1.0))

    assert gains(replace(board, base=2)) == [1.0]
