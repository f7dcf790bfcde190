"""What an edit may do to tasks: a small set of hypotheses, each a kernel on a task's logit.

Exposed tasks (train, whose traces the meta-agent reads) can be overfitted, unexposed ones cannot:
that difference is what tells learning by heart from getting better.
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from autoloop.decision.bayes.grid import LOGITS, UNMOVED, Array, moved

JITTER = 0.3
"""Standard deviation, in logits, of what any edit does to a single task."""
BROAD = ((0.35, 0.05, 0.07), (0.7, 0.04, 0.06), (1.2, 0.02, 0.04))
"""Shift of every task in logits; prior weight of the gain, and of the loss."""
NARROW = ((0.2, 1.5, 0.02), (0.2, 3.0, 0.03), (0.35, 1.5, 0.02))
"""Share of the tasks that are moved, their shift in logits, prior weight of gain and of loss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypotheses:
    """All hypotheses side by side; the first axis of every array numbers them."""

    names: tuple[str, ...]
    sign: Array
    """1: better in general; -1: worse in general; 0: neither."""
    prior: Array
    """Weights that add up to 1."""
    exposed: Array
    """Kernels for train tasks: (hypotheses, logits, logits)."""
    unexposed: Array
    """Kernels for tasks whose traces nobody read."""

    @property
    def better(self) -> Array:
        """1 for the hypotheses of a general gain, else 0."""
        return (self.sign > 0).astype(float)

    def backward(self) -> "Hypotheses":
        """With kernels from where a task is after the edit to where it was before."""
        there, unread = self.exposed.transpose(0, 2, 1), self.unexposed.transpose(0, 2, 1)
        return replace(self, exposed=there, unexposed=unread)


@cache
def hypotheses() -> Hypotheses:
    """The set in use."""
    jitter = moved(0.0, spread=JITTER)
    rows = [("changes nothing", 0, 0.15, UNMOVED), ("neutral", 0, 0.35, jitter)]
    for shift, gain, loss in BROAD:
        rows.append((f"+{shift:g} on all", 1, gain, moved(shift, spread=JITTER)))
        rows.append((f"-{shift:g} on all", -1, loss, moved(-shift, spread=JITTER)))
    for share, shift, weight in NARROW:
        for sign in (1, -1):
            hit = moved(sign * shift, spread=JITTER)
            kernel = (1.0 - share) * jitter + share * hit
            rows.append((f"{sign * shift:+g} on {share:.0%}", sign, weight, kernel))
    rows.append(("crashes", -1, 0.05, _to_the_bottom()))
    slightly_worse = moved(-0.15, spread=JITTER)
    learned = 0.92 * slightly_worse + 0.08 * moved(4.0, spread=0.8)
    weights = np.array([*(row[2] for row in rows), 0.12])
    return Hypotheses(
        names=(*(row[0] for row in rows), "overfitted"),
        sign=np.array([*(float(row[1]) for row in rows), -1.0]),
        prior=weights / weights.sum(),
        exposed=np.stack([*(row[3] for row in rows), learned]),
        unexposed=np.stack([*(row[3] for row in rows), slightly_worse]),
    )


def _to_the_bottom() -> Array:
    kernel = np.zeros((len(LOGITS), len(LOGITS)))
    kernel[:, 0] = 1.0
    return kernel
