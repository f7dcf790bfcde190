"""Effects on a grid: bells, and what trials with an edit on and off say of it."""

import numpy as np
import pytest

from autoloop.decision.screen.grid import DELTA, MOVED, RATES, THETA, bell, effect_likelihood

MIRRORED = slice(1, -1)
"""The part of the grid of effects that is the same on both sides of zero."""
RNG = np.random.default_rng(7)
COUNTS = RNG.integers(0, 9, (40, 4)).astype(float)
DENSITY = RNG.dirichlet(np.ones(len(THETA)), 40)


@pytest.mark.parametrize("mean", [0.0, -0.15, 1.3, 4.0, -6.0, 5.2, -19.0])
@pytest.mark.parametrize("spread", [0.05, 0.3, 2.0])
def test_a_bell_adds_up_to_one(mean: float, spread: float) -> None:
    weights = bell(mean, spread)

    assert weights.sum() == pytest.approx(1.0)
    assert (weights >= 0.0).all()


def test_a_bell_is_highest_where_its_mean_is() -> None:
    assert DELTA[bell(1.4, 0.1).argmax()] == 1.4
    assert (bell(0.0, 0.3) @ DELTA) == pytest.approx(0.0, abs=1e-9)


def test_no_effect_moves_no_rate_and_more_effect_raises_it_more() -> None:
    assert MOVED[DELTA == 0.0][0] == pytest.approx(RATES)
    assert (np.diff(MOVED, axis=0) > 0.0).all()


def test_on_and_off_exchanged_mirrors_the_likelihood_of_effects() -> None:
    exchanged = effect_likelihood(COUNTS[:, [2, 3, 0, 1]], DENSITY)[:, MIRRORED]

    straight = effect_likelihood(COUNTS, DENSITY)[:, MIRRORED]
    ratio = straight / exchanged[:, ::-1]
    assert DELTA[MIRRORED] == pytest.approx(-DELTA[MIRRORED][::-1])
    assert ratio == pytest.approx(np.repeat(ratio[:, :1], ratio.shape[1], axis=1))


def test_the_likelihood_is_that_of_both_sides_summed_over_what_is_believed() -> None:
    on = 1.0 / (1.0 + np.exp(-(THETA[None] + DELTA[:, None] / 2)))
    off = 1.0 / (1.0 + np.exp(-(THETA[None] - DELTA[:, None] / 2)))

    direct = (on**3 * (1 - on) * off * (1 - off) ** 2) @ DENSITY[0]
    found = effect_likelihood(np.array([[3.0, 1.0, 1.0, 2.0]]), DENSITY[:1])[0]

    assert found / found.max() == pytest.approx(direct / direct.max())


def test_a_task_says_the_same_whatever_others_are_worked_out_with_it() -> None:
    together = effect_likelihood(COUNTS, DENSITY)

    for rows in (slice(0, 1), slice(3, 10), slice(11, 40, 4)):
        assert (effect_likelihood(COUNTS[rows], DENSITY[rows]) == together[rows]).all()


def test_without_trials_every_effect_is_as_likely() -> None:
    assert effect_likelihood(np.zeros((1, 4)), DENSITY[:1]) == pytest.approx(1.0)
