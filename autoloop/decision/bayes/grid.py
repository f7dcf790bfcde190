"""Pass rates as densities over a grid of logits, and kernels that move them.

A logit, since an edit that helps moves a task that passes half of the time by many points and one
that always passes by none; a grid, since beliefs of few trials are no bell curves.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

LOGITS: Array = np.linspace(-7.0, 7.0, 43)
RATES: Array = 1.0 / (1.0 + np.exp(-LOGITS))
LOG_PASS: Array = np.log(RATES)
LOG_FAIL: Array = np.log1p(-RATES)
STEP = float(LOGITS[1] - LOGITS[0])
UNMOVED: Array = np.eye(len(LOGITS))


def moved(by: float, *, spread: float) -> Array:
    """Kernel of a shift by `by` logits with a normal spread; row: from, column: to.

    What would leave the grid stays at its end.
    """
    aims = np.clip(LOGITS[:, None] + by, LOGITS[0], LOGITS[-1])
    weights = np.exp(-0.5 * ((LOGITS[None, :] - aims) / max(spread, 0.4 * STEP)) ** 2)
    kernel: Array = weights / weights.sum(axis=1, keepdims=True)
    return kernel


def likelihood(counts: Array) -> Array:
    """How well each rate explains passes and failures: (tasks, 2) to (tasks, logits).

    Rewards between 0 and 1 are fractions of a pass.
    """
    values: Array = np.exp(counts[:, :1] * LOG_PASS + counts[:, 1:] * LOG_FAIL)
    return values


def normal(densities: Array) -> Array:
    """Each row scaled to a sum of 1."""
    scaled: Array = densities / densities.sum(axis=-1, keepdims=True)
    return scaled
