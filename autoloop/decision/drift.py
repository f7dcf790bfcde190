"""Whether the model behind the tasks has changed: a changepoint in the trials of a run.

A score moves for three reasons: tasks differ, edits do something, and the provider changes the
model. The first two are taken out by a linear model with an effect of each task and of each edit,
in every trial that it was on in, and ever after it landed: that joins the periods of all
incumbents, each of which is too short to tell. How much edits do is learned from the same trials.
What is left is looked at for a step (the likelihood ratio, maximised over the split).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from autoloop.records import Board, Observation

Array: TypeAlias = NDArray[np.float64]

ALARM = 0.01
"""Chance of a false alarm in one run, were the linear model the truth."""
CAUTION = 1.25
"""The step must be so many times as clear: rewards are no normal numbers, effects do not add up."""
PASSES = 2
"""Passes over all tasks from one look to the next."""
LEAST = 60
"""Trials from one look to the next, at least."""
LOOKS = 100
"""Looks for which that chance holds; none is made after them."""
SPAN = 16
"""Looks whose trials are compared: what is older says little of a step now."""
PARTS = 2
"""Splits that are tried from one look to the next."""
DRAWS = 4_000
TASK_SD = 0.4
"""How far tasks lie apart in mean reward."""
MEAN_SD = 0.1
"""What edits do on average."""
EDIT_SD, LEAST_EDIT_SD = 0.06, 0.005
"""What an edit does besides: the first guess, and the least."""
LEAST_NOISE = 0.02
"""Variance of one trial, at least: where nothing ever varied, little is known of luck."""
ROUNDS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The model behind the tasks is another one since some trial."""

    at: int
    """Observations there were before it."""
    before: float
    """Score of the incumbent of that time over all visible tasks."""
    after: float

    def sentence(self) -> str:
        """What a person is told."""
        verb = "fell" if self.after < self.before else "rose"
        return (
            f"The task model has changed about trial {self.at}: the incumbent's score {verb} from"
            f" {100 * self.before:.0f} to {100 * self.after:.0f} points; older trials count less"
            " from here, and the edit at work is decided on fresh pairs."
        )


def change_of(board: Board) -> Change | None:
    """The newest change that the trials show; a function of the board alone."""
    stride = max(LEAST, PASSES * len(board.visible))
    look = min(len(board.observations) // stride, LOOKS)
    kept = sorted((edit for edit in board.closed if edit.kept), key=lambda e: (e.closed, e.step))
    seen = board.observations[: look * stride]
    return _found(seen, _chain(tuple(edit.step for edit in kept), seen), board.visible, look)


def notice_of(board: Board) -> str:
    """What a person is told of the newest change; empty while there was none."""
    change = change_of(board)
    return change.sentence() if change else ""


def _chain(kept: tuple[int, ...], trials: tuple[Observation, ...]) -> tuple[int, ...]:
    """What had landed, in order, by the last of these trials."""
    bases = _bases(trials)
    last = max((n for n, step in enumerate(kept, start=1) if step in bases), default=0)
    return kept[:last]


@lru_cache(maxsize=32)
def _bases(trials: tuple[Observation, ...]) -> frozenset[int]:
    return frozenset(seen.version.base for seen in trials)


@lru_cache(maxsize=32)
def _found(
    trials: tuple[Observation, ...], chain: tuple[int, ...], tasks: tuple[str, ...], look: int
) -> Change | None:
    """The newest change as of a look: what earlier looks found stays found."""
    if look < 1:
        return None
    stride = len(trials) // look
    earlier = trials[:-stride]
    known = _found(earlier, _chain(chain, earlier), tasks, look - 1)
    first = max(known.at if known else 0, (look - SPAN) * stride)
    fresh = _step_in(trials[first:], chain, tasks, apart=stride // PARTS)
    return replace(fresh, at=first + fresh.at) if fresh else known


def _step_in(
    window: Sequence[Observation], chain: tuple[int, ...], tasks: tuple[str, ...], *, apart: int
) -> Change | None:
    """The likeliest step in these trials, if chance hardly makes one so clear."""
    splits = np.arange(apart, len(window) - apart + 1, apart)
    if not len(splits):
        return None
    fit = _fit(_design(window, chain, tasks), splits)
    best = int(np.argmax(np.abs(fit.z)))
    if abs(fit.z[best]) <= CAUTION * threshold():
        return None
    at = int(splits[best])
    before = float(np.clip(fit.levels[best], 0.0, 1.0))
    after = float(np.clip(before + fit.height[best], 0.0, 1.0))
    return Change(at=at, before=before, after=after)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Design:
    """What explains the rewards of some trials besides luck."""

    task: NDArray[np.intp]
    """Row of each trial's task."""
    tasks: int
    edits: Array
    """(trials, 1 + edits): how many were on by coin, then each that was on or had landed."""
    landed: Array
    """(trials, edits): those that the incumbent of each trial had."""
    rewards: Array
    """Less one half."""

    def by_task(self, values: Array) -> Array:
        """Sums over the trials of each task: (tasks, columns)."""
        sums = np.zeros((self.tasks, values.shape[1]))
        np.add.at(sums, self.task, values)
        return sums


def _design(
    window: Sequence[Observation], chain: tuple[int, ...], tasks: tuple[str, ...]
) -> _Design:
    row = {task: index for index, task in enumerate(tasks)}
    edits = sorted({*chain, *(step for seen in window for step in seen.version.on)})
    column = {step: place for place, step in enumerate(edits)}
    had = {step: [column[s] for s in chain[: n + 1]] for n, step in enumerate(chain)}
    landed = np.zeros((len(window), len(edits)))
    count = np.array([len(seen.version.on) for seen in window], dtype=np.intp)
    on = np.zeros_like(landed)
    flat = [column[step] for seen in window for step in seen.version.on]
    on[np.repeat(np.arange(len(window)), count), flat] = 1.0
    bases = np.array([seen.version.base for seen in window])
    for base, columns in had.items():
        landed[np.ix_(bases == base, columns)] = 1.0
    rewards = np.clip(np.array([seen.reward for seen in window]), 0.0, 1.0)
    return _Design(
        task=np.array([row[seen.task] for seen in window], dtype=np.intp),
        tasks=len(tasks),
        edits=np.column_stack([count, on + landed]),
        landed=landed,
        rewards=rewards - 0.5,
    )


class _Ridge:
    """Least squares with random effects of tasks and edits.

    Tasks are eliminated first (Schur complement): their part of the matrix is diagonal, so that
    the rest is as small as the number of edits.
    """

    def __init__(self, design: _Design) -> None:
        self._design = design
        self._counts = np.bincount(design.task, minlength=design.tasks).astype(float)
        self._cross = design.by_task(design.edits)
        self._own = design.edits.T @ design.edits
        self._by_task = design.by_task(design.rewards[:, None])[:, 0]
        self._by_edit = design.edits.T @ design.rewards
        self.noise = 0.15
        """Variance of one trial's luck."""
        spread = [MEAN_SD] + [EDIT_SD] * (design.edits.shape[1] - 1)
        self._solve(np.array(spread))
        for _ in range(ROUNDS):
            self._solve(self._learn(spread=self._spread))

    def _learn(self, *, spread: Array) -> Array:
        """The noise, and how large edits' effects are from the effects themselves (EM)."""
        design = self._design
        left = design.rewards - self.explained()
        of_tasks = (1.0 / self._diagonal).sum() + np.sum(self._inverse * self._squares())
        penalties = self.noise / TASK_SD**2 * of_tasks + np.sum(
            self.noise / spread**2 * np.diag(self._inverse)
        )
        free = max(len(left) - design.tasks - len(spread) + float(penalties), 1.0)
        variances = self.edits**2 + self.noise * np.diag(self._inverse)
        self.noise = max(float(left @ left) / free, LEAST_NOISE)
        if len(spread) == 1:
            return spread
        learned = max(float(np.sqrt(variances[1:].mean())), LEAST_EDIT_SD)
        return np.array([MEAN_SD] + [learned] * (len(spread) - 1))

    def _solve(self, spread: Array) -> None:
        self._spread = spread
        self._diagonal = self._counts + self.noise / TASK_SD**2
        scaled = self._cross / self._diagonal[:, None]
        self._inverse = np.linalg.inv(
            self._own + np.diag(self.noise / spread**2) - self._cross.T @ scaled
        )
        self.tasks, self.edits = self.solved(self._by_task, self._by_edit)

    def _squares(self) -> Array:
        scaled = self._cross / self._diagonal[:, None]
        squares: Array = scaled.T @ scaled
        return squares

    def solved(self, by_task: Array, by_edit: Array) -> tuple[Array, Array]:
        """The inverse of the matrix times a vector or rows of them, in its two parts."""
        edits = (by_edit - (by_task / self._diagonal) @ self._cross) @ self._inverse
        return (by_task - edits @ self._cross.T) / self._diagonal, edits

    def explained(self) -> Array:
        """Of each trial's reward, by tasks and edits."""
        found: Array = self.tasks[self._design.task] + self._design.edits @ self.edits
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fit:
    z: Array
    """Of a step at each split, in standard errors."""
    height: Array
    levels: Array
    """Before each split: what the incumbent would score over all tasks."""


def _fit(design: _Design, splits: NDArray[np.intp]) -> _Fit:
    """Generalised least squares, and a step at each split in turn."""
    ridge = _Ridge(design)
    tasks = np.array([np.bincount(design.task[at:], minlength=design.tasks) for at in splits])
    edits = _sums_after(design.edits, splits)
    left = _sums_after((design.rewards - ridge.explained())[:, None], splits)[:, 0]
    of_tasks, of_edits = ridge.solved(tasks.astype(float), edits)
    explained = (tasks * of_tasks).sum(axis=1) + (edits * of_edits).sum(axis=1)
    weight = np.maximum(len(design.task) - splits - explained, 1e-9)
    height = left / weight
    # With the step in the model the effects are what they were before it.
    known = ridge.tasks - height[:, None] * of_tasks
    moved = ridge.edits[1:] - height[:, None] * of_edits[:, 1:]
    levels = 0.5 + known.mean(axis=1) + (design.landed[splits] * moved).sum(axis=1)
    return _Fit(z=left / np.sqrt(ridge.noise * weight), height=height, levels=levels)


def _sums_after(values: Array, splits: NDArray[np.intp]) -> Array:
    """Of each column, over the trials from each split on: (splits, columns)."""
    sums: Array = np.cumsum(values[::-1], axis=0)[::-1][splits]
    return sums


@lru_cache(maxsize=1)
def threshold() -> float:
    """Standard errors of a step that chance exceeds in one run of a hundred, looks repeated.

    Found by simulating runs in which nothing changes: the greatest step that any look sees.
    """
    noise = np.random.default_rng(0).standard_normal((DRAWS, LOOKS * PARTS))
    walk = np.concatenate([np.zeros((DRAWS, 1)), np.cumsum(noise, axis=1)], axis=1)
    most = np.zeros(DRAWS)
    for end in range(PARTS, LOOKS * PARTS + 1, PARTS):
        first = max(0, end - SPAN * PARTS)
        split = np.arange(first + 1, end)
        share = (end - split) / (end - first)
        step = walk[:, [end]] - walk[:, split] - share * (walk[:, [end]] - walk[:, [first]])
        z = step / np.sqrt((end - first) * share * (1.0 - share))
        most = np.maximum(most, np.abs(z).max(axis=1))
    return float(np.quantile(most, 1.0 - ALARM))
