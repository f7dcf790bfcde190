"""Paired permutation tests over tasks: one-sided for keep rules, two-sided for comparisons."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

EXACT_LIMIT = 32
"""Up to so many differences all sign flips are counted; beyond, they are drawn."""
DRAWS = 20_000
LARGEST_DENOMINATOR = 2_520
"""Whatever the attempts are, up to ten a side, differences are multiples of 1/2520 or coarser."""
MOST_WORK = 300_000_000
"""Additions that counting may take: beyond, flips are drawn."""
TOLERANCE = 1e-9
"""Sums of the same flips must count as equal although floating point adds them in another order."""

Numbers = NDArray[np.float64]


def sign_flip_p(differences: Sequence[float], *, seed: Sequence[int] = (0,)) -> float:
    """Chance that differences without direction would have a sum at least as large as this one.

    Every difference keeps its size and gets a fair random sign; zeros say nothing and drop out.
    """
    sizes = np.sort([abs(d) for d in differences if abs(d) > TOLERANCE])
    observed = float(np.sum(differences)) - TOLERANCE * (1 + len(sizes))
    if len(sizes) <= EXACT_LIMIT:
        return _exact(sizes, observed)
    signs = np.random.default_rng(list(seed)).integers(0, 2, size=(DRAWS, len(sizes))) * 2.0 - 1.0
    return float((1 + np.count_nonzero(signs @ sizes >= observed)) / (1 + DRAWS))


def _exact(sizes: Numbers, observed: float) -> float:
    """Counts all 2^n sums from two halves, so that 32 differences cost two lists of 65,536."""
    left = _flipped_sums(sizes[: len(sizes) // 2])
    right = np.sort(_flipped_sums(sizes[len(sizes) // 2 :]))
    reaching = len(right) - np.searchsorted(right, observed - left, side="left")
    return float(np.sum(reaching) / 2.0 ** len(sizes))


def _flipped_sums(sizes: Numbers) -> Numbers:
    sums = np.zeros(1)
    for size in sizes:
        sums = np.concatenate([sums + size, sums - size])
    return sums


def two_sided(differences: Sequence[float]) -> tuple[float, bool]:
    """The two-sided sign-flip p-value, and whether every flip was counted.

    Up to 32 differences all flips are counted. Beyond, too, where the differences are fractions
    with a small common denominator, as those of passed and failed attempts are.
    """
    sizes = np.sort([abs(d) for d in differences if abs(d) > TOLERANCE])
    observed = abs(float(np.sum(differences)))
    if len(sizes) <= EXACT_LIMIT:
        tail = _exact(sizes, observed - TOLERANCE * (1 + len(sizes)))
    elif (steps := _whole_steps(sizes)) is not None:
        tail = _counted(steps[0], round(observed * steps[1]))
    else:
        # Both sides of the same draws: the distribution is symmetric.
        tail = sign_flip_p([-d for d in differences] if np.sum(differences) < 0 else differences)
        return min(1.0, 2.0 * tail), False
    return min(1.0, 2.0 * tail), True


def _whole_steps(sizes: Numbers) -> tuple[NDArray[np.int64], int] | None:
    """The sizes as multiples of 1/d, with d; None where that is out of reach."""
    for denominator in range(1, LARGEST_DENOMINATOR + 1):
        scaled = sizes * denominator
        whole = np.rint(scaled)
        if np.abs(scaled - whole).max() < TOLERANCE * denominator:
            reachable = whole.sum() * len(whole) <= MOST_WORK
            return (whole.astype(np.int64), denominator) if reachable else None
    return None


def _counted(steps: NDArray[np.int64], observed: int) -> float:
    """Chance that the signed steps sum to at least `observed`: one convolution per step."""
    total = int(steps.sum())
    chances = np.zeros(2 * total + 1)
    chances[total] = 1.0
    for step in steps:
        spread = np.zeros_like(chances)
        spread[step:] += chances[:-step] / 2
        spread[:-step] += chances[step:] / 2
        chances = spread
    return float(chances[total + observed :].sum())
