"""A search without a loop: a strategy plays against pass rates that a test lays out.

Some trials are always in flight, so that a strategy sees pending ones; each is drawn from a hash,
so that the same search is the same everywhere.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from math import exp, log

from autoloop.ports import Strategy
from autoloop.records import (
    Board,
    ClosedEdit,
    Decision,
    Move,
    Observation,
    OpenEdit,
    Order,
    Split,
    Verdict,
    Version,
)

SIZE = 100
"""Syntax-tree nodes of every incumbent."""
Effect = Callable[[str], float]
"""What an edit does to a task, in logits."""


def everywhere(shift: float) -> Effect:
    """The same for every task."""
    return lambda _: shift


def by_heart(*tasks: str, lift: float = 5.0, cost: float = 0.2) -> Effect:
    """These tasks are learned by heart; the others lose a little."""
    return lambda task: lift if task in tasks else -cost


NOTHING = everywhere(0.0)
CRASH = everywhere(-60.0)


def tasks(train: int, validation: int, rate: Callable[[int], float]) -> dict[str, float]:
    """Pass rates of so many tasks; `rate` is asked for each by its number."""
    names = [f"train/t{n:03}" for n in range(train)]
    names += [f"validation/v{n:03}" for n in range(validation)]
    return {name: rate(number) for number, name in enumerate(names)}


@dataclass(slots=True, kw_only=True)
class SimulatedSearch:
    """One search; `run` plays it to its end."""

    strategy: Strategy
    rates: Mapping[str, float]
    """The baseline's pass rate by task, as `tasks` names them."""
    edits: Sequence[Effect]
    """What the meta-agent makes, in this order."""
    trials: int = 1_000
    """The baseline's first pass included."""
    workers: int = 8
    seed: int = 0
    growth: Mapping[int, int] = field(default_factory=dict)
    """Syntax-tree nodes that an edit adds, by step."""
    conflicts: Sequence[tuple[int, int]] = ()
    """Steps whose edits cannot be merged."""
    drift: Callable[[int], float] = lambda _: 0.0
    """By the number of a trial: what the model provider changed every task by, in logits."""
    moves: list[tuple[Board, Move]] = field(default_factory=list)
    """What was answered to what."""
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    observations: list[Observation] = field(default_factory=list)
    _open: dict[int, OpenEdit] = field(default_factory=dict)
    _closed: list[ClosedEdit] = field(default_factory=list)
    _parents: dict[int, tuple[int, ...]] = field(default_factory=dict)
    _flying: list[Order] = field(default_factory=list)
    _exhausted: bool = False

    def run(self) -> "SimulatedSearch":
        """The baseline's pass, then what the strategy says, until nothing is left to do."""
        self._flying = [Order(version=Version(), task=task) for task in self.rates]
        self._land_trials(len(self._flying))
        while self._act():
            pass
        return self

    @property
    def kept(self) -> tuple[int, ...]:
        """Steps in the order in which they were kept."""
        return tuple(edit.step for edit in self._closed if edit.kept)

    def broken_promises(self) -> list[str]:
        """What the strategy did in this search that its port forbids."""
        broken = [said for board, move in self.moves for said in broken_promises(board, move)]
        return [*broken, *(f"step {step} got no verdict" for step in self._open)]

    def board(self) -> Board:
        """What the strategy would see now."""
        left = self.trials - len(self.observations) - len(self._flying)
        return Board(
            train=tuple(task for task in self.rates if _split(task) is Split.TRAIN),
            validation=tuple(task for task in self.rates if _split(task) is Split.VALIDATION),
            observations=tuple(self.observations),
            open=tuple(self._seen(edit) for edit in self._open.values()),
            closed=tuple(sorted(self._closed, key=lambda edit: edit.step)),
            base=self.kept[-1] if self.kept else 0,
            incumbent_size=SIZE,
            pending=tuple(self._flying),
            free=min(self.workers - len(self._flying), max(left, 0)),
            may_propose=left > 0 and self._made < len(self.edits) and not self._exhausted,
            exhausted=self._exhausted or (left <= 0 and not self._flying),
            seed=self.seed,
        )

    def _act(self) -> bool:
        board = self.board()
        move = self.strategy.decide(board)
        self.moves.append((board, move))
        for step, verdict in sorted(move.verdicts.items()):
            if step in self._open:
                self._close(step, verdict)
        if move.verdicts:
            return True
        self._flying += move.orders[: board.free]
        if move.opening is not None and board.may_propose:
            self._propose(move.opening.parents)
        elif self._flying:
            self._land_trials((len(self._flying) + 1) // 2)
        else:
            return self._ends(board)
        return True

    def _ends(self, board: Board) -> bool:
        """Nothing moves: what is under test must be decided; False once that was asked for."""
        self._exhausted = True
        return bool(self._open) and not board.exhausted

    @property
    def _made(self) -> int:
        return len(self._open) + len(self._closed)

    def _seen(self, edit: OpenEdit) -> OpenEdit:
        """With those relatives that are still under test."""
        return replace(
            edit,
            parents=tuple(step for step in edit.parents if step in self._open),
            conflicts=tuple(step for step in self._clashing(edit.step) if step in self._open),
        )

    def _clashing(self, step: int) -> tuple[int, ...]:
        others = sorted(sum(pair) - step for pair in self.conflicts if step in pair)
        return tuple(o for o in others if not self._is_built_on(o, step))

    def _is_built_on(self, one: int, other: int) -> bool:
        """What was written on top of another goes with it."""
        return one in self._parents.get(other, ()) or other in self._parents.get(one, ())

    def _propose(self, parents: tuple[int, ...]) -> None:
        step = self._made + 1
        size = SIZE + self.growth.get(step, 0)
        opened = len(self.observations)
        self._parents[step] = parents
        self._open[step] = OpenEdit(step=step, opened=opened, size=size, parents=parents)

    def _close(self, step: int, verdict: Verdict) -> None:
        edit, kept = self._open.pop(step), verdict.decision is Decision.KEEP
        closed = ClosedEdit(
            step=step,
            opened=edit.opened,
            closed=len(self.observations),
            kept=kept,
            numbers=verdict.numbers,
        )
        self._closed.append(closed)
        self.verdicts[step] = verdict
        for other in self._clashing(step) if kept else ():
            if other in self._open:
                reason = f"reverted: it conflicts with step {step}"
                self._close(other, Verdict(decision=Decision.REVERT, reason=reason))

    def _land_trials(self, count: int) -> None:
        for order in self._flying[:count]:
            self.observations.append(self._trial(order))
        del self._flying[:count]

    def _trial(self, order: Order) -> Observation:
        number = len(self.observations)
        steps = {*self._landed_until(order.version.base), *order.version.on}
        shift = self.drift(number) + sum(self.edits[step - 1](order.task) for step in steps)
        coin = f"{self.seed} {number} {order.task}".encode()
        draw = int.from_bytes(hashlib.sha256(coin).digest()[:6], "big") / 2**48
        return Observation(
            version=order.version,
            task=order.task,
            split=_split(order.task),
            attempt=number,
            reward=float(draw < _moved(self.rates[order.task], shift)),
        )

    def _landed_until(self, base: int) -> Sequence[int]:
        """Steps in the incumbent that this step made."""
        return self.kept[: self.kept.index(base) + 1] if base else ()


def broken_promises(board: Board, move: Move) -> Iterator[str]:
    """What of an answer the contract of `Strategy` forbids, in sentences; none: it is sound.

    For tests of strategies of your own: whatever one answers to whatever board must keep to this.
    """
    yield from _wrong_verdicts(board, move)
    if len(move.orders) > board.free:
        yield f"{len(move.orders)} trials ordered, but {board.free} workers are free"
    for order in move.orders:
        if order.task not in board.visible:
            yield f"ordered task {order.task!r} is not visible"
        yield from _wrong_version(board, order.version)
    if move.opening is not None:
        if not board.may_propose:
            yield "an edit wished for although no step may begin"
        yield from _wrong_opening(board, move.opening.parents)


def _wrong_verdicts(board: Board, move: Move) -> Iterator[str]:
    under_test = {edit.step for edit in board.open}
    for step, verdict in move.verdicts.items():
        if step not in under_test:
            yield f"verdict for step {step}, which is not under test"
        if verdict.decision is Decision.EMPTY:
            yield f"step {step} called empty, although there is an edit"
        if not verdict.reason:
            yield f"no reason for the verdict of step {step}"
    if board.exhausted and under_test and not move.verdicts:
        yield "no verdict although no trial can be paid for"


def _wrong_version(board: Board, version: Version) -> Iterator[str]:
    edits = {edit.step: edit for edit in board.open}
    if version.base != board.base:
        yield f"{version} is not of the incumbent, which step {board.base} made"
    named = (*version.on, *version.off)
    if not set(named) <= edits.keys() or len(set(named)) < len(named):
        yield f"{version} names steps that are not under test, or one twice"
        return
    for one, other in combinations(version.on, 2):
        if other in edits[one].conflicts:
            yield f"{version} has steps {one} and {other} on, which conflict"
    for step in version.on:
        if not set(edits[step].parents) <= set(version.on):
            yield f"{version} has step {step} on without what it was written on"


def _wrong_opening(board: Board, parents: tuple[int, ...]) -> Iterator[str]:
    strangers = set(parents) - {edit.step for edit in board.open}
    if strangers:
        yield f"an edit wished for on top of steps {sorted(strangers)}, which are not under test"


def _split(task: str) -> Split:
    return Split.TRAIN if task.startswith("train/") else Split.VALIDATION


def _moved(rate: float, shift: float) -> float:
    """A pass rate after a shift of its logit."""
    inside = min(max(rate, 1e-6), 1.0 - 1e-6)
    return 1.0 / (1.0 + exp(-(log(inside / (1.0 - inside)) + shift)))
