"""What the trials say of one edit, worked out task by task and remembered."""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from autoloop.decision.screen.grid import DELTA, Array, effect_likelihood, normal
from autoloop.decision.screen.hypotheses import BETTER, KINDS, Hypotheses
from autoloop.decision.screen.rates import Rates, rates_before
from autoloop.records import Board, Interval, Observation, OpenEdit

TINY = 1e-300
Z95 = 1.96


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standing:
    """One edit as its trials show it."""

    posterior: Array
    """Chance of each hypothesis."""
    known: Hypotheses
    effects: Array
    """Expected effect by task and hypothesis, in logits."""
    trials: int
    """Trials that had it on or off."""
    before: Rates
    """What was believed of the tasks when it joined."""
    alone: tuple[Observation, ...]
    """Trials that had nothing else on, and compared it with nothing."""

    @property
    def better(self) -> float:
        """Chance that it helps in general."""
        return float(self.posterior @ self.known.of(BETTER))

    @property
    def kinds(self) -> dict[str, float]:
        """Chance of each kind of edit."""
        return {kind: float(self.posterior @ self.known.of(kind)) for kind in KINDS}

    def information(self) -> Array:
        """What a trial would tell about better or not, by task, for a unit of spread.

        Fisher's information about the difference between what a good edit and another would do.
        """
        of_better = self.known.of(BETTER)
        chance = float(np.clip(self.better, 1e-6, 1.0 - 1e-6))
        if_better = self.effects @ (self.posterior * of_better) / chance
        if_not = self.effects @ (self.posterior * (1.0 - of_better)) / (1.0 - chance)
        told: Array = chance * (1.0 - chance) * (if_better - if_not) ** 2
        return told

    def gain(self, rates: Rates) -> Interval:
        """Expected gain in mean reward on tasks nobody has looked at, with 95 % around it."""
        gains = self._gains(rates)
        mean = float(self.posterior @ gains)
        half = Z95 * float(np.sqrt(self.posterior @ (gains - mean) ** 2))
        return Interval(mean=mean, low=mean - half, high=mean + half, n=len(self.effects))

    def worse_than(self, margin: float, rates: Rates) -> float:
        """Chance that tasks nobody has looked at lose more than `margin` of mean reward."""
        return float(self.posterior @ (self._gains(rates) < -margin))

    def _gains(self, rates: Rates) -> Array:
        gains: Array = self.known.unexposed @ rates.gains()
        return gains


@dataclass(slots=True, kw_only=True, eq=False)
class _Page:
    """Trials of one edit as far as they were added up; only what is new is worked out again."""

    before: Rates
    """What was believed of the tasks when it joined."""
    counts: Array
    likelihood: Array
    read: tuple[Observation, ...] = ()
    alone: tuple[Observation, ...] = ()
    trials: int = 0
    row: dict[str, int] = field(default_factory=dict)

    def catch_up(self, step: int, since: tuple[Observation, ...]) -> None:
        """Add what came since it joined."""
        if since[: len(self.read)] != self.read:
            self.counts[:], self.likelihood[:] = 0.0, 1.0
            self.read, self.alone, self.trials = (), (), 0
        new = [s for s in since[len(self.read) :] if step in (*s.version.on, *s.version.off)]
        for seen in new:
            row, passed = self.row[seen.task], min(max(seen.reward, 0.0), 1.0)
            first = 0 if step in seen.version.on else 2
            self.counts[row, first : first + 2] += (passed, 1.0 - passed)
        self.alone += tuple(s for s in new if s.version.on == (step,) and not s.version.off)
        self.trials += len(new)
        self.read = since
        rows = sorted({self.row[seen.task] for seen in new})
        if rows:
            density = self.before.density[rows]
            self.likelihood[rows] = effect_likelihood(self.counts[rows], density)


@lru_cache(maxsize=128)
def _page(step: int, before: tuple[Observation, ...], tasks: tuple[str, ...]) -> _Page:
    """The page of an edit that joined after these observations."""
    del step
    return _Page(
        before=rates_before(before, tasks),
        counts=np.zeros((len(tasks), 4)),
        likelihood=np.ones((len(tasks), len(DELTA))),
        row={task: index for index, task in enumerate(tasks)},
    )


def standing_of(edit: OpenEdit, board: Board, known: Hypotheses, *, weights: Array) -> Standing:
    """Work out what is known of an edit."""
    page = _page(edit.step, board.observations[: edit.opened], board.visible)
    page.catch_up(edit.step, board.observations[edit.opened :])
    seen, unseen = page.likelihood[: len(board.train)], page.likelihood[len(board.train) :]
    worth = np.concatenate([seen @ known.exposed.T, unseen @ known.unexposed.T])
    worth = np.maximum(worth, TINY)
    moved = np.concatenate([(seen * DELTA) @ known.exposed.T, (unseen * DELTA) @ known.unexposed.T])
    logs = np.log(weights) + np.log(worth).sum(axis=0)
    return Standing(
        posterior=normal(np.exp(logs - logs.max())),
        known=known,
        effects=moved / worth,
        trials=page.trials,
        before=page.before,
        alone=page.alone,
    )
