"""What is believed of tasks, and what an effect would gain on tasks like these."""

import numpy as np
import pytest

from autoloop.decision.screen.grid import DELTA, RATES, THETA
from autoloop.decision.screen.rates import HALF_LIFE, Rates, rates_before
from autoloop.records import Version
from tests.decision.strategies.builders import TRAIN, VALIDATION, seen

NAMES = (*TRAIN, *VALIDATION)


def passes(*rewards: float) -> Rates:
    """After trials of the first task, and as many of the others that half pass."""
    trials = [seen(Version(), NAMES[0], reward) for reward in rewards]
    rest = [seen(Version(), task, float(n % 2)) for task in NAMES[1:] for n in range(len(rewards))]
    return rates_before((*rest, *trials), NAMES)


def test_every_task_has_a_density() -> None:
    density = passes(1.0, 1.0, 0.0).density

    assert density.shape == (len(NAMES), len(THETA))
    assert density.sum(axis=1) == pytest.approx(1.0)


def test_a_task_that_passes_more_often_is_believed_to_be_easier() -> None:
    rates = [passes(*[1.0] * n, *[0.0] * (8 - n)).mean[0] for n in range(9)]

    assert rates == sorted(rates)
    assert rates[0] < 0.2 < 0.8 < rates[-1]


def test_gains_are_those_of_moving_every_rate_by_the_effect() -> None:
    rates = passes(1.0, 1.0, 0.0)
    weights = rates.density.mean(axis=0)

    direct = [(weights * (1 / (1 + np.exp(-THETA - by)) - RATES)).sum() for by in DELTA]

    assert rates.gains() == pytest.approx(direct)


def test_no_effect_gains_nothing_and_gains_stay_within_what_there_is() -> None:
    rates = passes(1.0, 1.0, 0.0)

    assert rates.gains()[DELTA == 0.0] == pytest.approx(0.0)
    assert -rates.mean.mean() <= rates.gains().min()
    assert rates.gains().max() <= 1.0 - rates.mean.mean()


def test_old_trials_weigh_less_than_new_ones() -> None:
    count = int(2 * HALF_LIFE * len(NAMES))
    early = [seen(Version(), NAMES[0], 1.0) for _ in range(4)]
    late = [seen(Version(), NAMES[0], 0.0) for _ in range(4)]
    between = [seen(Version(), NAMES[1], float(n % 2)) for n in range(count)]

    assert rates_before((*early, *between, *late), NAMES).mean[0] < 0.35
    assert rates_before((*late, *between, *early), NAMES).mean[0] > 0.65


def test_rewards_beyond_the_scale_count_as_its_ends() -> None:
    assert passes(9.0, -3.0).density == pytest.approx(passes(1.0, 0.0).density)


def test_without_trials_nothing_is_known() -> None:
    rates = rates_before((), NAMES)

    assert rates.mean == pytest.approx(0.5)
    assert rates.spread.max() < 0.25
