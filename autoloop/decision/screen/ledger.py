"""What the trials say of one edit, worked out task by task and remembered."""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from autoloop.decision.screen.grid import DELTA, Array, effect_likelihood, normal
from autoloop.decision.screen.hypotheses import BETTER, KINDS, Hypotheses, hypotheses
from autoloop.decision.screen.rates import Rates, rates_before
from autoloop.records import Board, Chance, Interval, Observation, OpenEdit

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
    def chance(self) -> Chance:
        """The same, and after how many trials."""
        return Chance(p_better=self.better, trials=self.trials)

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

    known: Hypotheses
    kernels: Array
    before: Rates
    """What was believed of the tasks when it joined."""
    row: dict[str, int]
    counts: Array = field(init=False)
    """Passes and failures with the edit on, then with it off: (tasks, 4)."""
    logs: Array = field(init=False)
    """How well each hypothesis explains each task's trials: (tasks, hypotheses)."""
    effects: Array = field(init=False)
    """Expected effect, in logits, under each of them."""
    read: tuple[Observation, ...] = ()
    alone: tuple[Observation, ...] = ()
    trials: int = 0

    def __post_init__(self) -> None:
        self._begin()

    def catch_up(self, step: int, since: tuple[Observation, ...]) -> None:
        """Add what came since it joined."""
        if since[: len(self.read)] != self.read:
            self._begin()
        new = [s for s in since[len(self.read) :] if step in s.version.on or step in s.version.off]
        for seen in new:
            if seen.tampered and step not in seen.version.on:
                # Whoever did it was on: that the trial counts 0 speaks for nobody who was not.
                continue
            row, passed = self.row[seen.task], min(max(seen.reward, 0.0), 1.0)
            first = 0 if step in seen.version.on else 2
            self.counts[row, first : first + 2] += (passed, 1.0 - passed)
        self.alone += tuple(s for s in new if s.version.on == (step,) and not s.version.off)
        self.trials += len(new)
        self.read = since
        if new:
            self._work_out(sorted({self.row[seen.task] for seen in new}))

    def _begin(self) -> None:
        tasks, _, count = self.kernels.shape
        self.counts = np.zeros((tasks, 4))
        self.logs, self.effects = np.zeros((2, tasks, count))
        self.read, self.alone, self.trials = (), (), 0
        self._work_out(list(range(tasks)))

    def _work_out(self, rows: list[int]) -> None:
        # For each task by itself, as in effect_likelihood.
        likely = effect_likelihood(self.counts[rows], self.before.density[rows])
        both = np.matmul(np.stack([likely, likely * DELTA], axis=1), self.kernels[rows])
        worth = np.maximum(both[:, 0], TINY)
        self.logs[rows], self.effects[rows] = np.log(worth), both[:, 1] / worth


@lru_cache(maxsize=128)
def _page(step: int, before: tuple[Observation, ...], tasks: tuple[str, ...], train: int) -> _Page:
    """The page of an edit that joined after these observations."""
    del step
    known = hypotheses(train, len(tasks) - train)
    return _Page(
        known=known,
        kernels=_kernels(train, len(tasks) - train),
        before=rates_before(before, tasks),
        row={task: index for index, task in enumerate(tasks)},
    )


@lru_cache(maxsize=4)
def _kernels(train: int, validation: int) -> Array:
    return hypotheses(train, validation).kernels(train, validation)


def standing_of(edit: OpenEdit, board: Board, *, weights: Array) -> Standing:
    """Work out what is known of an edit; `weights` are the chances of the hypotheses before."""
    page = _page(edit.step, board.observations[: edit.opened], board.visible, len(board.train))
    page.catch_up(edit.step, board.observations[edit.opened :])
    logs = np.log(weights) + page.logs.sum(axis=0)
    return Standing(
        posterior=normal(np.exp(logs - logs.max())),
        known=page.known,
        effects=page.effects.copy(),
        trials=page.trials,
        before=page.before,
        alone=page.alone,
    )
