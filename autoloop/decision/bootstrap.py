"""Intervals by resampling whole tasks: attempts at one task stand and fall together.

The plain percentile bootstrap is far too sure of itself with few tasks, and knows no spread at all
where all results are equal. Two things are added. Two more tasks, one at each end of the range,
as `estimates.py` does after Agresti and Coull; and the quantiles are moved outwards by the factor
by which a t-interval is wider than the normal one with the spread of a sample in place of the
truth's. `tests/decision/test_bootstrap.py` measures how often the truth lies inside.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit  # type: ignore[import-untyped]  # SciPy ships no types

from autoloop.records import Interval

Numbers = NDArray[np.float64]

DRAWS = 2_000
CELLS = 2_000_000
"""Most numbers that are held at once."""
SEED = 20_210_703


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """One row per task: its weights (such as its trials), and sums of what they gave."""

    sums: Numbers
    """Tasks by figures; each sum lies between 0 and the task's weight."""
    weights: Numbers


def shares(clusters: Clusters, *, level: float = 0.95) -> list[Interval]:
    """Sum over weight of every figure, with intervals from resampled tasks.

    The same clusters give the same intervals, whatever order they come in. Without tasks the
    whole range is all there is to say.
    """
    n, figures = clusters.sums.shape
    if not n:
        return [Interval(mean=0.0, low=0.0, high=1.0, n=0)] * figures
    order = np.lexsort((*clusters.sums.T, clusters.weights))
    sums, weights = clusters.sums[order], clusters.weights[order]
    means = sums.sum(axis=0) / weights.sum()
    drawn, middle = _resampled(sums, weights)
    tail = (1.0 - level) / 2
    factor = _stretch(n + 2, tail)
    low = middle - factor * (middle - np.quantile(drawn, tail, axis=0))
    high = middle + factor * (np.quantile(drawn, 1.0 - tail, axis=0) - middle)
    return [_interval(*ends, n=n) for ends in zip(means, low, high, strict=True)]


def _resampled(sums: Numbers, weights: Numbers) -> tuple[Numbers, Numbers]:
    """Shares of resampled tasks, and of all: among them two that give nothing and everything."""
    usual = weights.mean()
    weights = np.concatenate([weights, [usual, usual]])
    sums = np.vstack([sums, np.zeros(sums.shape[1]), np.full(sums.shape[1], usual)])
    n, figures = sums.shape
    luck = np.random.default_rng(SEED)
    drawn = np.empty((DRAWS, figures))
    step = max(1, CELLS // (n * figures))
    for start in range(0, DRAWS, step):
        chosen = luck.integers(0, n, size=(min(step, DRAWS - start), n))
        part = sums[chosen].sum(axis=1) / weights[chosen].sum(axis=1)[:, None]
        drawn[start : start + step] = part
    return drawn, sums.sum(axis=0) / weights.sum()


def _stretch(n: int, tail: float) -> float:
    """How much wider than the normal interval with the sample's spread the t-interval is."""
    return float(stdtrit(n - 1, 1.0 - tail) / ndtri(1.0 - tail) * sqrt(n / (n - 1)))


def _interval(mean: float, low: float, high: float, *, n: int) -> Interval:
    """Within the range, and around the mean."""
    inside = max(0.0, low), min(1.0, high)
    return Interval(
        mean=float(mean),
        low=float(min(inside[0], mean)),
        high=float(max(inside[1], mean)),
        n=n,
    )


def columns(rows: Sequence[Sequence[float]], *, weights: Sequence[float]) -> Clusters:
    """Clusters from one row of figures per task."""
    figures = len(rows[0]) if rows else 1
    return Clusters(
        sums=np.array(rows, dtype=np.float64).reshape(len(rows), figures),
        weights=np.array(weights, dtype=np.float64),
    )
