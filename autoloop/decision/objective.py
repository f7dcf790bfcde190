"""What an edit that is as good saves: money or time of a trial, compared task by task."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import fmean, stdev
from typing import NamedTuple

from scipy.special import stdtrit  # type: ignore[import-untyped]  # SciPy has no types

from autoloop.records import Board, Evidence, Objective, OpenEdit, Second, Side

FEWEST_TASKS = 5
"""With fewer tasks that both sides have tried, nothing is said of what is saved."""
LEVEL = 0.95
"""One-sided confidence that something is saved."""


class Expense(NamedTuple):
    """What one trial took."""

    task: str
    mine: bool
    """With the edit on."""
    cost: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """What a trial takes with the edit, as a part of what it takes without."""

    ratio: float
    low: float
    high: float
    """95 % sure that it is below."""
    second: Second

    @property
    def sure(self) -> bool:
        """Whether less is taken."""
        return self.high < 1.0

    @property
    def words(self) -> str:
        """Such as `31 % cheaper`."""
        kind = "faster" if self.second == "time" else "cheaper"
        return f"{100 * (1.0 - self.ratio):.0f} % {kind}"

    @property
    def numbers(self) -> dict[str, float]:
        """For the verdict."""
        return {
            "cost_ratio": self.ratio,
            "cost_ratio_low": self.low,
            "cost_ratio_high": self.high,
        }


def saving_of(evidence: Evidence, objective: Objective) -> Saving | None:
    """What a candidate saves against its incumbent; None where that is not known or not asked."""
    if objective.second == "none":
        return None
    found = (Expense(s.task, s.side is Side.CANDIDATE, s.cost) for s in evidence.scores)
    return compared(found, objective.second)


def saving_on(board: Board, edit: OpenEdit, objective: Objective) -> Saving | None:
    """The same where the edit's coin tells the sides apart; trials of it alone are left out."""
    if objective.second == "none":
        return None
    found = (
        Expense(seen.task, edit.step in seen.version.on, seen.cost)
        for seen in board.observations[edit.opened :]
        if edit.step in (*seen.version.on, *seen.version.off)
        and not seen.tampered
        and not (seen.version.on == (edit.step,) and not seen.version.off)
    )
    return compared(found, objective.second)


def compared(expenses: Iterable[Expense], second: Second) -> Saving | None:
    """Log ratios of mean costs, paired by task: Student's t over tasks.

    What is not known is left out, and never counts as cheap.
    """
    sides: tuple[dict[str, list[float]], ...] = (defaultdict(list), defaultdict(list))
    for task, mine, cost in expenses:
        if cost is not None and cost > 0.0:
            sides[mine][task].append(cost)
    both = sorted(sides[0].keys() & sides[1].keys())
    if len(both) < FEWEST_TASKS:
        return None
    logs = [log(fmean(sides[1][task]) / fmean(sides[0][task])) for task in both]
    half = float(stdtrit(len(both) - 1, LEVEL)) * stdev(logs) / sqrt(len(both))
    mean = fmean(logs)
    return Saving(ratio=exp(mean), low=exp(mean - half), high=exp(mean + half), second=second)
