"""What is believed of the incumbent on every visible task, and how it changes with each step."""

import math
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from autoloop.decision.bayes.grid import LOGITS, RATES, Array, likelihood, normal
from autoloop.decision.bayes.hypotheses import Hypotheses, hypotheses
from autoloop.records import Interval

Rows: TypeAlias = NDArray[np.intp]
Z95 = 1.96
PRIOR_TASKS = 8.0
"""How many tasks' worth the first guess at the spread of pass rates weighs."""
PRIOR_EDITS = 20.0
"""How many edits' worth the first guess at what edits do weighs."""
ROUNDS = 30


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Belief:
    """Densities of the incumbent's pass rates, and what edits were found to do so far."""

    density: Array
    """(tasks, logits); each row adds up to 1. Train tasks come first."""
    exposed: int
    """How many of the tasks are train tasks."""
    edits: Array
    """How often each hypothesis held, prior included, as soft counts."""

    @property
    def weights(self) -> Array:
        """Chance of each hypothesis for the next edit."""
        return normal(self.edits)

    @property
    def rate(self) -> float:
        """Expected mean pass rate of the incumbent over the tasks."""
        return float((self.density @ RATES).mean())

    def learn(self, counts: Array) -> "Belief":
        """After trials of the incumbent: (tasks, 2) passes and failures."""
        tried, density = _tried(counts), self.density.copy()
        density[tried] = normal(density[tried] * likelihood(counts[tried]))
        return replace(self, density=density)

    def anew(self, counts: Array) -> "Belief":
        """After trials of another incumbent: what edits were found to do is all that stays."""
        return replace(first_belief(counts, exposed=self.exposed), edits=self.edits)

    def test(self, counts: Array) -> "EditTest":
        """What trials of a candidate say about the edit and the tasks."""
        tried = _tried(counts)
        joint = self._moved(tried) * likelihood(counts[tried])
        evidence = joint.sum(axis=2)
        log = np.log(self.weights) + np.log(np.maximum(evidence, 1e-300)).sum(axis=1)
        posterior = normal(np.exp(log - log.max()))
        return EditTest(
            before=self,
            counts=counts,
            tried=tried,
            joint=joint,
            evidence=evidence,
            posterior=posterior,
        )

    def moved_rates(self) -> Array:
        """Expected pass rates after the edit, under each hypothesis: (hypotheses, tasks)."""
        known, seen = hypotheses(), self.exposed
        moved: Array = np.concatenate(
            [
                (known.exposed @ RATES) @ self.density[:seen].T,
                (known.unexposed @ RATES) @ self.density[seen:].T,
            ],
            axis=1,
        )
        return moved

    def _moved(self, tasks: Rows) -> Array:
        """Densities after the edit, under each hypothesis: (hypotheses, tasks, logits)."""
        return _by_exposure(hypotheses(), self.density[tasks], tasks < self.exposed)


def first_belief(counts: Array, *, exposed: int) -> Belief:
    """From the baseline's trials: how pass rates spread over tasks is learned from all of them.

    Expectation maximisation of the mixing density with a broad prior (Laird 1978, JASA 73).
    """
    base = normal(np.exp(-0.5 * (LOGITS / 3.0) ** 2) + 0.02)
    likely, spread = likelihood(counts), base
    for _ in range(ROUNDS):
        spread = normal(normal(likely * spread).sum(axis=0) + PRIOR_TASKS * base)
    return Belief(
        density=normal(likely * spread), exposed=exposed, edits=PRIOR_EDITS * hypotheses().prior
    )


def _tried(counts: Array) -> Rows:
    """Rows of tasks with trials: what is known of the others is as it was before."""
    return np.flatnonzero(counts.any(axis=1))


def _by_exposure(kernels: Hypotheses, rows: Array, seen: NDArray[np.bool_]) -> Array:
    """Rows times the kernels of their tasks; those of train tasks come first."""
    moved: Array = np.concatenate(
        [rows[seen] @ kernels.exposed, rows[~seen] @ kernels.unexposed], axis=1
    )
    return moved


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EditTest:
    """A candidate's trials against a belief."""

    before: Belief
    counts: Array
    tried: Rows
    """Tasks with trials."""
    joint: Array
    """(hypotheses, tried, logits): density after the edit times the likelihood of its trials."""
    evidence: Array
    """(hypotheses, tried): what each hypothesis said these results were worth."""
    posterior: Array
    """Chance of each hypothesis now."""

    @property
    def better(self) -> float:
        """Chance that the edit helps in general."""
        return float(self.posterior @ hypotheses().better)

    @property
    def rates(self) -> Array:
        """Expected pass rate of the candidate, by hypothesis and task."""
        rates = self.before.moved_rates()
        rates[:, self.tried] = (self.joint @ RATES) / self.evidence
        return rates

    def gain(self) -> Interval:
        """Expected gain in mean pass rate on tasks nobody has looked at, with 95 % around it."""
        gains = self._gains()
        mean = float(self.posterior @ gains)
        half = Z95 * float(np.sqrt(self.posterior @ (gains - mean) ** 2))
        return Interval(mean=mean, low=mean - half, high=mean + half, n=len(self.counts))

    @property
    def upside(self) -> float:
        """What going on with the edit may win: the expected gain, a loss counted as none."""
        return float(self.posterior @ np.maximum(self._gains(), 0.0))

    def trials_to_settle(self) -> float:
        """How many trials as telling as the best next one it would take to know for sure.

        What is not known (entropy) over what one tells (mutual information), both in nats; later
        trials tell less, so that it takes no fewer.
        """
        told = float(self.information().max(initial=0.0))
        open_ = float(_entropy(np.array(self.better)))
        return open_ / told if told > 0.0 else math.inf

    def worse_than(self, margin: float) -> float:
        """Chance that tasks nobody has looked at lose more than `margin` of mean pass rate."""
        return float(self.posterior @ (self._gains() < -margin))

    def _gains(self) -> Array:
        """By hypothesis: what it says of tasks nobody read, the present pass rates given.

        Not what the tried tasks did: they are what the edit is chosen by, and flatter it.
        """
        density = self.before.density.mean(axis=0)
        gains: Array = (hypotheses().unexposed @ RATES) @ density - density @ RATES
        return gains

    def information(self) -> Array:
        """What one more trial on each task would tell about better or not, in nats."""
        better = hypotheses().better
        chance = float(np.clip(self.posterior @ better, 1e-9, 1.0 - 1e-9))
        rates = self.rates
        if_better = (self.posterior * better) @ rates / chance
        if_not = (self.posterior * (1.0 - better)) @ rates / (1.0 - chance)
        mixed = chance * if_better + (1.0 - chance) * if_not
        told: Array = _entropy(mixed) - chance * _entropy(if_better)
        return told - (1.0 - chance) * _entropy(if_not)

    def kept(self) -> Belief:
        """The belief about the candidate, which is the incumbent now."""
        known, before, seen = hypotheses(), self.before.density, self.before.exposed
        density = np.concatenate(
            [
                before[:seen] @ np.tensordot(self.posterior, known.exposed, 1),
                before[seen:] @ np.tensordot(self.posterior, known.unexposed, 1),
            ]
        )
        weights = self.posterior[:, None] / self.evidence
        density[self.tried] = np.einsum("ht,htl->tl", weights, self.joint)
        return self._after(density)

    def dropped(self) -> Belief:
        """The belief about the incumbent, which the candidate's trials have sharpened."""
        likely, density = likelihood(self.counts[self.tried]), self.before.density.copy()
        back = _by_exposure(hypotheses().backward(), likely, self.tried < self.before.exposed)
        backward = normal(back * density[self.tried])
        density[self.tried] = np.tensordot(self.posterior, backward, 1)
        return self._after(density)

    def _after(self, density: Array) -> Belief:
        return replace(
            self.before, density=normal(density), edits=self.before.edits + self.posterior
        )


def _entropy(rates: Array) -> Array:
    inside = np.clip(rates, 1e-12, 1.0 - 1e-12)
    value: Array = -(inside * np.log(inside) + (1.0 - inside) * np.log(1.0 - inside))
    return value
