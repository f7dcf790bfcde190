"""Many edits at once while they can be merged, else one at a time."""

from dataclasses import dataclass, field
from itertools import combinations
from typing import ClassVar

from autoloop.decision.bayes import BayesRule
from autoloop.decision.strategies.factorial import FactorialStrategy
from autoloop.decision.strategies.single import SingleStrategy
from autoloop.ports import Strategy
from autoloop.records import Board, Move


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptiveStrategy:
    """What `benchmarks/windtunnel.py` finds best where there are trials for many edits.

    Edits that cannot be merged are never on together, so that few of them share a trial where many
    are in conflict. Then those under test are judged one after the other before more are asked for.
    """

    name: str = "adaptive"
    mixes: ClassVar[bool] = True
    many: Strategy = field(default_factory=FactorialStrategy)
    one: Strategy = field(default_factory=lambda: SingleStrategy(rule=BayesRule()))
    dense: float = 0.12
    """Share of the pairs in conflict from which edits are judged one at a time."""
    least: int = 6
    """Edits under test that are needed to tell that share."""

    def decide(self, board: Board) -> Move:
        """As the strategy that fits."""
        return (self.one if self._is_dense(board) else self.many).decide(board)

    def _is_dense(self, board: Board) -> bool:
        if len(board.open) < self.least:
            # On the way down from a dense pool, or up to the first look at one.
            return any(edit.conflicts for edit in board.open)
        pairs = list(combinations(board.open, 2))
        clashing = sum(other.step in edit.conflicts for edit, other in pairs)
        return clashing >= self.dense * len(pairs)
