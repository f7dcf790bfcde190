"""What is believed of each task's pass rate, newer trials weighing more than older ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from autoloop.decision.screen.grid import LOG_FAIL, LOG_PASS, MOVED, RATES, THETA, Array, normal
from autoloop.records import Observation

HALF_LIFE = 2.0
"""Passes over all tasks after which a trial counts half: edits come and go, models drift."""
HORIZON = 8
"""Half-lives after which a trial is not looked at any more."""
STALE = 0.2
"""What a trial from before a change of the task model weighs besides."""
PRIOR_TASKS = 8.0
"""How many tasks' worth the first guess at the spread of pass rates weighs."""
ROUNDS = 15
_BROAD: Array = normal(np.exp(-0.5 * (THETA / 3.0) ** 2) + 0.02)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rates:
    """Densities over logits: (tasks, thetas), each row adds up to 1."""

    density: Array

    @property
    def mean(self) -> Array:
        """Expected pass rate of each task."""
        rates: Array = self.density @ RATES
        return rates

    @property
    def spread(self) -> Array:
        """Expected variance of one trial's reward, by task."""
        variance: Array = self.density @ (RATES * (1.0 - RATES))
        return variance

    def gains(self) -> Array:
        """By effect: how many points of the mean rate it would add to tasks like these."""
        gained: Array = (self.density @ MOVED.T - self.mean[:, None]).mean(axis=0)
        return gained


def rates_before(
    observations: Sequence[Observation], tasks: tuple[str, ...], *, fresh: int = 0
) -> Rates:
    """From trials of whatever version: how rates spread over tasks is learned from all of them.

    The first `fresh` of them are older than a change of the task model, and count little.
    Expectation maximisation of the mixing density with a broad prior (Laird 1978, JASA 73).
    """
    counts = _discounted(observations, tasks, fresh=fresh)
    likely = np.exp(counts[:, :1] * LOG_PASS + counts[:, 1:] * LOG_FAIL)
    spread = _BROAD
    for _ in range(ROUNDS):
        spread = normal(normal(likely * spread).sum(axis=0) + PRIOR_TASKS * _BROAD)
    return Rates(density=normal(likely * spread))


def _discounted(
    observations: Sequence[Observation], tasks: tuple[str, ...], *, fresh: int
) -> Array:
    """Passes and failures by task, those of long ago weighing little: (tasks, 2)."""
    half = HALF_LIFE * len(tasks)
    recent = observations[-int(HORIZON * half) :]
    row = {task: index for index, task in enumerate(tasks)}
    at = np.array([row[seen.task] for seen in recent], dtype=np.intp)
    passed = np.clip(np.array([seen.reward for seen in recent]), 0.0, 1.0)
    weight = 0.5 ** (np.arange(len(recent))[::-1] / half)
    weight *= [not seen.tampered for seen in recent]
    weight[: max(0, fresh - len(observations) + len(recent))] *= STALE
    return np.stack(
        [
            np.bincount(at, weight * passed, len(tasks)),
            np.bincount(at, weight * (1.0 - passed), len(tasks)),
        ],
        axis=1,
    )
