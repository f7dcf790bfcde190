"""A change of the task model: found where there is one, and what follows from it."""

from dataclasses import replace

import numpy as np

from autoloop.decision import BayesRule
from autoloop.decision.drift import change_of, notice_of, threshold
from autoloop.decision.strategies import ParetoStrategy, RaceStrategy, SingleStrategy
from autoloop.decision.strategies.evidence import evidence_of
from autoloop.records import Board, ClosedEdit, Observation, OpenEdit, Split, Version

TASKS = tuple(f"t{i:02}" for i in range(20))


def seen(task: str, reward: float, *, on: tuple[int, ...] = ()) -> Observation:
    off = () if on else (1,)
    return Observation(
        version=Version(on=on, off=off), task=task, split=Split.TRAIN, attempt=0, reward=reward
    )


def board(rates: tuple[float, ...], *, seed: int = 0, trials: int = 300) -> Board:
    """One stretch of trials for each rate; every other trial has the open edit on."""
    draw = np.random.default_rng(seed)
    observations = tuple(
        seen(TASKS[n % 20], float(draw.random() < rate), on=(1,) * (n // 20 % 2))
        for rate in rates
        for n in range(trials)
    )
    edit = OpenEdit(step=1, opened=0)
    return Board(train=TASKS, validation=(), observations=observations, open=(edit,))


def test_a_model_that_got_worse_is_noticed_about_when_it_did() -> None:
    change = change_of(board((0.7, 0.3)))

    assert change is not None
    assert abs(change.at - 300) <= 60
    assert change.before > 0.55
    assert change.after < 0.4


def test_a_person_is_told_what_changed_and_when() -> None:
    notice = notice_of(board((0.3, 0.7)))

    assert notice.startswith("The task model has changed about trial ")
    assert "score rose from" in notice


def test_luck_is_no_change() -> None:
    assert not any(change_of(board((0.5, 0.5), seed=seed)) for seed in range(20))


def test_an_edit_that_landed_is_no_change() -> None:
    worked = board((0.4,))
    version = Version(base=1)
    moved = tuple(replace(one, version=version) for one in board((0.46,), seed=1).observations)
    closed = (ClosedEdit(step=1, opened=0, closed=300, kept=True),)
    observations = (*worked.observations, *moved)
    after = replace(worked, observations=observations, open=(), closed=closed, base=1)

    assert change_of(after) is None


def test_what_was_found_stays_found_while_trials_go_on() -> None:
    changed = board((0.7, 0.3, 0.3))
    earlier = replace(changed, observations=changed.observations[:-200])

    assert change_of(changed) == change_of(earlier) is not None


def test_the_edit_at_work_is_decided_on_trials_after_the_change() -> None:
    changed = board((0.7, 0.3))
    evidence = evidence_of(changed, changed.open[0])
    change = change_of(changed)

    assert change is not None
    assert len(evidence.scores) == 600 - change.at
    assert evidence.history.changed == 1


def test_every_strategy_with_the_belief_tells_of_it() -> None:
    changed = board((0.8, 0.2))

    for strategy in (SingleStrategy(rule=BayesRule()), RaceStrategy(), ParetoStrategy()):
        assert strategy.decide(changed).notice == notice_of(changed) != ""


def test_the_threshold_is_the_same_each_time() -> None:
    assert 4.0 < threshold() < 5.0
