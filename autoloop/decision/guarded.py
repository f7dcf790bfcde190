"""Answers about the holdout that may be given during a run without using it up.

What a search learns of its holdout it will fit, so an answer says as little as helps. All scales
come from the number of tasks alone, never from what was seen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np

SPREAD = 0.5
"""Deviation of a task's paired difference that scales are made for: much, for all or nothing."""
SIGMAS = 4.0
"""How many deviations of the noise the threshold is wide."""
Draw = Callable[[float], float]
"""A random number of Laplace's distribution with this scale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What may be said of a gain on holdout."""

    gain: float
    agrees: bool | None
    """Whether holdout agrees with what the search claims; None where that was not asked."""
    within: float
    """How exact the answer is."""


def secret_noise(scale: float) -> float:
    """Laplace noise from the machine's entropy: what can be computed can be taken off again."""
    return float(np.random.default_rng().laplace(0.0, scale))


def thresholdout(claimed: float, seen: float, *, tasks: int, draw: Draw = secret_noise) -> Answer:
    """Repeat the claim while holdout agrees with it, else say what holdout shows, with noise.

    The reusable holdout (Dwork et al. 2015, Science 349, algorithm Thresholdout). A claim that
    holds tells the asker nothing new; only one that does not costs information.
    """
    width = scale_of(tasks)
    sigma = width / SIGMAS
    threshold = width + draw(2.0 * sigma)
    if abs(claimed - seen) <= threshold + draw(4.0 * sigma):
        return Answer(gain=claimed, agrees=True, within=width)
    return Answer(gain=_inside(seen + draw(sigma)), agrees=False, within=sigma)


def ladder(reported: float, seen: float, *, tasks: int) -> Answer:
    """The best gain so far, in steps: it moves only for a step more than was reported before.

    The Ladder (Blum & Hardt 2015). `reported` is the last answer, 0 before the first.
    """
    step = scale_of(tasks)
    gain = round(seen / step) * step if seen >= reported + step else reported
    return Answer(gain=_inside(gain), agrees=None, within=step)


def scale_of(tasks: int) -> float:
    """Standard error of a gain over so many tasks, whatever it may be."""
    return SPREAD / sqrt(max(1, tasks))


def _inside(gain: float) -> float:
    return min(1.0, max(-1.0, gain))
