"""Scores and gains with 95 % intervals: tasks are what is resampled, attempts only sharpen them.

Few tasks often show less spread than there is; in the extreme they all agree, and a plain
t-interval shrinks to nothing. `benchmarks/intervals.py` simulates how often the truth lies inside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean

import numpy as np
from scipy.special import stdtrit  # type: ignore[import-untyped]  # SciPy ships no types

from autoloop.decision.binomial import clopper_pearson, mcnemar
from autoloop.decision.bootstrap import columns, shares
from autoloop.decision.passk import pass_all, pass_any
from autoloop.decision.permutation import two_sided
from autoloop.records import Interval, McNemar, PairedTest, Passes, PassRate, PassRates


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """Means over tasks with intervals that stay honest for few tasks and for equal results."""

    def score(self, rewards: Mapping[str, Sequence[float]]) -> Interval:
        """Mean reward over tasks, with its interval; tasks without attempts are left out.

        The interval is that of a t-test after two more tasks, one at each end of the range: what
        Agresti and Coull do for proportions. The mean is that of the real tasks.
        """
        means = [fmean(attempts) for _, attempts in sorted(rewards.items()) if attempts]
        reach = min([0.0, *means]), max([1.0, *means])
        if not means:
            return Interval(mean=0.0, low=reach[0], high=reach[1], n=0)
        guarded = [*means, *reach]
        middle, half = fmean(guarded), half_width(guarded)
        return _interval(means, low=middle - half, high=middle + half, reach=reach)

    def gain(
        self, baseline: Mapping[str, Sequence[float]], best: Mapping[str, Sequence[float]]
    ) -> Interval:
        """Mean difference best minus baseline over the tasks that both have attempts on.

        A t-interval that never ends nearer than what tasks not yet met may do: had a share q of
        all tasks the worst difference there can be, n tasks would all miss it with probability
        (1 - q)^n. For the q that makes this 5 % the mean is moved; likewise upwards.
        """
        paired = [t for t in sorted(baseline) if baseline[t] and best.get(t)]
        differences = [fmean(best[t]) - fmean(baseline[t]) for t in paired]
        widest = max([1.0, *(abs(d) for d in differences)])
        if not differences:
            return Interval(mean=0.0, low=-widest, high=widest, n=0)
        mean, half = fmean(differences), half_width(differences)
        unmet = 1.0 - 0.05 ** (1.0 / len(differences))
        low = min(mean - half, mean - unmet * (widest + min(differences)))
        high = max(mean + half, mean + unmet * (widest - max(differences)))
        return _interval(differences, low=low, high=high, reach=(-widest, widest))

    def passes(self, tasks: Mapping[str, Passes]) -> PassRates:
        """Success rate over trials, pass@k and pass^k over tasks, by a bootstrap over tasks."""
        known = [passes for passes in tasks.values() if passes.trials]
        attempts = [float(passes.trials) for passes in known]
        passed = columns([[float(passes.passed)] for passes in known], weights=attempts)
        (success,) = shares(passed)
        ks = range(1, min((passes.trials for passes in known), default=0) + 1)
        if not ks:
            return PassRates(success=success)
        rows = [[f(own, k) for k in ks for f in (pass_any, pass_all)] for own in known]
        found = shares(columns(rows, weights=[1.0] * len(known)))
        pairs = zip(ks, found[::2], found[1::2], strict=True)
        at = (PassRate(k=k, any=at_least_one, all=every) for k, at_least_one, every in pairs)
        return PassRates(success=success, at=tuple(at))

    def rate(self, passes: Passes) -> Interval:
        """Share of one task's trials that passed; they are independent, so this one is exact."""
        return clopper_pearson(passes)

    def paired(
        self, a: Mapping[str, Sequence[float]], b: Mapping[str, Sequence[float]]
    ) -> PairedTest:
        """Mean difference B minus A over the tasks that both have attempts on, and its test."""
        shared = [task for task in sorted(a) if a[task] and b.get(task)]
        p_value, exact = two_sided([fmean(b[task]) - fmean(a[task]) for task in shared])
        return PairedTest(gain=self.gain(a, b), p_value=p_value, exact=exact)

    def mcnemar(self, *, only_a: int, only_b: int) -> McNemar:
        """McNemar's exact test of the tasks that one side alone passed."""
        return mcnemar(only_a, only_b)

    def difference(self, amounts: Sequence[float]) -> Interval:
        """A plain t-interval; a single difference says nothing of others, and has no width."""
        mean, half = fmean(amounts or [0.0]), half_width(amounts)
        return Interval(mean=mean, low=mean - half, high=mean + half, n=len(amounts))


def half_width(means: Sequence[float], *, level: float = 0.95) -> float:
    """Half the width of a two-sided t-interval over task means; 0 for fewer than two tasks."""
    n = len(means)
    if n < 2:
        return 0.0
    return float(stdtrit(n - 1, 0.5 + level / 2) * np.std(means, ddof=1) / sqrt(n))


def _interval(
    means: Sequence[float], *, low: float, high: float, reach: tuple[float, float]
) -> Interval:
    """The interval within reach and around the mean."""
    mean = fmean(means)
    inside_low, inside_high = max(low, reach[0]), min(high, reach[1])
    return Interval(mean=mean, low=min(inside_low, mean), high=max(inside_high, mean), n=len(means))
