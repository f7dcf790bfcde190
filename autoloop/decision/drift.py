"""Whether the model behind the tasks has changed: a changepoint in the incumbent's own trials.

One trial in some is run with no edit under test on. Such a control trial moves for three reasons:
tasks differ, an edit landed, or the provider changed the model. A linear model has an effect of
each task, and one of each edit that landed, which its verdict told within an interval: that joins
the periods of several incumbents, each of which is too short to tell. What is left is looked at
for a step, at whatever trial it came (the likelihood ratio, maximised over the split).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autoloop.records import Board, ClosedEdit, Observation

Array: TypeAlias = NDArray[np.float64]

ALARM = 0.01
"""Chance of a false alarm in one run."""
EVERY = 24
"""Control trials from one look to the next."""
LOOKS = 100
"""Looks for which that chance holds; none is made after them."""
SPAN = 16
"""Looks whose trials are compared: what is older says little of a step now."""
PARTS = 2
"""Splits that are tried from one look to the next."""
DRAWS = 4_000
TASK_SD = 0.4
"""How far tasks lie apart in mean reward."""
LANDING_SD = 0.04
"""What an edit does may differ so much from what its verdict said, besides its own interval."""
UNTOLD_SD = 0.1
"""The same where the verdict said nothing of a gain."""
LEAST_NOISE = 0.02
"""Variance of one trial, at least: where nothing ever varied, little is known of luck."""
Z95 = 1.96


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


class _Control(NamedTuple):
    """A trial of an incumbent alone."""

    at: int
    base: int
    task: int
    reward: float


class _Landing(NamedTuple):
    """An edit that landed, and what its verdict said of it."""

    step: int
    gain: float
    sd: float


def change_of(board: Board) -> Change | None:
    """The newest change that the control trials show; a function of the board alone."""
    controls = _controls(board.observations, board.visible)
    look = min(len(controls) // EVERY, LOOKS)
    controls = controls[: look * EVERY]
    return _found(controls, _landings(board.closed, controls), len(board.visible), look)


def notice_of(board: Board) -> str:
    """What a person is told of the newest change; empty while there was none."""
    change = change_of(board)
    return change.sentence() if change else ""


@lru_cache(maxsize=16)
def _controls(
    observations: tuple[Observation, ...], tasks: tuple[str, ...]
) -> tuple[_Control, ...]:
    row = {task: index for index, task in enumerate(tasks)}
    return tuple(
        _Control(at, seen.version.base, row[seen.task], min(max(seen.reward, 0.0), 1.0))
        for at, seen in enumerate(observations)
        if not seen.version.on and seen.task in row
    )


def _landings(closed: Sequence[ClosedEdit], controls: Sequence[_Control]) -> tuple[_Landing, ...]:
    """In order, up to the incumbent of the last control trial."""
    kept = sorted((edit for edit in closed if edit.kept), key=lambda e: (e.closed, e.step))
    steps = [edit.step for edit in kept]
    last = max((steps.index(c.base) + 1 for c in controls if c.base in steps), default=0)
    return tuple(_landing(edit) for edit in kept[:last])


def _landing(edit: ClosedEdit) -> _Landing:
    told = edit.numbers
    gain = told.get("gain", 0.0)
    wide = (told["gain_high"] - told["gain_low"]) / (2 * Z95) if "gain_low" in told else UNTOLD_SD
    return _Landing(step=edit.step, gain=gain, sd=float(np.hypot(wide, LANDING_SD)))


@lru_cache(maxsize=256)
def _found(
    controls: tuple[_Control, ...], landings: tuple[_Landing, ...], tasks: int, look: int
) -> Change | None:
    """The newest change as of a look: what earlier looks found stays found."""
    if look < 1:
        return None
    earlier = controls[: (look - 1) * EVERY]
    steps = {control.base for control in earlier}
    before = max((n for n, one in enumerate(landings, start=1) if one.step in steps), default=0)
    known = _found(earlier, landings[:before], tasks, look - 1)
    window = tuple(
        control
        for control in controls[max(0, look - SPAN) * EVERY : look * EVERY]
        if known is None or control.at >= known.at
    )
    return _step_in(window, landings, tasks) or known


def _step_in(window: Sequence[_Control], landings: Sequence[_Landing], tasks: int) -> Change | None:
    """The likeliest step in these trials, if chance hardly makes one so clear."""
    apart = EVERY // PARTS
    splits = np.arange(apart, len(window) - apart + 1, apart)
    if not len(splits):
        return None
    fit = _fit(_design(window, landings, tasks), splits)
    best = int(np.argmax(np.abs(fit.z)))
    if abs(fit.z[best]) <= threshold():
        return None
    at = int(splits[best])
    before = float(np.clip(fit.levels[at], 0.0, 1.0))
    after = float(np.clip(before + fit.height[best], 0.0, 1.0))
    return Change(at=window[at].at, before=before, after=after)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Design:
    """What explains the rewards of some trials besides luck."""

    x: Array
    """(trials, effects): which tasks and landings had a part."""
    spread: Array
    """Standard deviation of each effect."""
    told: Array
    """What the verdicts said that each trial has gained by its landings."""
    rewards: Array
    tasks: int


def _design(window: Sequence[_Control], landings: Sequence[_Landing], tasks: int) -> _Design:
    place = {landing.step: number for number, landing in enumerate(landings, start=1)}
    landed = np.array([place.get(control.base, 0) for control in window])
    gained = np.concatenate([[0.0], np.cumsum([landing.gain for landing in landings])])
    first = int(landed.min())
    x = np.zeros((len(window), tasks + len(landings) - first))
    x[np.arange(len(window)), [control.task for control in window]] = 1.0
    x[:, tasks:] = landed[:, None] > np.arange(first, len(landings))
    return _Design(
        x=x,
        spread=np.array([TASK_SD] * tasks + [landing.sd for landing in landings[first:]]),
        told=gained[landed] - gained[first],
        rewards=np.array([control.reward for control in window]),
        tasks=tasks,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fit:
    z: Array
    """Of a step at each split, in standard errors."""
    height: Array
    levels: Array
    """At each trial: what the incumbent would score over all tasks."""


def _fit(design: _Design, splits: NDArray[np.intp]) -> _Fit:
    """Generalised least squares with random effects, and a step at each split in turn."""
    x, noise, spread = design.x, 0.15, np.append(design.spread, 1.0)
    x = np.column_stack([x, np.ones(len(x))])
    y, gram = design.rewards - design.told, x.T @ x
    for _ in range(4):
        inverse = np.linalg.inv(gram + np.diag(noise / spread**2))
        effects = inverse @ (x.T @ y)
        free = max(len(y) - float(np.trace(inverse @ gram)), 1.0)
        noise = max(float(((y - x @ effects) ** 2).sum()) / free, LEAST_NOISE)
    later = np.cumsum(x[::-1], axis=0)[::-1][splits]
    left = np.cumsum((y - x @ effects)[::-1])[::-1][splits]
    weight = (len(y) - splits) - np.einsum("ij,jk,ik->i", later, inverse, later)
    common = effects[-1] + effects[: design.tasks].mean()
    landed = x[:, design.tasks : -1] @ effects[design.tasks : -1]
    return _Fit(
        z=left / np.sqrt(noise * np.maximum(weight, 1e-9)),
        height=left / np.maximum(weight, 1e-9),
        levels=common + landed + design.told,
    )


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
