"""Whether a gain on train tasks hangs on a single one of them, and what validation says of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

from autoloop.records import Board, Observation, OpenEdit


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskGain:
    """One task with an edit and without it."""

    gain: float
    """Mean reward with the edit minus mean reward without it."""
    weight: float
    """Trials that speak for it: `n * m / (n + m)` for n with and m without the edit."""
    spread: float
    """Variance of a single trial, both sides together."""

    @property
    def share(self) -> float:
        """What it adds to the sum that the gain over all tasks is made of."""
        return self.gain * self.weight


def is_narrow(gains: Sequence[TaskGain]) -> bool:
    """Whether there is a gain over all tasks, and none without the best single one."""
    shares = [task.share for task in gains]
    total = sum(shares)
    return total > 0.0 and total - max(shares) <= 0.0


def mean_gain(gains: Sequence[TaskGain]) -> float:
    """Gain over tasks, each as far as its trials speak for it; 0 without any."""
    weight = sum(task.weight for task in gains)
    return sum(task.share for task in gains) / weight if weight else 0.0


def chance_of_gain(gains: Sequence[TaskGain]) -> float:
    """How sure a gain on just these tasks is (Cochran 1954); one half: nothing is known."""
    spread = sum(task.weight * task.spread for task in gains)
    if not spread:
        return 0.5
    return NormalDist().cdf(sum(task.share for task in gains) / sqrt(spread))


def chance_of_proof(gains: Sequence[TaskGain], *, sure: float, weight: float) -> float:
    """How likely `chance_of_gain` is to reach `sure` once trials of this weight in all are in.

    Predictive power with a flat prior (Spiegelhalter, Freedman & Blackburn 1986, Controlled
    Clinical Trials 7): what was seen says how the trials to come may end.
    """
    told = min(1.0, sum(task.weight for task in gains) / weight) if weight else 1.0
    normal, chance = NormalDist(), chance_of_gain(gains)
    if told == 1.0:
        return float(chance >= sure)
    deviations = normal.inv_cdf(min(max(chance, 1e-9), 1.0 - 1e-9))
    return normal.cdf((deviations - normal.inv_cdf(sure) * sqrt(told)) / sqrt(1.0 - told))


def gains_of(board: Board, edit: OpenEdit, tasks: Iterable[str]) -> tuple[TaskGain, ...]:
    """An edit's gain on each of these tasks that ran with and without it."""
    names = tuple(tasks)
    on = [seen for seen in board.observations if edit.step in seen.version.on]
    honest = [seen for seen in board.observations if not seen.tampered]
    off = [seen for seen in honest if edit.step in seen.version.off]
    if len({seen.task for seen in off} & set(names)) < len(names) / 2:
        # Where nothing was drawn, the incumbent's own trials are what there is to compare with.
        on = [seen for seen in on if seen.version.base == board.base]
        off += [seen for seen in honest if _is_plain(seen, board, edit)]
    rewards = _by_task(on), _by_task(off)
    return tuple(
        _gain(rewards[0][name], rewards[1][name])
        for name in names
        if name in rewards[0] and name in rewards[1]
    )


def _is_plain(seen: Observation, board: Board, edit: OpenEdit) -> bool:
    """Whether it is the incumbent's, or that of what the edit was written on, and not drawn."""
    version = seen.version
    if edit.step in version.off:
        return False
    is_kept = not edit.parents and version.on == (board.base,) and not version.off
    return is_kept or (version.base == board.base and version.on == edit.parents)


def _by_task(observations: Iterable[Observation]) -> dict[str, list[float]]:
    rewards: dict[str, list[float]] = {}
    for seen in observations:
        rewards.setdefault(seen.task, []).append(seen.reward)
    return rewards


def _gain(on: Sequence[float], off: Sequence[float]) -> TaskGain:
    n, m = len(on), len(off)
    # Half a success and half a failure more: two equal results do not make anything certain.
    mean = (sum(on) + sum(off) + 0.5) / (n + m + 1.0)
    inside = min(max(mean, 0.0), 1.0)
    return TaskGain(
        gain=sum(on) / n - sum(off) / m, weight=n * m / (n + m), spread=inside * (1.0 - inside)
    )
