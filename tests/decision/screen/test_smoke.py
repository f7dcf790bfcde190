"""A first look at an edit alone."""

import numpy as np
import pytest

from autoloop.decision.screen.rates import Rates, rates_before
from autoloop.decision.screen.smoke import MOST, Smoke, smoke_of, surest
from autoloop.records import Observation, Version
from tests.decision.strategies.builders import seen

NAMES = ("train/a", "train/b", "train/c", "train/d", "validation/d", "validation/e")
ALONE = Version(on=(1,))


def believed() -> Rates:
    """Three tasks that always pass and three that never do."""
    trials = [seen(Version(), t, float(n < 3)) for _ in range(12) for n, t in enumerate(NAMES)]
    return rates_before(trials, NAMES)


def after(*rewards: float, task: str = "train/a") -> Smoke:
    trials: tuple[Observation, ...] = tuple(seen(ALONE, task, reward) for reward in rewards)
    return smoke_of(trials, believed(), NAMES)


def test_an_edit_that_fails_what_always_passed_crashes() -> None:
    assert after(0.0, 0.0).crashed
    assert not after(0.0).crashed


def test_an_edit_that_passes_once_does_not_crash() -> None:
    smoke = after(0.0, 1.0, 0.0)

    assert not smoke.crashed
    assert smoke.lacks(0) == 0


def test_failing_what_never_passed_says_little() -> None:
    smoke = after(*[0.0] * 4, task="validation/d")

    assert not smoke.crashed
    assert smoke.odds - after().odds < 1.0


def test_what_stays_unclear_ends() -> None:
    mixed = [Smoke(trials=trials, odds=0.0) for trials in (2, MOST - 1, MOST)]

    assert [smoke.lacks(0) for smoke in mixed] == [1, 1, 0]
    assert [smoke.lacks(1) for smoke in mixed] == [0, 0, 0]


@pytest.mark.parametrize(("running", "lacking"), [(0, 2), (1, 1), (2, 0), (5, 0)])
def test_two_trials_come_first_those_under_way_counted(running: int, lacking: int) -> None:
    assert after().lacks(running) == lacking


def test_it_is_tried_on_tasks_that_mostly_pass() -> None:
    drawn = {surest(believed(), np.random.default_rng(seed)) for seed in range(40)}

    assert {0, 1, 2} <= drawn
    assert len(drawn) == 4
