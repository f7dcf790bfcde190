"""What trials can tell, against simulation and closed forms."""

from collections.abc import Sequence
from math import sqrt

import numpy as np
import pytest

from autoloop.decision import Noise, noise_band, noise_of
from autoloop.decision.permutation import sign_flip_p
from autoloop.decision.power import SHIFTS

SIMULATED = 300


def profile(rates: Sequence[float], *, attempts: int) -> dict[str, list[float]]:
    """Attempts that show these pass rates as well as so many can."""
    passes = [round(rate * attempts) for rate in rates]
    return {f"t{i}": [1.0] * n + [0.0] * (attempts - n) for i, n in enumerate(passes)}


def drawn(rates: Sequence[float], *, attempts: int, seed: int) -> dict[str, list[float]]:
    """Attempts drawn by chance."""
    rng = np.random.default_rng(seed)
    found = rng.random((len(rates), attempts)) < np.array(rates)[:, None]
    return {f"t{i}": [float(x) for x in own] for i, own in enumerate(found)}


def fair(tasks: int) -> Noise:
    """Every task passes half of the time: the noisiest there is."""
    return noise_of(profile([0.5] * tasks, attempts=200))


def test_the_band_of_equal_tasks_is_the_binomials() -> None:
    band = fair(50).band()

    assert band == pytest.approx(1.96 * sqrt(2 * 0.25 / 50), rel=0.03)


def test_more_passes_narrow_the_band_by_their_root() -> None:
    noise = fair(20)

    assert noise.band(4) == pytest.approx(noise.band() / 2)


def test_two_passes_of_the_same_agent_differ_by_less_than_the_band_19_times_of_20() -> None:
    rates = list(np.random.default_rng(3).beta(0.8, 1.0, 60))
    band = noise_of(profile(rates, attempts=200)).band()
    rng = np.random.default_rng(4)

    passes = (rng.random((2, 4000, 60)) < np.array(rates)).mean(axis=2)

    assert np.mean(np.abs(passes[0] - passes[1]) <= band) == pytest.approx(0.95, abs=0.015)


def test_noise_within_tasks_and_spread_between_them_are_told_apart() -> None:
    a, b = 0.8, 1.0
    within = a * b / ((a + b) * (a + b + 1))
    between = within / (a + b)
    rates = np.random.default_rng(0).beta(a, b, (30, 60))

    found = [noise_of(drawn(list(r), attempts=2, seed=i)) for i, r in enumerate(rates)]

    assert np.mean([own.within for own in found]) == pytest.approx(within, rel=0.1)
    assert np.mean([own.between for own in found]) == pytest.approx(between, rel=0.1)


def test_tasks_that_always_end_alike_have_little_noise() -> None:
    noise = noise_of(profile([0.0] * 15 + [1.0] * 15, attempts=3))

    assert noise.band() < 0.1
    assert noise.between == pytest.approx(0.25, abs=0.03)


def test_graded_rewards_are_less_noisy_than_passes() -> None:
    graded = noise_of({f"t{i}": [0.45, 0.55] for i in range(20)})

    assert graded.dispersion < 0.2
    assert graded.band() < noise_of(drawn([0.5] * 20, attempts=2, seed=1)).band() / 2


@pytest.mark.parametrize("passes", [1, 4])
def test_with_many_tasks_the_smallest_gain_is_that_of_the_normal_test(passes: int) -> None:
    smallest = fair(2000).smallest_gain(passes)

    expected = (1.645 + 0.842) * sqrt(2 * 0.25 / (2000 * passes))
    assert smallest == pytest.approx(expected, rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tasks", "passes"), [(12, 2), (12, 4), (20, 1), (30, 1), (30, 2), (100, 1)]
)
def test_the_rules_own_test_finds_the_smallest_gain_four_times_of_five(
    tasks: int, passes: int
) -> None:
    rng = np.random.default_rng(tasks * 10 + passes)
    rates = np.clip(rng.beta(0.8, 1.0, tasks), 0.002, 0.998)
    noise = noise_of(profile(list(rates), attempts=400))
    gain = noise.smallest_gain(passes)
    assert gain is not None
    shift = np.interp(gain, noise._effects(1.0)[0], SHIFTS)

    found = [_is_found(rng, rates, shift=shift, passes=passes) for _ in range(SIMULATED)]

    assert np.mean(found) == pytest.approx(0.8, abs=0.1)


def _is_found(rng: np.random.Generator, rates: np.ndarray, *, shift: float, passes: int) -> bool:
    """Whether a sign-flip test over tasks drawn anew sees a shift of all logits."""
    before = rng.choice(rates, len(rates))
    after = 1.0 / (1.0 + np.exp(-(np.log(before / (1.0 - before)) + shift)))
    differences = (rng.binomial(passes, after) - rng.binomial(passes, before)) / passes
    moved = [float(d) for d in differences if d]
    return sign_flip_p(moved[:32] if len(moved) > 32 else moved) <= 0.05


def test_power_at_the_smallest_gain_is_four_fifths() -> None:
    noise = fair(30)
    gain = noise.smallest_gain()
    assert gain is not None

    assert noise.power(gain) == pytest.approx(0.8, abs=0.01)
    assert noise.power(gain / 2) < 0.5 < noise.power(1.5 * gain)


def test_what_is_needed_is_just_enough() -> None:
    noise = fair(30)
    needed = noise.needed(0.05)
    assert needed is not None

    assert noise.power(0.05, needed.passes) >= 0.8 > noise.power(0.05, needed.passes - 1)
    assert needed.trials == 2 * 30 * needed.passes


def test_a_large_gain_needs_only_some_of_many_tasks() -> None:
    needed = fair(400).needed(0.2)

    assert needed is not None
    assert needed.passes == 1
    assert 5 < needed.tasks < 150


@pytest.mark.parametrize("tasks", [1, 4])
def test_a_handful_of_tasks_shows_nothing(tasks: int) -> None:
    noise = fair(tasks)

    assert noise.smallest_gain() is None
    assert noise.needed(0.1) is None


def test_there_is_no_power_for_a_gain_without_room() -> None:
    noise = noise_of(profile([1.0] * 30, attempts=5))

    assert noise.power(0.5) == 0.0
    assert noise.needed(0.5) is None


def test_tasks_without_an_attempt_are_left_out() -> None:
    assert noise_of({"a": [1.0], "b": []}).tasks == ("a",)
    assert noise_band({"b": []}) is None
    with pytest.raises(ValueError, match="at least one attempt"):
        noise_of({})
