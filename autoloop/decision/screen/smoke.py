"""A first look at an edit alone: one that crashes would spoil every trial it is part of."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np

from autoloop.decision.screen.rates import Rates
from autoloop.records import Observation

CRASHES = 0.05
"""Share of edits that crash."""
STRAY = 0.003
"""Chance that a task passes although agent.py crashed."""
LEAST, MOST = 2, 6
"""Trials alone: at least, and at most while it is not clear."""
CLEARED, CONDEMNED = -2.5, 1.0
"""Log odds of a crash at which it is let in, and at which it is dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Smoke:
    """How an edit did on its own on tasks that the incumbent mostly passes."""

    trials: int
    odds: float
    """Log odds that it crashes."""

    @property
    def crashed(self) -> bool:
        """Whether it most likely crashes."""
        return self.trials >= LEAST and self.odds > CONDEMNED

    def lacks(self, running: int) -> int:
        """Trials that it still needs, those under way left out."""
        if self.trials + running < LEAST:
            return LEAST - self.trials - running
        unclear = CLEARED < self.odds <= CONDEMNED and self.trials < MOST
        return int(unclear and not running)


def smoke_of(alone: Sequence[Observation], before: Rates, tasks: tuple[str, ...]) -> Smoke:
    """What trials of an edit alone say; their order leaves no trace."""
    mean = before.mean
    told = (_told(seen, mean[tasks.index(seen.task)]) for seen in alone)
    odds = log(CRASHES / (1.0 - CRASHES)) + sum(told)
    return Smoke(trials=len(alone), odds=odds)


def surest(rates: Rates, rng: np.random.Generator) -> int:
    """Index of a task that the incumbent mostly passes."""
    first = np.argsort(-rates.mean, kind="stable")[: max(4, len(rates.mean) // 6)]
    return int(rng.choice(first))


def _told(seen: Observation, rate: float) -> float:
    sure = min(max(float(rate), 0.01), 0.99)
    if seen.reward > 0.0:
        return log(STRAY) - log(sure)
    return log(1.0 - STRAY) - log(1.0 - sure)
