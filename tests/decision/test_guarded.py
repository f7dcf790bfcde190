"""Answers about the holdout that do not use it up."""

from collections.abc import Callable

import numpy as np
import pytest

from autoloop.decision import ladder, thresholdout
from autoloop.decision.guarded import scale_of, secret_noise


def no_noise(scale: float) -> float:
    del scale
    return 0.0


def seeded(seed: int) -> Callable[[float], float]:
    rng = np.random.default_rng(seed)
    return lambda scale: float(rng.laplace(0.0, scale))


def test_while_holdout_agrees_the_claim_is_repeated_and_nothing_else_leaves() -> None:
    answers = {thresholdout(0.30, seen, tasks=25, draw=no_noise) for seen in (0.21, 0.30, 0.39)}

    (only,) = answers
    assert (only.gain, only.agrees, only.within) == (0.30, True, 0.1)


def test_where_holdout_does_not_agree_it_is_said_with_noise() -> None:
    answer = thresholdout(0.30, 0.05, tasks=25, draw=lambda scale: 0.1 * scale)

    assert answer.agrees is False
    assert answer.gain == pytest.approx(0.05 + 0.1 * 0.025)


def test_noise_blurs_what_is_said_and_where_the_threshold_lies() -> None:
    far = [thresholdout(0.5, 0.0, tasks=100, draw=seeded(s)).gain for s in range(400)]
    near = [thresholdout(0.1, 0.05, tasks=100, draw=seeded(s)).agrees is True for s in range(400)]

    assert np.std(far) == pytest.approx(2**0.5 * 0.05 / 4, rel=0.2)
    assert 0.3 < np.mean(near) < 0.7


def test_no_answer_is_beyond_what_a_gain_can_be() -> None:
    assert thresholdout(-1.0, 1.0, tasks=4, draw=lambda scale: scale).gain == 1.0


def test_noise_that_is_drawn_in_earnest_differs_each_time() -> None:
    assert len({secret_noise(1.0) for _ in range(20)}) == 20


def test_the_ladder_moves_only_for_a_whole_step() -> None:
    step = scale_of(25)

    first = ladder(0.0, 0.9 * step, tasks=25)
    second = ladder(0.0, 2.2 * step, tasks=25)

    assert (first.gain, first.agrees) == (0.0, None)
    assert second.gain == pytest.approx(2 * step)


def test_the_ladder_never_says_that_a_gain_fell() -> None:
    assert ladder(0.3, -0.4, tasks=25).gain == 0.3


def test_scales_depend_on_the_number_of_tasks_alone() -> None:
    assert scale_of(100) == pytest.approx(0.05)
    assert scale_of(0) == 0.5
