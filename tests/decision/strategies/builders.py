"""Strategies under one suite, and searches that name only what matters to a test."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from autoloop.decision import BayesRule, PairedRule
from autoloop.decision.strategies import (
    AdaptiveStrategy,
    FactorialStrategy,
    ParetoStrategy,
    RaceStrategy,
    SingleStrategy,
)
from autoloop.ports import Strategy
from autoloop.records import Board, Observation, OpenEdit, Order, Split, Verdict, Version
from autoloop.testing.searches import (
    CRASH,
    NOTHING,
    Effect,
    SimulatedSearch,
    by_heart,
    everywhere,
    tasks,
)

STRATEGIES: Mapping[str, Strategy] = {
    "adaptive": AdaptiveStrategy(),
    "factorial": FactorialStrategy(),
    "race": RaceStrategy(),
    "pareto": ParetoStrategy(),
    "bayes": SingleStrategy(rule=BayesRule()),
    "paired": SingleStrategy(rule=PairedRule()),
}
SURE = tuple(name for name in STRATEGIES if name != "paired")
"""Strategies that know how sure they are."""
RATES = tasks(20, 10, lambda number: 0.15 + 0.7 * (7 * number % 30) / 30)
SEEDS = range(10)
MIXED = (
    *(NOTHING, everywhere(1.5), everywhere(-1.5), CRASH, by_heart("train/t001", "train/t012")),
    *(NOTHING, everywhere(0.8), NOTHING),
)
TRAIN, VALIDATION = ("train/a", "train/b", "train/c"), ("validation/d", "validation/e")


def play(
    strategy: Strategy,
    *edits: Effect,
    seed: int = 0,
    trials: int = 400,
    conflicts: Sequence[tuple[int, int]] = (),
    drift: Callable[[int], float] = lambda _: 0.0,
) -> SimulatedSearch:
    """A whole search over tasks of all difficulties."""
    search = SimulatedSearch(
        strategy=strategy,
        rates=RATES,
        edits=edits,
        trials=trials,
        conflicts=conflicts,
        drift=drift,
        seed=seed,
    )
    return search.run()


def kept_of(name: str, *edits: Effect) -> list[int]:
    """How many of these edits a strategy keeps, seed by seed."""
    return [len(play(STRATEGIES[name], *edits, seed=seed).kept) for seed in SEEDS]


@cache
def questions(name: str) -> tuple[Board, ...]:
    """Boards that a strategy was asked about, with several edits under test where it can."""
    search = play(STRATEGIES[name], *MIXED, conflicts=((1, 2), (2, 6)))
    return tuple(board for board, _ in search.moves if board.open)


def said(name: str, board: Board) -> Mapping[int, Verdict]:
    """What a strategy decides: what falls now, else what it says when there is no more."""
    strategy = STRATEGIES[name]
    now = strategy.decide(board).verdicts
    return now or strategy.decide(replace(board, exhausted=True, may_propose=False)).verdicts


def crowded(board: Board) -> Board:
    """With a trial of every edit on every task under way."""
    versions = [Version(base=board.base, on=(edit.step,)) for edit in board.open]
    orders = tuple(Order(version=v, task=t) for v in versions for t in board.visible)
    return replace(board, pending=orders, free=0)


def quiet(board: Board) -> Board:
    """With nothing under way."""
    return replace(board, pending=(), free=9)


def seen(version: Version, task: str, reward: float) -> Observation:
    split = Split.TRAIN if task in TRAIN else Split.VALIDATION
    return Observation(version=version, task=task, split=split, attempt=0, reward=reward)


def make_board(
    *observations: Observation,
    edits: Sequence[int] = (1,),
    exhausted: bool = False,
    free: int = 4,
) -> Board:
    """Edits that joined after a baseline of one pass, in which every second task passed."""
    visible = (*TRAIN, *VALIDATION)
    first = [seen(Version(), task, number % 2.0) for number, task in enumerate(visible)]
    return Board(
        train=TRAIN,
        validation=VALIDATION,
        observations=(*first, *observations),
        open=tuple(OpenEdit(step=step, opened=len(first), size=100) for step in edits),
        incumbent_size=100,
        free=free,
        may_propose=not exhausted,
        exhausted=exhausted,
    )


def shuffled(board: Board, seed: int) -> Board:
    """The board had trials arrived in another order since an edit last joined or ended."""
    ended = [edit.closed for edit in board.closed]
    since = max([*(edit.opened for edit in board.open), *ended, 0])
    late = board.observations[since:]
    order = np.random.default_rng(seed).permutation(len(late))
    return replace(
        board, observations=(*board.observations[:since], *(late[place] for place in order))
    )
