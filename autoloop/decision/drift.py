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
from typing import NamedTuple, TypeAlias

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


class _Seen(NamedTuple):
    """Of a trial, what the test looks at."""

    base: int
    on: tuple[int, ...]
    task: int
    reward: float


def change_of(board: Board) -> Change | None:
    """The newest change that the trials show; a function of the board alone."""
    stride = max(LEAST, PASSES * len(board.visible))
    look = min(len(board.observations) // stride, LOOKS)
    kept = sorted((edit for edit in board.closed if edit.kept), key=lambda e: (e.closed, e.step))
    trials = _trials(board.observations[: look * stride], board.visible)
    chain = _chain(tuple(edit.step for edit in kept), trials)
    return _found(trials, chain, len(board.visible), look)


def notice_of(board: Board) -> str:
    """What a person is told of the newest change; empty while there was none."""
    change = change_of(board)
    return change.sentence() if change else ""


@lru_cache(maxsize=16)
def _trials(observations: tuple[Observation, ...], tasks: tuple[str, ...]) -> tuple[_Seen, ...]:
    row = {task: index for index, task in enumerate(tasks)}
    return tuple(
        _Seen(seen.version.base, seen.version.on, row[seen.task], min(max(seen.reward, 0.0), 1.0))
        for seen in observations
    )


def _chain(kept: tuple[int, ...], trials: Sequence[_Seen]) -> tuple[int, ...]:
    """What had landed, in order, by the last of these trials."""
    bases = {seen.base for seen in trials}
    last = max((n for n, step in enumerate(kept, start=1) if step in bases), default=0)
    return kept[:last]


@lru_cache(maxsize=256)
def _found(
    trials: tuple[_Seen, ...], chain: tuple[int, ...], tasks: int, look: int
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
    window: Sequence[_Seen], chain: tuple[int, ...], tasks: int, *, apart: int
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

    x: Array
    """(trials, effects): tasks, how many edits were on, each edit."""
    landed: Array
    """(trials, edits): those that the incumbent of each trial had."""
    rewards: Array
    tasks: int


def _design(window: Sequence[_Seen], chain: tuple[int, ...], tasks: int) -> _Design:
    landed = {step: chain[: place + 1] for place, step in enumerate(chain)}
    edits = sorted({*chain, *(step for seen in window for step in seen.on)})
    column = {step: place for place, step in enumerate(edits)}
    before = np.zeros((len(window), len(edits)))
    x = np.zeros((len(window), tasks + 1 + len(edits)))
    for index, seen in enumerate(window):
        before[index, [column[step] for step in landed.get(seen.base, ())]] = 1.0
        x[index, seen.task] = 1.0
        x[index, tasks] = len(seen.on)
        x[index, [tasks + 1 + column[step] for step in seen.on]] = 1.0
    x[:, tasks + 1 :] += before
    rewards = np.array([seen.reward for seen in window])
    return _Design(x=x, landed=before, rewards=rewards, tasks=tasks)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fit:
    z: Array
    """Of a step at each split, in standard errors."""
    height: Array
    levels: Array
    """Before each split: what the incumbent would score over all tasks."""


def _fit(design: _Design, splits: NDArray[np.intp]) -> _Fit:
    """Generalised least squares with random effects, and a step at each split in turn."""
    x, tasks, y = design.x, design.tasks, design.rewards - 0.5
    noise, spread = _variances(design)
    inverse = np.linalg.inv(x.T @ x + np.diag(noise / spread**2))
    effects = inverse @ (x.T @ y)
    later = np.cumsum(x[::-1], axis=0)[::-1][splits]
    left = np.cumsum((y - x @ effects)[::-1])[::-1][splits]
    weight = np.maximum(len(y) - splits - np.einsum("ij,jk,ik->i", later, inverse, later), 1e-9)
    height = left / weight
    # With the step in the model the effects are what they were before it: (splits, effects).
    known = effects - height[:, None] * (later @ inverse)
    landed = np.einsum("ij,ij->i", design.landed[splits], known[:, tasks + 1 :])
    levels = 0.5 + known[:, :tasks].mean(axis=1) + landed
    return _Fit(z=left / np.sqrt(noise * weight), height=height, levels=levels)


def _variances(design: _Design) -> tuple[float, Array]:
    """Of one trial's luck; and how large each effect may be: edits' from their own (EM)."""
    x, tasks, y = design.x, design.tasks, design.rewards - 0.5
    gram, noise, edits = x.T @ x, 0.15, x.shape[1] - tasks - 1
    spread = np.array([TASK_SD] * tasks + [MEAN_SD] + [EDIT_SD] * edits)
    for _ in range(ROUNDS):
        inverse = np.linalg.inv(gram + np.diag(noise / spread**2))
        effects = inverse @ (x.T @ y)
        free = max(len(y) - float(np.trace(inverse @ gram)), 1.0)
        noise = max(float(((y - x @ effects) ** 2).sum()) / free, LEAST_NOISE)
        own = (effects**2 + noise * np.diag(inverse))[tasks + 1 :]
        spread[tasks + 1 :] = max(float(np.sqrt(own.mean())), LEAST_EDIT_SD) if edits else 0.0
    return noise, spread


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
