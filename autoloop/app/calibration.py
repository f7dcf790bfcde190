"""What `calibrate` gives back: what the loop claims for edits that change nothing."""

from dataclasses import dataclass

from autoloop.records import Interval, Run, Worthless


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A run whose edits change nothing: every gain in it is chance. Scores are from 0 to 1."""

    run: Run
    edits: int
    """That were judged."""
    kept: int
    undecided: int
    worthless: Worthless
    """How many of the kept ones the rule itself expects to be worthless; in truth all are."""
    claimed_gain: float | None
    """Best minus baseline on the tasks that chose it (selection score); None without a table."""
    holdout_gain: Interval | None
    trials: int
    invalid_trials: int
    tokens: int
    cost_usd: float | None

    @property
    def covers_zero(self) -> bool | None:
        """Whether the interval on holdout has the truth in it."""
        gain = self.holdout_gain
        return None if gain is None else gain.low <= 0.0 <= gain.high
