"""Pass rates on a grid of logits, effects of an edit on another, and what both predict together.

A trial with the edit on has the logit `theta + delta / 2`, one with it off `theta - delta / 2`:
whatever moves both sides alike (other edits, a drifting model) then speaks for no effect.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr  # type: ignore[import-untyped]  # SciPy ships no types

Array: TypeAlias = NDArray[np.float64]

THETA: Array = np.linspace(-7.0, 7.0, 29)
DELTA: Array = np.array(
    [
        *(-6.0, -4.2, -3.3, -2.5, -1.9, -1.4, -1.0, -0.75, -0.5, -0.3, -0.15, 0.0),
        *(0.15, 0.3, 0.5, 0.75, 1.0, 1.4, 1.9, 2.5, 3.3, 4.2, 5.2),
    ]
)
_EDGES: Array = np.concatenate([[-20.0], (DELTA[1:] + DELTA[:-1]) / 2.0, [20.0]])


def sigmoid(x: Array) -> Array:
    """Logits to rates."""
    rates: Array = 1.0 / (1.0 + np.exp(-x))
    return rates


RATES: Array = sigmoid(THETA)
LOG_PASS: Array = np.log(RATES)
LOG_FAIL: Array = np.log1p(-RATES)
MOVED: Array = sigmoid(THETA[None, :] + DELTA[:, None])
"""Rate of a task that was at `theta` once an edit with effect `delta` is part of the incumbent."""

_ON = sigmoid(THETA[None, :] + DELTA[:, None] / 2.0)
_OFF = sigmoid(THETA[None, :] - DELTA[:, None] / 2.0)
_LOGS: Array = np.stack(
    [rates.ravel() for rates in (np.log(_ON), np.log1p(-_ON), np.log(_OFF), np.log1p(-_OFF))]
)


def normal(weights: Array) -> Array:
    """Each row scaled to a sum of 1."""
    scaled: Array = weights / weights.sum(axis=-1, keepdims=True)
    return scaled


def bell(mean: float, spread: float) -> Array:
    """Weights of a normal distribution of effects over the grid."""
    weights: Array = np.diff(ndtr((_EDGES - mean) / spread))
    return normal(weights)


def effect_likelihood(counts: Array, density: Array) -> Array:
    """How well each effect explains each task's trials: (tasks, effects), up to a factor per task.

    `counts` are passes and failures with the edit on, then with it off: (tasks, 4); `density` is
    what is believed of each task's logit: (tasks, thetas).
    """
    # A product for each task by itself: the last digits of one over all of them depend on how many
    # are worked out together, and a verdict that is replayed works them out otherwise.
    flat = np.matmul(counts[:, None, :], _LOGS)[:, 0]
    logs = np.reshape(flat, (len(counts), len(DELTA), len(THETA)))
    logs -= logs.max(axis=(1, 2), keepdims=True)
    found: Array = np.matmul(np.exp(logs), density[:, :, None])[:, :, 0]
    return found
