"""What trials can tell: how noisy a score is, which gain shows, and how many trials that takes.

Every task has a pass rate, known as a density over logits; how rates spread over tasks is learned
from all of them (a nonparametric beta-binomial: Laird 1978, JASA 73). A gain is thought of as a
shift of all logits: it moves tasks in the middle most and has no room where all is solved.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.special import nctdtr, stdtrit  # type: ignore[import-untyped]  # SciPy has no types

from autoloop.decision.bayes.grid import LOGITS, RATES, Array, likelihood, normal

POWER = 0.8
"""A gain counts as seen when the test finds it so often."""
LEVEL = 0.05
"""Of the one-sided test."""
FEWEST_TASKS = 5
"""With fewer no sign-flip test reaches the level: 2^-4 is above it."""
MOST_PASSES = 1_000
PRIOR_TASKS = 2.0
"""How many tasks' worth the first guess at the spread of pass rates weighs."""
ROUNDS = 60
Z95 = 1.96
BINOMIAL: Array = RATES * (1.0 - RATES)
SHIFTS: Array = np.linspace(0.0, 14.0, 561)
SHIFTED: Array = 1.0 / (1.0 + np.exp(-(LOGITS[None, :] + SHIFTS[:, None])))
GAINS: Array = SHIFTED - RATES


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """What it takes to see a gain: on so many tasks, so many attempts of each of two agents."""

    tasks: int
    passes: int

    @property
    def trials(self) -> int:
        """Of both agents together."""
        return 2 * self.tasks * self.passes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Noise:
    """How an agent's rewards vary, within a task and between tasks."""

    tasks: tuple[str, ...]
    density: Array
    """(tasks, logits): what is believed of each pass rate; rows add up to 1."""
    dispersion: float
    """Variance of graded rewards within a task, as a part of what passes and failures have."""

    @property
    def by_task(self) -> Array:
        """Variance of one trial of each task."""
        variance: Array = self.dispersion * (self.density @ BINOMIAL)
        return variance

    @property
    def within(self) -> float:
        """Variance of one trial around its task's rate, mean over tasks."""
        return float(self.by_task.mean())

    @property
    def between(self) -> float:
        """Variance of the rates of tasks."""
        spread = self._mixture
        return float(spread @ RATES**2 - (spread @ RATES) ** 2)

    def band(self, passes: float = 1.0) -> float:
        """By how much two scores of the same agent differ at most, 19 times of 20.

        Each is the mean of so many passes over all tasks.
        """
        return Z95 * sqrt(2.0 * self.within / (passes * len(self.tasks)))

    def smallest_gain(self, passes: float = 1.0) -> float | None:
        """The smallest gain that so many passes of both agents show; None: not even the largest."""
        gains, deviations = self._effects(passes)
        powers = _power(gains - self._step(passes, len(self.tasks)), deviations, len(self.tasks))
        seen = np.flatnonzero(powers >= POWER)
        if not len(seen):
            return None
        after = int(seen[0])
        before = after - 1
        share = (POWER - powers[before]) / (powers[after] - powers[before])
        return float(gains[before] + share * (gains[after] - gains[before]))

    def power(self, gain: float, passes: float = 1.0) -> float:
        """How often a gain of this size is found; 0 for one that there is no room for."""
        gains, _ = self._effects(passes)
        if gain > gains[-1]:
            return 0.0
        return self._power_on(len(self.tasks), gain, passes)

    def needed(self, gain: float) -> Needed | None:
        """The least that shows such a gain; None when these tasks cannot, however often they run.

        Where one pass is more than enough it is some of the tasks, drawn by lot.
        """
        if self.power(gain, MOST_PASSES) < POWER:
            return None
        if self.power(gain) >= POWER:
            return Needed(tasks=self._fewest_tasks(gain), passes=1)
        low, high = 1, MOST_PASSES
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.power(gain, middle) >= POWER else (middle, high)
        return Needed(tasks=len(self.tasks), passes=high)

    @property
    def _mixture(self) -> Array:
        mixture: Array = self.density.mean(axis=0)
        return mixture

    def _fewest_tasks(self, gain: float) -> int:
        counts = range(FEWEST_TASKS, len(self.tasks))
        enough = (n for n in counts if self._power_on(n, gain, 1.0) >= POWER)
        return next(enough, len(self.tasks))

    def _power_on(self, tasks: int, gain: float, passes: float) -> float:
        gains, deviations = self._effects(passes)
        deviation = np.interp(gain, gains, deviations)
        beyond = np.array([gain - self._step(passes, tasks)])
        return float(_power(beyond, np.array([deviation]), tasks)[0])

    def _step(self, passes: float, tasks: int) -> float:
        """What an exact test asks on top, on average, where rewards are all or nothing.

        Flipping signs then changes the mean in steps of 2 / (passes * tasks), and the level falls
        between two of them.
        """
        return 1.0 / (passes * tasks) if self.dispersion == 1.0 else 0.0

    def _effects(self, passes: float) -> tuple[Array, Array]:
        """For each shift: its gain, and the deviation of one task's paired difference."""
        mixture = self._mixture
        gains: Array = GAINS @ mixture
        uneven = GAINS**2 @ mixture - gains**2
        noise = mixture @ BINOMIAL + (SHIFTED * (1.0 - SHIFTED)) @ mixture
        deviations: Array = np.sqrt(np.maximum(uneven + self.dispersion * noise / passes, 1e-12))
        return gains, deviations


def noise_of(rewards: Mapping[str, Sequence[float]]) -> Noise:
    """What an agent's attempts, by task, say of its noise; tasks without attempts are left out.

    Without a second attempt anywhere, how much is noise and how much are the tasks is a guess.
    """
    tried = {task: tuple(own) for task, own in sorted(rewards.items()) if own}
    if not tried:
        raise ValueError("noise is learned from at least one attempt")
    counts = np.array([_passes(own) for own in tried.values()])
    density = _densities(counts)
    return Noise(
        tasks=tuple(tried),
        density=density,
        dispersion=_dispersion(list(tried.values()), density @ BINOMIAL),
    )


def noise_band(rewards: Mapping[str, Sequence[float]]) -> float | None:
    """By how much two passes of the same agent differ at most; None before the first attempt."""
    return noise_of(rewards).band() if any(rewards.values()) else None


def _passes(rewards: Sequence[float]) -> tuple[float, float]:
    """Passes and failures; rewards between 0 and 1 are fractions of a pass."""
    passed = sum(min(max(reward, 0.0), 1.0) for reward in rewards)
    return passed, len(rewards) - passed


def _densities(counts: Array) -> Array:
    """Belief of each task's rate, with the spread over tasks learned by expectation maximisation.

    Deterministic tasks are common, so the first guess has weight out to the ends.
    """
    base = normal(np.exp(-0.5 * (LOGITS / 3.0) ** 2) + 0.02)
    likely, spread = likelihood(counts), base
    for _ in range(ROUNDS):
        spread = normal(normal(likely * spread).sum(axis=0) + PRIOR_TASKS * base)
    return normal(likely * spread)


def _dispersion(rewards: Sequence[Sequence[float]], binomial: Array) -> float:
    """Spread of graded rewards within tasks against that of passes; 1 where all are 0 or 1."""
    if all(reward in {0.0, 1.0} for own in rewards for reward in own):
        return 1.0
    squares = sum(float(np.var(own)) * len(own) for own in rewards)
    expected = sum(b * (len(own) - 1) for own, b in zip(rewards, binomial, strict=True))
    guess = float(binomial.mean())
    return float(np.clip((squares + guess) / (expected + guess), 0.01, 1.0))


def _power(gains: Array, deviations: Array, tasks: int) -> Array:
    """How often a one-sided paired test over so many tasks finds these gains (noncentral t)."""
    if tasks < FEWEST_TASKS:
        return np.zeros_like(gains)
    freedom = tasks - 1
    # Beyond ten deviations of the mean SciPy's series underflows, and every gain is found.
    off_centre = np.minimum(gains / deviations * sqrt(tasks), 30.0)
    critical = stdtrit(freedom, 1.0 - LEVEL)
    power: Array = 1.0 - nctdtr(freedom, off_centre, critical)
    return power
