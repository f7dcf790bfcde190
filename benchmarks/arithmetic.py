"""What the arithmetic of a strategy costs: time of one answer, and memory over a long run.

Every strategy is asked about boards of a long search, with as many edits under test as it takes.
Edits are made anew when they are decided, so that the pool stays full. Milliseconds.
"""

import argparse
import json
import sys
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

import numpy as np

from autoloop.decision import BayesRule
from autoloop.decision.strategies import (
    FactorialStrategy,
    ParetoStrategy,
    RaceStrategy,
    SingleStrategy,
)
from autoloop.ports import Strategy
from autoloop.records import (
    Board,
    ClosedEdit,
    Decision,
    Observation,
    OpenEdit,
    Order,
    Split,
    Version,
)

STRATEGIES: Sequence[Strategy] = (
    FactorialStrategy(),
    SingleStrategy(rule=BayesRule()),
    RaceStrategy(),
    ParetoStrategy(),
)
MARKS = (500, 2_000, 6_000, 10_000)
WINDOW = 25
"""Answers that are timed at each mark."""
WORKERS = 8
Row = dict[str, str | int | float]


@dataclass(slots=True)
class Treadmill:
    """A search as long as is asked: rates stay as they are, edits change little."""

    strategy: Strategy
    train: int
    observations: list[Observation] = field(default_factory=list)
    open: dict[int, OpenEdit] = field(default_factory=dict)
    closed: list[ClosedEdit] = field(default_factory=list)
    base: int = 0
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(3))
    spent_ms: list[float] = field(default_factory=list)
    names: list[str] = field(init=False)
    rates: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self.names = [str(number) for number in range(self.train + self.train // 2)]
        self.rates = self.rng.beta(0.8, 0.8, len(self.names)).tolist()
        for task in self.names:
            self._observe(Order(version=Version(), task=task))

    def go(self, trials: int) -> None:
        """Until so many trials are over."""
        while len(self.observations) < trials:
            self._act()

    def _act(self) -> None:
        board = self._board()
        began = time.perf_counter()
        move = self.strategy.decide(board)
        self.spent_ms.append(1e3 * (time.perf_counter() - began))
        for step in sorted(move.verdicts):
            kept = move.verdicts[step].decision is Decision.KEEP
            opened, closed = self.open.pop(step).opened, len(self.observations)
            numbers = move.verdicts[step].numbers
            self.closed.append(
                ClosedEdit(step=step, opened=opened, closed=closed, kept=kept, numbers=numbers)
            )
            self.base = step if kept else self.base
        for order in move.orders:
            self._observe(order)
        if move.opening is not None:
            step = len(self.open) + len(self.closed) + 1
            opened = len(self.observations)
            self.open[step] = OpenEdit(step=step, opened=opened, parents=move.opening.parents)

    def _board(self) -> Board:
        return Board(
            train=tuple(self.names[: self.train]),
            validation=tuple(self.names[self.train :]),
            observations=tuple(self.observations),
            open=tuple(
                replace(edit, parents=tuple(p for p in edit.parents if p in self.open))
                for edit in self.open.values()
            ),
            closed=tuple(sorted(self.closed, key=lambda edit: edit.step)),
            base=self.base,
            free=WORKERS,
        )

    def _observe(self, order: Order) -> None:
        place = int(order.task)
        lift = 0.03 * sum(step % 5 - 2 for step in order.version.on)
        split = Split.TRAIN if place < self.train else Split.VALIDATION
        reward = float(self.rng.random() < self.rates[place] + lift)
        self.observations.append(
            Observation(
                version=order.version,
                task=order.task,
                split=split,
                attempt=len(self.observations),
                reward=reward,
            )
        )


def timed(strategy: Strategy, train: int, marks: Sequence[int]) -> Iterator[Row]:
    """One row for each mark."""
    mill = Treadmill(strategy, train)
    for mark in marks:
        mill.go(mark)
        window = mill.spent_ms[-WINDOW:]
        yield {
            "strategy": strategy.name,
            "train": train,
            "trials": mark,
            "open": len(mill.open),
            "decided": len(mill.closed),
            "median_ms": round(median(window), 1),
            "worst_ms": round(max(window), 1),
            "worst_ever_ms": round(max(mill.spent_ms), 1),
        }


def grown(strategy: Strategy, train: int, marks: Sequence[int]) -> Iterator[Row]:
    """Megabytes in use at each mark: what the observations themselves need is in it."""
    tracemalloc.start()
    mill = Treadmill(strategy, train)
    for mark in marks:
        mill.go(mark)
        tracemalloc.reset_peak()
        mill.go(mark + 10 * WORKERS)
        used = tracemalloc.get_traced_memory()[1] / 2**20
        yield {"strategy": strategy.name, "train": train, "trials": mark, "mb": round(used, 1)}
    tracemalloc.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [strategy.name for strategy in STRATEGIES]
    parser.add_argument("--strategy", nargs="+", default=names, choices=names)
    parser.add_argument("--train", nargs="+", type=int, default=[60, 300])
    parser.add_argument("--marks", nargs="+", type=int, default=MARKS)
    parser.add_argument("--memory", action="store_true", help="memory in place of time")
    parser.add_argument("--json", action="store_true")
    wish = parser.parse_args()
    measure = grown if wish.memory else timed
    rows: list[Row] = []
    for strategy in (one for one in STRATEGIES if one.name in wish.strategy):
        for train in wish.train:
            for row in measure(strategy, train, wish.marks):
                if not rows and not wish.json:
                    print(" ".join(f"{name:>13}" for name in row))
                rows.append(row)
                if not wish.json:
                    print(" ".join(f"{value:>13}" for value in row.values()), flush=True)
    if wish.json:
        json.dump({"rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
