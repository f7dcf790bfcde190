"""What is remembered of a run in which edits were tried together, and one at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import exp, log

import numpy as np
import pytest

from autoloop.decision import BayesRule
from autoloop.decision.bayes.docket import docket_of
from autoloop.decision.strategies import SingleStrategy
from autoloop.decision.strategies.evidence import evidence_of
from autoloop.records import Board, ClosedEdit, Decision, Observation, OpenEdit, Split, Version
from autoloop.testing.searches import tasks

RATES = tasks(60, 30, lambda number: 0.1 + 0.8 * (7 * number % 90) / 90)
TRAIN = tuple(task for task in RATES if task.startswith("train"))
LIFT = 0.6
"""What each of the first two edits adds to every task, in logits; the others add nothing."""
TAIL = 16
"""Trials on top of an edit that lands next."""


def rate(task: str, edits: int) -> float:
    """How often a task passes with so many of the good edits."""
    return 1.0 / (1.0 + exp(-log(RATES[task] / (1.0 - RATES[task])) - LIFT * edits))


def truth(edits: int) -> float:
    return float(np.mean([rate(task, edits) for task in RATES]))


class Trials:
    """A run's trials, drawn as they come."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.seen: list[Observation] = []

    def run(self, *versions: Version, landed: Sequence[int] = ()) -> None:
        """One trial of each, on any task."""
        for version in versions:
            self.on(str(self.rng.choice(list(RATES))), version, landed)

    def on(self, task: str, version: Version, landed: Sequence[int] = ()) -> None:
        good = len({1, 2} & {*landed, *version.on})
        self.seen.append(
            Observation(
                version=version,
                task=task,
                split=Split.TRAIN if task in TRAIN else Split.VALIDATION,
                attempt=len(self.seen),
                reward=float(self.rng.random() < rate(task, good)),
            )
        )

    def mixed(self, count: int, base: int, edits: Sequence[int]) -> Iterator[Version]:
        """A coin for each of these edits, and one trial in 24 of the incumbent alone."""
        for number in range(count):
            coins = self.rng.random(len(edits)) < (0.5 if number % 24 else 0.0)
            on = tuple(step for step, coin in zip(edits, coins, strict=True) if coin)
            off = tuple(step for step, coin in zip(edits, coins, strict=True) if not coin)
            yield Version(base=base, on=on, off=off if number % 24 else ())


def screened(seed: int, *, since: int) -> Board:
    """The screen landed two edits one after the other, and then `since` more trials ran.

    Two edits that change nothing are still under test, and cannot be merged.
    """
    trials = Trials(seed)
    for task in RATES:
        trials.on(task, Version())
    opened = len(trials.seen)
    for step in (1, 2, 3, 4):
        trials.run(*[Version(on=(step,))] * 3)
    trials.run(*trials.mixed(240, 0, (1, 2, 3, 4)))
    first = len(trials.seen)
    trials.run(*trials.mixed(TAIL, 1, (2, 3, 4)), landed=(1,))
    second = len(trials.seen)
    trials.run(*trials.mixed(since, 2, (3, 4)), landed=(1, 2))
    return Board(
        train=TRAIN,
        validation=tuple(task for task in RATES if task not in TRAIN),
        observations=tuple(trials.seen),
        open=(
            OpenEdit(step=3, opened=opened, conflicts=(4,)),
            OpenEdit(step=4, opened=opened, conflicts=(3,)),
        ),
        closed=(
            ClosedEdit(step=1, opened=opened, closed=first, kept=True),
            ClosedEdit(step=2, opened=opened, closed=second, kept=True),
        ),
        base=2,
        free=8,
        seed=seed,
    )


def judged(board: Board, seed: int) -> Decision:
    """What becomes of the first edit under test, which changes nothing."""
    trials, strategy = Trials(1_000 + seed), SingleStrategy(rule=BayesRule())
    while not (move := strategy.decide(board)).verdicts:
        trials.seen.clear()
        for order in move.orders:
            trials.on(order.task, order.version, landed=(1, 2))
        board = replace(board, observations=(*board.observations, *trials.seen))
    return move.verdicts[3].decision


def test_what_the_screen_landed_is_believed_to_be_as_good_as_it_is() -> None:
    believed = []
    for seed in range(5):
        board = screened(seed, since=600)
        believed.append(docket_of(evidence_of(board, board.open[0])).incumbent.rate)

    assert np.mean(believed) == pytest.approx(truth(2), abs=0.04)


def test_where_little_is_known_of_what_the_screen_landed_it_is_tried_first() -> None:
    board = screened(0, since=0)

    move = SingleStrategy(rule=BayesRule()).decide(board)

    assert [order.version for order in move.orders] == [Version(base=2, off=(3,))] * 8
    assert len({order.task for order in move.orders}) == 8


@pytest.mark.parametrize("since", [0, 600])
def test_an_edit_that_changes_nothing_is_hardly_kept_after_the_screen(since: int) -> None:
    ends = [judged(screened(seed, since=since), seed) for seed in range(6)]

    assert sum(decision is Decision.KEEP for decision in ends) <= 1
