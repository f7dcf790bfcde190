"""What steps and runs consumed, added up from their trials and the meta-agent's calls."""

from collections.abc import Iterable
from functools import reduce
from operator import add

from autoloop.records import Step, TrialResult, Usage


def spent_on(steps: Iterable[Step], trials: Iterable[TrialResult]) -> Usage:
    """Usage of these trials, but for reused ones, and of the meta-agent in these steps."""
    used = [*(trial.paid for trial in trials), *(step.usage for step in steps)]
    return reduce(add, used, Usage())


def trials_of(step: Step, trials: Iterable[TrialResult]) -> list[TrialResult]:
    """Trials that this step asked for, of both sides, invalid ones included."""
    return [trial for trial in trials if trial.step == step.index]


def reused_in(trials: Iterable[TrialResult]) -> int:
    """How many of these trials another run had paid for."""
    return sum(bool(trial.reused_from) for trial in trials)


def seconds_of(step: Step) -> float | None:
    """Seconds from the start of a step to its end; None while it is not finished."""
    if step.finished_at is None:
        return None
    return (step.finished_at - step.started_at).total_seconds()
