"""What an edit may do: a small set of hypotheses, each a distribution of its effect on a task.

Exposed tasks (train, whose traces the meta-agent reads) can be learned by heart, the others
mostly cannot: that difference is what tells learning by heart from getting better.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from autoloop.decision.screen.grid import Array, bell, normal

JITTER = 0.3
"""Standard deviation, in logits, of what any edit does to a single task."""
UNTOUCHED = 0.15
"""Share of the tasks that even a broad edit leaves alone."""
BROAD = ((0.2, 0.05, 0.06), (0.45, 0.035, 0.06), (0.8, 0.008, 0.04), (1.3, 0.001, 0.02))
"""Shift of all tasks in logits; prior weight of the gain, and of the loss."""
NARROW = ((0.9, 0.04, 0.045), (1.8, 0.02, 0.045), (3.0, 0.005, 0.018))
"""Shift, in logits, of the tasks that share something; prior weights as above."""
NARROW_SHARE = 0.22
CURE, CURES = (3.5, 0.8), 0.004
"""Mean and spread of the shift where something that broke every task is mended; prior weight."""
LEARNED = 4.5
"""Number of tasks that an edit which learned some by heart lifts, on average."""

BETTER, NEUTRAL, WORSE, OVERFIT = "better", "neutral", "worse", "overfit"
KINDS = (BETTER, NEUTRAL, WORSE, OVERFIT)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hypotheses:
    """All hypotheses side by side; the first axis of every array numbers them."""

    kinds: tuple[str, ...]
    prior: Array
    exposed: Array
    """Effects on train tasks: (hypotheses, effects)."""
    unexposed: Array
    """Effects on tasks whose traces nobody read."""
    masks: Mapping[str, Array]

    def of(self, kind: str) -> Array:
        """1 for the hypotheses of this kind, else 0."""
        return self.masks[kind]

    def kernels(self, train: int, validation: int) -> Array:
        """Effects by task, train tasks first: (tasks, effects, hypotheses)."""
        by_split = np.stack([self.exposed.T, self.unexposed.T])
        kernels: Array = by_split[np.repeat([0, 1], [train, validation])]
        return kernels

    def weights(self, learned: Mapping[str, float], *, trust: float) -> Array:
        """Chance of each hypothesis for the next edit.

        `learned` counts what earlier edits turned out to be, by kind; `trust` is how many edits
        the prior weighs.
        """
        kinds = {kind: trust * float(self.of(kind) @ self.prior) for kind in KINDS}
        grown = {k: 1.0 + learned.get(k, 0.0) / own for k, own in kinds.items()}
        return normal(self.prior * np.array([grown[kind] for kind in self.kinds]))


@lru_cache(maxsize=16)
def hypotheses(train: int, validation: int) -> Hypotheses:
    """The set for so many visible tasks."""
    neutral = bell(0.0, JITTER)
    rows = [
        (NEUTRAL, 0.15, bell(0.0, 0.05), bell(0.0, 0.05)),
        (NEUTRAL, 0.33, neutral, neutral),
    ]
    for shift, gain, loss in BROAD:
        for kind, sign, weight in ((BETTER, 1.0, gain), (WORSE, -1.0, loss)):
            hit = bell(sign * shift, float(np.hypot(JITTER, 0.25 * shift)))
            effect = (1.0 - UNTOUCHED) * hit + UNTOUCHED * neutral
            rows.append((kind, weight, effect, effect))
    for shift, gain, loss in NARROW:
        for kind, sign, weight in ((BETTER, 1.0, gain), (WORSE, -1.0, loss)):
            hit = bell(sign * shift, JITTER)
            effect = (1.0 - NARROW_SHARE) * neutral + NARROW_SHARE * hit
            rows.append((kind, weight, effect, effect))
    cured = (1.0 - UNTOUCHED) * bell(*CURE) + UNTOUCHED * neutral
    rows.append((BETTER, CURES, cured, cured))
    rows.append((WORSE, 0.03, bell(-6.0, 0.5), bell(-6.0, 0.5)))
    rows += _by_heart(train, validation)
    weights, names = np.array([row[1] for row in rows]), tuple(row[0] for row in rows)
    return Hypotheses(
        kinds=names,
        prior=normal(weights),
        exposed=np.stack([row[2] for row in rows]),
        unexposed=np.stack([row[3] for row in rows]),
        masks={kind: np.array([float(own == kind) for own in names]) for kind in KINDS},
    )


def _by_heart(train: int, validation: int) -> list[tuple[str, float, Array, Array]]:
    """A few tasks are lifted, the rest loses a little: of train alone, or wherever they lie."""
    slightly_worse = bell(-0.15, JITTER)
    lift = 0.7 * bell(4.0, 0.8) + 0.3 * bell(2.0, 0.7)

    def lifted(tasks: int, least: float) -> Array:
        share = min(0.6, max(least, LEARNED / max(tasks, 1)))
        mixed: Array = (1.0 - share) * slightly_worse + share * lift
        return mixed

    anywhere = lifted(train + validation, 0.04)
    return [
        (OVERFIT, 0.11, lifted(train, 0.06), slightly_worse),
        (OVERFIT, 0.03, anywhere, anywhere),
    ]
