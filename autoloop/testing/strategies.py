"""A strategy that has several edits under test at once, by a fixed design."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar

from autoloop.records import (
    Board,
    Decision,
    Move,
    OpenEdit,
    Opening,
    Order,
    Verdict,
    Version,
)

BUILDS_EVERY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenStrategy:
    """Keeps what scores better on than off, after a few trials of each. Too hasty for real use.

    Every trial switches each edit on or off by a coin of its own; one edit in four is written on
    top of the oldest that is under test.
    """

    edits: int = 3
    """Under test at once."""
    enough: int = 5
    """Trials with an edit on, and as many with it off, after which it is decided."""
    name: str = "screen"
    mixes: ClassVar[bool] = True

    def decide(self, board: Board) -> Move:
        """Verdicts that are due; else trials for all free workers, and another edit."""
        verdicts = {edit.step: v for edit in board.open if (v := self._verdict(board, edit))}
        if verdicts:
            return Move(verdicts=verdicts)
        first = len(board.observations) + len(board.pending)
        numbers = range(first, first + board.free) if board.open else ()
        return Move(
            orders=tuple(_order(board, number) for number in numbers),
            opening=self._opening(board),
            notice=f"{len(board.open)} edits are under test" if len(board.open) > 1 else "",
        )

    def _opening(self, board: Board) -> Opening | None:
        if not board.may_propose or len(board.open) >= self.edits:
            return None
        builds = (len(board.open) + len(board.closed)) % BUILDS_EVERY == BUILDS_EVERY - 1
        return Opening(parents=tuple(edit.step for edit in board.open[:1]) if builds else ())

    def _verdict(self, board: Board, edit: OpenEdit) -> Verdict | None:
        seen = board.observations[edit.opened :]
        on = [o.reward for o in seen if edit.step in o.version.on]
        off = [o.reward for o in seen if edit.step in o.version.off]
        if min(len(on), len(off)) < self.enough:
            reason = "undecided: the budget ended"
            return Verdict(decision=Decision.UNDECIDED, reason=reason) if board.exhausted else None
        return _compared(on, off)


def _compared(on: Sequence[float], off: Sequence[float]) -> Verdict:
    gain = fmean(on) - fmean(off)
    return Verdict(
        decision=Decision.KEEP if gain > 0 else Decision.REVERT,
        reason=f"{100 * gain:+.0f} points",
        numbers={"train_gain": gain, "p_better": 0.5 + gain / 2, "trials": len(on) + len(off)},
    )


def _order(board: Board, number: int) -> Order:
    on: list[int] = []
    off: list[int] = []
    for edit in board.open:
        if not set(edit.parents) <= set(on) or set(edit.conflicts) & set(on):
            continue
        (on if _coin(number, edit.step) else off).append(edit.step)
    version = Version(base=board.base, on=tuple(on), off=tuple(off))
    return Order(version=version, task=board.visible[number % len(board.visible)])


def _coin(number: int, step: int) -> bool:
    return hashlib.sha256(f"{number}/{step}".encode()).digest()[0] % 2 == 1
