"""A one-sided paired permutation test over tasks."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

EXACT_LIMIT = 32
"""Up to so many differences all sign flips are counted; beyond, they are drawn."""
DRAWS = 20_000
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
