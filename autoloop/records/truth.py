"""What stands beside a final table, so that nobody believes more than was shown."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Worthless:
    """How many of the kept edits are expected to be of no use."""

    kept: int
    judged: int
    """Kept ones whose verdict says how likely they help; the others are not in `expected`."""
    expected: float
    """Sum over these of the chance that they were kept in vain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionGap:
    """Score on the tasks that chose the best, minus score on holdout."""

    best: float
    baseline: float
    """The same of the start agent: what the splits differ by before the first edit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuccessRates:
    """Share of the final table's holdout trials that reached the full reward."""

    baseline: float | None
    """None without a trial."""
    best: float | None
    trials: int
    invalid_trials: int
    """Of these trials: run again, never counted."""
