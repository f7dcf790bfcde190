"""Many edits at once: smoke tests, coins, drift, and what a tampered trial can do."""

from dataclasses import replace
from statistics import fmean

import pytest

from autoloop.decision.strategies import FactorialStrategy
from autoloop.records import LOSS, Board, ClosedEdit, Decision, Observation, OpenEdit, Version
from autoloop.testing.searches import CRASH, NOTHING, SimulatedSearch, everywhere
from tests.decision.strategies.builders import (
    MIXED,
    SEEDS,
    TRAIN,
    VALIDATION,
    make_board,
    play,
    questions,
    seen,
)

FACTORIAL = FactorialStrategy()
ON, OFF = Version(on=(1,), off=(2,)), Version(on=(2,), off=(1,))


def chance(board: Board) -> float:
    """P(better) of the first edit, as its verdict says it once no trial can be paid for."""
    verdicts = FACTORIAL.decide(replace(board, exhausted=True, may_propose=False)).verdicts
    return verdicts[1].numbers["p_better"]


def duel(*, on: float, off: float, tasks: tuple[str, ...] = VALIDATION) -> Board:
    """Twelve trials of the first edit on each side of each task, with these rewards."""
    trials = [
        seen(version, task, reward)
        for task in tasks
        for version, reward in ((ON, on), (OFF, off))
        for _ in range(12)
    ]
    return make_board(*trials, edits=(1, 2))


def changed(board: Board, place: int, reward: float) -> Board:
    """The board, had one of its trials ended otherwise."""
    trials = list(board.observations)
    trials[place] = replace(trials[place], reward=reward)
    return replace(board, observations=tuple(trials))


def together(search: SimulatedSearch, step: int) -> list[Observation]:
    """Trials in which an edit was under test with others."""
    return [
        s
        for s in search.observations
        if step in (*s.version.on, *s.version.off) and len((*s.version.on, *s.version.off)) > 1
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_an_edit_that_crashes_never_joins_the_others(seed: int) -> None:
    search = play(FACTORIAL, everywhere(0.5), CRASH, everywhere(-0.5), seed=seed)

    assert together(search, 2) == []
    assert search.verdicts[2].decision is Decision.REVERT


def test_a_crash_is_said_to_lose_all_there_is() -> None:
    verdict = play(FACTORIAL, CRASH).verdicts[1]

    assert verdict.numbers["p_worse"] == 1.0
    assert verdict.numbers["gain"] == pytest.approx(-0.5, abs=0.1)


def test_every_edit_is_on_in_half_of_the_trials_that_it_takes_part_in() -> None:
    search = play(FACTORIAL, *[NOTHING] * 6, trials=600)

    for step in search.verdicts:
        coins = [step in s.version.on for s in together(search, step)]
        assert not coins or abs(fmean(coins) - 0.5) <= 1.6 / len(coins) ** 0.5


def test_of_two_edits_in_conflict_one_takes_part_whatever_the_coins_say() -> None:
    search = play(FACTORIAL, *[NOTHING] * 4, conflicts=((1, 2),))

    named = [{*s.version.on, *s.version.off} for s in search.observations]
    assert not any({1, 2} <= steps for steps in named)
    assert all(any(step in steps for steps in named) for step in (1, 2))


# Searches of the other tests run through the same lines: they need not be counted again.
@pytest.mark.no_cover
@pytest.mark.parametrize("jump", [1.5, -1.5])
def test_a_jump_of_all_rates_cannot_pass_for_a_gain(jump: float) -> None:
    searches = [
        play(FACTORIAL, *[NOTHING] * 12, seed=seed, trials=600, drift=lambda n: jump * (n > 250))
        for seed in SEEDS[:5]
    ]

    assert sum(len(search.kept) for search in searches) <= 1


@pytest.mark.no_cover
def test_rates_that_rise_all_the_time_cannot_pass_for_a_gain() -> None:
    searches = [
        play(FACTORIAL, *[NOTHING] * 12, seed=seed, trials=600, drift=lambda n: n / 200)
        for seed in SEEDS[:5]
    ]

    assert sum(len(search.kept) for search in searches) <= 1


def test_a_better_trial_of_the_other_side_never_helps_an_edit() -> None:
    board = duel(on=0.7, off=0.4)
    trials = enumerate(board.observations)
    off = [place for place, trial in trials if 1 in trial.version.off]

    for place in off[::5]:
        assert chance(changed(board, place, 1.0)) <= chance(board)


def test_a_worse_trial_of_its_own_never_helps_an_edit() -> None:
    board = duel(on=0.7, off=0.4)
    trials = enumerate(board.observations)
    on = [place for place, trial in trials if 1 in trial.version.on]

    for place in on[::5]:
        assert chance(changed(board, place, 0.0)) <= chance(board)


@pytest.mark.parametrize("reward", [1.0, 0.0])
def test_a_reward_beyond_the_scale_counts_as_its_end(reward: float) -> None:
    board = duel(on=0.7, off=0.4)
    last = len(board.observations) - 1

    beyond = changed(board, last, 100.0 * (2.0 * reward - 1.0))

    assert chance(beyond) == chance(changed(board, last, reward))


def test_more_of_the_same_makes_surer() -> None:
    trials = duel(on=0.65, off=0.4).observations[5:]

    chances = [chance(make_board(*trials * n, edits=(1, 2))) for n in range(4)]

    assert chances == sorted(chances)
    assert chances[-1] > 2 * chances[0]


def test_only_the_surest_of_the_fit_edits_lands() -> None:
    boards = [board for board in questions("factorial") if len(board.open) > 1]

    for board in boards:
        verdicts = FACTORIAL.decide(board).verdicts.values()
        assert sum(verdict.decision is Decision.KEEP for verdict in verdicts) <= 1


def test_gains_on_an_older_incumbent_do_not_land_an_edit() -> None:
    board = duel(on=0.75, off=0.4, tasks=(*TRAIN, *VALIDATION))
    landed = ClosedEdit(step=3, opened=5, closed=len(board.observations), kept=True)
    eager = FactorialStrategy(keep=0.4)

    now = eager.decide(board).verdicts
    later = eager.decide(replace(board, base=3, closed=(landed,))).verdicts

    assert now[1].decision is Decision.KEEP
    assert 1 not in later


def test_an_edit_as_good_and_simpler_is_kept() -> None:
    board = duel(on=0.5, off=0.5, tasks=(*TRAIN, *VALIDATION))
    many = replace(board, observations=(*board.observations, *board.observations[5:] * 12))
    simpler = replace(many, open=(OpenEdit(step=1, opened=5, size=60),))

    assert FACTORIAL.decide(many).verdicts[1].decision is Decision.REVERT
    kept = FACTORIAL.decide(simpler).verdicts[1]
    assert kept.reason.startswith("kept: as good, and simpler")
    assert kept.numbers[LOSS] <= 0.05


def test_what_earlier_edits_were_changes_what_is_expected_of_the_next() -> None:
    good = {"p_better": 1.0, "p_neutral": 0.0, "p_worse": 0.0, "p_overfit": 0.0}
    closed = tuple(
        ClosedEdit(step=step, opened=5, closed=5, kept=True, numbers=good) for step in range(3, 40)
    )
    board = make_board()

    assert chance(replace(board, closed=closed)) > 1.5 * chance(board)


def test_no_more_edits_are_under_test_than_it_allows() -> None:
    search = play(FactorialStrategy(edits=3), *MIXED)

    assert max(len(board.open) for board, _ in search.moves) == 3
