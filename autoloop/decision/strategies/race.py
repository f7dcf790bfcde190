"""Several edits at a time against one incumbent, whose trials they share."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from autoloop.decision.bayes.docket import Docket, docket_of
from autoloop.decision.bayes.rule import BayesRule
from autoloop.decision.drift import notice_of
from autoloop.decision.strategies.evidence import reading_of
from autoloop.decision.strategies.racing import racing_orders
from autoloop.records import Board, Decision, Move, OpenEdit, Opening, Order, Verdict

SURE = 0.9
"""Of several in a race, the first to get there was lucky more often than one alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceStrategy:
    """Races edits: each trial runs one of them where that tells most, or the incumbent.

    The surest edit that may be kept lands; what the others did before on the old incumbent does
    not count on the new one, so that edits which do not add up are found out before they land.
    """

    name: str = "race"
    mixes: ClassVar[bool] = False
    edits: int = 4
    """Under test at once."""
    rule: BayesRule = field(default_factory=lambda: BayesRule(keep=SURE))

    def decide(self, board: Board) -> Move:
        """Verdicts first, then trials and another edit."""
        dockets = _dockets(board)
        verdicts = self._verdicts(dockets)
        chances = {edit.step: docket.chance for edit, docket in dockets.items()}
        if verdicts or board.exhausted:
            return Move(verdicts=verdicts, notice=notice_of(board), chances=chances)
        room = board.may_propose and len(board.open) < self.edits
        orders = tuple(self._orders(board, dockets)) if dockets else ()
        opening = Opening() if room else None
        return Move(orders=orders, opening=opening, notice=notice_of(board), chances=chances)

    def _verdicts(self, dockets: dict[OpenEdit, Docket]) -> dict[int, Verdict]:
        """Verdicts that fall now; only the surest of those that may be kept is."""
        found = {edit: self.rule.verdict(docket) for edit, docket in dockets.items()}
        clear = {edit.step: verdict for edit, verdict in found.items() if verdict is not None}
        kept = [step for step, one in clear.items() if one.decision is Decision.KEEP]
        best = max(kept, key=lambda step: clear[step].numbers["p_better"], default=None)
        return {s: one for s, one in clear.items() if s not in kept or s == best}

    def _orders(self, board: Board, dockets: dict[OpenEdit, Docket]) -> Iterator[Order]:
        return racing_orders(
            board,
            {(edit.step,): docket for edit, docket in dockets.items()},
            free=max(board.free, 0 if board.pending else 1),
            incumbent_every=self.rule.incumbent_every,
        )


def _dockets(board: Board) -> dict[OpenEdit, Docket]:
    """Of each edit under test."""
    if not board.open:
        return {}
    reading = reading_of(board)
    return {edit: docket_of(reading.evidence((edit.step,), size=edit.size)) for edit in board.open}
