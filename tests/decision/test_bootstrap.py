"""Pass rates over tasks: what they are, and how often their intervals hold the truth."""

import random
from collections.abc import Callable
from statistics import fmean

import numpy as np
import pytest

from autoloop.decision import Estimates
from autoloop.records import Interval, Passes, PassRates

ESTIMATES = Estimates()
TOLERANCE = 0.03
"""How far below 95 % a measured coverage may lie: half of it by the luck of the draws."""
DRAWS = 200
"""Per kind of world; that there are twenty makes up for it that one alone tells little."""
Rate = Callable[[random.Random], float]
WORLDS: dict[str, Rate] = {
    "many hard, some easy": lambda luck: luck.betavariate(0.5, 0.9),
    "nearly all hard": lambda luck: luck.betavariate(0.2, 1.5),
    "nearly all easy": lambda luck: luck.betavariate(3.0, 0.3),
    "deterministic": lambda luck: float(luck.random() < 0.8),
    "all alike": lambda _: 0.5,
}


def intervals(rates: PassRates) -> list[Interval]:
    return [rates.success, *(i for at in rates.at for i in (at.any, at.all))]


def truth(rate: Rate, attempts: int) -> list[float]:
    luck = random.Random(1)  # noqa: S311
    rates = np.array([rate(luck) for _ in range(40_000)])
    at = [
        float(mean)
        for k in range(1, attempts + 1)
        for mean in (np.mean(1 - (1 - rates) ** k), np.mean(rates**k))
    ]
    return [at[0], *at]


def tried(rate: Rate, luck: random.Random, *, tasks: int, attempts: int) -> dict[str, Passes]:
    found = {}
    for task in range(tasks):
        chance = rate(luck)
        passed = sum(luck.random() < chance for _ in range(attempts))
        found[f"{task}"] = Passes(passed=passed, trials=attempts)
    return found


@pytest.mark.slow
@pytest.mark.no_cover  # What it runs, quicker tests run too.
@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize(("tasks", "attempts"), [(3, 2), (8, 1), (8, 3), (30, 3)])
def test_intervals_hold_the_truth_as_often_as_they_say(
    world: str, tasks: int, attempts: int
) -> None:
    luck = random.Random(f"{world}/{tasks}/{attempts}")  # noqa: S311
    true = truth(WORLDS[world], attempts)

    held = []
    for _ in range(DRAWS):
        found = ESTIMATES.passes(tried(WORLDS[world], luck, tasks=tasks, attempts=attempts))
        pairs = zip(intervals(found), true, strict=True)
        held.append([i.low <= t <= i.high for i, t in pairs])

    assert min(map(fmean, zip(*held, strict=True))) >= 0.95 - TOLERANCE


def test_success_over_unequal_attempts_holds_the_truth() -> None:
    luck = random.Random(5)  # noqa: S311
    held = []
    for _ in range(DRAWS):
        tasks = {}
        for task in range(12):
            trials, chance = luck.choice([1, 2, 9]), luck.betavariate(0.5, 0.9)
            passed = sum(luck.random() < chance for _ in range(trials))
            tasks[f"{task}"] = Passes(passed=passed, trials=trials)
        found = ESTIMATES.passes(tasks).success
        held.append(found.low <= 5 / 14 <= found.high)

    assert fmean(held) >= 0.95 - TOLERANCE


@pytest.mark.parametrize("n", [1, 2, 8, 30])
def test_equal_results_are_no_certainty(n: int) -> None:
    found = ESTIMATES.passes({f"{i}": Passes(passed=3, trials=3) for i in range(n)})

    for interval in intervals(found):
        assert interval.mean == interval.high == 1.0
        assert interval.low < 1 - 1 / (2 * n)


def test_success_counts_trials_and_pass_at_1_counts_tasks() -> None:
    found = ESTIMATES.passes({"a": Passes(passed=4, trials=4), "b": Passes(passed=0, trials=1)})

    assert found.success.mean == 0.8
    assert found.at[0].any.mean == found.at[0].all.mean == 0.5


def test_k_goes_up_to_the_least_attempts_of_any_task_that_has_some() -> None:
    tasks = {"a": Passes(passed=4, trials=7), "b": Passes(passed=1, trials=3)}

    found = ESTIMATES.passes({**tasks, "c": Passes(passed=0, trials=0)})

    assert [at.k for at in found.at] == [1, 2, 3]
    assert found.success.n == 2


def test_more_attempts_help_to_pass_once_and_hurt_to_pass_always() -> None:
    found = ESTIMATES.passes({f"{i}": Passes(passed=i, trials=4) for i in range(5)})

    once, always = [at.any.mean for at in found.at], [at.all.mean for at in found.at]

    assert once == sorted(once)
    assert always == sorted(always, reverse=True)
    assert once[-1] == pytest.approx(0.8)
    assert always[-1] == pytest.approx(0.2)


def test_the_same_trials_give_the_same_interval_whatever_the_tasks_are_called() -> None:
    passes = [Passes(passed=i % 3, trials=2 + i % 4) for i in range(9)]

    there = ESTIMATES.passes({f"{i}": own for i, own in enumerate(passes)})
    back = ESTIMATES.passes({f"{-i}": own for i, own in enumerate(passes)})

    assert there == back == ESTIMATES.passes({f"{i}": own for i, own in enumerate(passes[::-1])})


def test_nothing_tried_is_the_whole_range() -> None:
    found = ESTIMATES.passes({})

    assert found.success == Interval(mean=0.0, low=0.0, high=1.0, n=0)
    assert found.at == ()


def test_thousands_of_tasks_fit_into_memory() -> None:
    found = ESTIMATES.passes({f"{i}": Passes(passed=i % 2, trials=1) for i in range(3_000)})

    assert found.success.high - found.success.low == pytest.approx(2 * 1.96 / 2 / 3_000**0.5, 0.1)
