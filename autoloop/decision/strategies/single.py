"""One edit at a time, judged by a keep rule."""

from dataclasses import dataclass
from typing import ClassVar

from autoloop.decision.drift import notice_of
from autoloop.decision.strategies.evidence import evidence_of
from autoloop.ports import KeepRule
from autoloop.records import (
    Ask,
    Board,
    Move,
    OpenEdit,
    Opening,
    Order,
    Side,
    Verdict,
    Version,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleStrategy:
    """Has one edit made, tries it against the incumbent until its rule decides, and so on."""

    rule: KeepRule
    name: str = "climb"
    mixes: ClassVar[bool] = False

    def decide(self, board: Board) -> Move:
        """Ask the rule about the edit under test, or wish for an edit where there is none."""
        if not board.open:
            return Move(opening=Opening() if board.may_propose else None, notice=notice_of(board))
        edit = board.open[0]
        answer = self.rule.decide(evidence_of(board, edit))
        if isinstance(answer, Verdict):
            return Move(verdicts={edit.step: answer}, notice=notice_of(board))
        return Move(
            orders=_orders(answer, board, edit),
            notice=notice_of(board),
            chances={edit.step: answer.chance} if answer.chance else {},
        )


def _orders(ask: Ask, board: Board, edit: OpenEdit) -> tuple[Order, ...]:
    on, off = Version(base=board.base, on=(edit.step,)), Version(base=board.base, off=(edit.step,))
    orders = [
        Order(version=on if want.side is Side.CANDIDATE else off, task=want.task)
        for want in ask.wants
        for _ in range(want.count)
    ]
    return tuple(orders[: board.free])
