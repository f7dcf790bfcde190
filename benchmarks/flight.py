"""A simulated climb that a strategy steers through its port, exactly as the loop does."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from statistics import fmean

from landscape import Edit
from peers import Bench

from autoloop.ports import Strategy
from autoloop.records import (
    Board,
    ClosedEdit,
    Decision,
    Observation,
    OpenEdit,
    Order,
    Split,
    Verdict,
    Version,
)

WORKERS = 8
"""Trials in flight: the size of the batches that a strategy is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """A kept edit."""

    kind: str
    gained: float
    """What it truly gained on unseen tasks."""
    said: float
    """What its verdict said."""


@dataclass(slots=True)
class Flight:
    """One climb: the edits under test, and all that was seen."""

    strategy: Strategy
    bench: Bench
    observations: list[Observation] = field(default_factory=list)
    edits: dict[int, Edit] = field(default_factory=dict)
    open: dict[int, OpenEdit] = field(default_factory=dict)
    closed: dict[int, ClosedEdit] = field(default_factory=dict)
    landed: list[Landed] = field(default_factory=list)
    redone: int = 0
    """Edits that were made anew."""
    base: int = 0
    first: float = 0.0
    """The baseline's score in its one pass."""
    said: float = 0.0
    """The incumbent's score in a pass of its own, after the search."""
    watch: Callable[[Board], None] = lambda _: None
    """Called before every decision."""

    def run(self) -> None:
        """From the baseline to the end of the budget, out of which the last pass is paid, too."""
        visible = range(self.bench.land.visible)
        for task in visible:
            self._observe(Order(version=Version(), task=str(task)))
        self.first = fmean(seen.reward for seen in self.observations)
        while self._act():
            pass
        self.said = fmean(self.bench.run(task) for task in visible) if self.landed else self.first

    def _act(self) -> bool:
        board = self._board()
        self.watch(board)
        move = self.strategy.decide(board)
        for step, verdict in sorted(move.verdicts.items()):
            if step in self.open:
                self._close(step, verdict)
        if board.exhausted and not move.verdicts:
            return False
        for order in move.orders[: max(self._left, 0)]:
            self._observe(order)
        if move.opening is not None and self._left > 0:
            self._propose(move.opening.parents)
        if not (move.verdicts or move.orders or move.opening):
            raise AssertionError(f"{self.strategy.name} waits although nothing runs")
        return True

    @property
    def _left(self) -> int:
        land = self.bench.land
        proposals = len(self.open) + len(self.closed) + self.redone
        cost = proposals * land.world.proposal_cost
        return land.world.budget - land.visible - self.bench.spent - cost

    def _board(self) -> Board:
        world, left = self.bench.land.world, self._left
        return Board(
            train=tuple(map(str, range(world.train))),
            validation=tuple(map(str, range(world.train, self.bench.land.visible))),
            observations=tuple(self.observations),
            open=tuple(
                replace(edit, parents=tuple(p for p in edit.parents if p in self.open))
                for edit in self.open.values()
            ),
            closed=tuple(self.closed[step] for step in sorted(self.closed)),
            base=self.base,
            free=WORKERS,
            may_propose=left > 0,
            exhausted=left <= 0,
            seed=self.bench.land.seed,
        )

    def _observe(self, order: Order) -> None:
        land, task = self.bench.land, int(order.task)
        if land.world.drift and self.bench.spent > land.world.budget / 2:
            land.drifted = land.world.drift
        together = land.together([self.edits[step] for step in order.version.on])
        seen = Observation(
            version=order.version,
            task=order.task,
            split=Split.TRAIN if task < land.world.train else Split.VALIDATION,
            attempt=self.bench.spent,
            reward=self.bench.run(task, together),
        )
        self.observations.append(seen)

    def _propose(self, parents: tuple[int, ...]) -> None:
        step, land = len(self.open) + len(self.closed) + 1, self.bench.land
        edit = land.propose()
        conflicts = tuple(s for s, other in self.edits.items() if land.conflict(other, edit))
        for other in conflicts:
            known = self.open[other]
            self.open[other] = replace(known, conflicts=(*known.conflicts, step))
        self.open[step] = OpenEdit(
            step=step, opened=len(self.observations), parents=parents, conflicts=conflicts
        )
        self.edits[step] = edit

    def _close(self, step: int, verdict: Verdict) -> None:
        known, edit = self.open.pop(step), self.edits.pop(step)
        kept = verdict.decision is Decision.KEEP
        self.closed[step] = ClosedEdit(
            step=step,
            opened=known.opened,
            closed=len(self.observations),
            kept=kept,
            numbers=verdict.numbers,
        )
        if kept:
            self._land(step, edit, said=verdict.numbers.get("gain", 0.0))
            for other in known.conflicts:
                self._redo(other)
        for other in known.conflicts:
            if other in self.open:
                rest = tuple(s for s in self.open[other].conflicts if s != step)
                self.open[other] = replace(self.open[other], conflicts=rest)

    def _redo(self, step: int) -> None:
        """The meta-agent makes an edit anew that does not go with one that was kept."""
        self.redone += 1
        self.open[step] = replace(self.open[step], opened=len(self.observations))

    def _land(self, step: int, edit: Edit, *, said: float) -> None:
        land = self.bench.land
        before = land.true_score()
        land.land(edit)
        gained = land.true_score() - before
        self.landed.append(Landed(kind=edit.kind, gained=gained, said=said))
        self.base = step
