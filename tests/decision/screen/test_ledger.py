"""What the trials say of one edit."""

from dataclasses import replace

import numpy as np
import pytest

from autoloop.decision.screen.hypotheses import KINDS, hypotheses
from autoloop.decision.screen.ledger import Standing, standing_of
from autoloop.records import Board, OpenEdit, Version
from tests.decision.strategies.builders import TRAIN, VALIDATION, make_board, seen, shuffled

ON, OFF = Version(on=(1,), off=(2,)), Version(on=(2,), off=(1,))
TASKS = (*TRAIN, *VALIDATION)


def standing(board: Board) -> Standing:
    known = hypotheses(len(board.train), len(board.validation))
    return standing_of(board.open[0], board, weights=known.prior)


def trials(count: int, *, on: float, off: float, seed: int = 0) -> Board:
    """Each task so many times on each side, passing with these chances."""
    rng = np.random.default_rng(seed)
    sides = ((ON, on), (OFF, off))
    found = [
        seen(version, task, float(rng.random() < rate))
        for _ in range(count)
        for task in TASKS
        for version, rate in sides
    ]
    return make_board(*found, edits=(1, 2))


def test_without_trials_an_edit_is_what_edits_are() -> None:
    found = standing(make_board())

    assert found.posterior == pytest.approx(found.known.prior)
    assert sum(found.kinds.values()) == pytest.approx(1.0)
    assert (found.trials, found.alone) == (0, ())


@pytest.mark.parametrize("seed", range(5))
def test_an_edit_that_changes_nothing_gains_next_to_nothing(seed: int) -> None:
    found = standing(trials(60, on=0.5, off=0.5, seed=seed))

    gain = found.gain(found.before)
    assert abs(gain.mean) < 0.04
    assert gain.low <= 0.0 <= gain.high


@pytest.mark.parametrize("seed", range(5))
def test_an_edit_that_helps_gains_and_one_that_harms_loses(seed: int) -> None:
    good = standing(trials(30, on=0.65, off=0.35, seed=seed))
    bad = standing(trials(30, on=0.35, off=0.65, seed=seed))

    assert good.gain(good.before).mean > 0.05
    assert bad.gain(bad.before).mean < -0.05
    assert good.better > 0.5 > bad.better
    assert bad.worse_than(0.02, bad.before) > 0.9


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_trials_leaves_no_trace(seed: int) -> None:
    board = trials(6, on=0.7, off=0.4)

    one, other = standing(board), standing(shuffled(board, seed))

    assert (one.posterior == other.posterior).all()
    assert (one.information() == other.information()).all()


def test_what_is_worked_out_step_by_step_is_what_is_worked_out_at_once() -> None:
    board, same = trials(6, on=0.7, off=0.4), trials(6, on=0.7, off=0.4)
    counts = range(5, len(board.observations) + 1, 6)

    # The trials of the second board are other objects: nothing is remembered of them.
    steps = [standing(replace(board, observations=board.observations[:n])) for n in counts]

    assert [found.trials for found in steps] == [n - 5 for n in counts]
    assert (steps[-1].posterior == standing(same).posterior).all()


def test_trials_that_leave_an_edit_out_say_nothing_of_it() -> None:
    board = trials(4, on=0.7, off=0.4)
    others = [seen(Version(on=(2,)), task, 1.0) for task in TASKS]

    more = replace(board, observations=(*board.observations, *others))

    assert (standing(more).posterior == standing(board).posterior).all()


def test_trials_before_an_edit_joined_are_no_trials_of_it() -> None:
    board = trials(4, on=0.9, off=0.1)
    late = OpenEdit(step=1, opened=len(board.observations))

    found = standing(replace(board, open=(late,)))

    assert found.trials == 0
    assert found.kinds.keys() == set(KINDS)
    assert found.posterior == pytest.approx(found.known.prior)
