"""A look at the holdout: paired trials of the baseline and the present best, for one answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autoloop.loop.attempts import run_attempts
from autoloop.loop.lab import Lab
from autoloop.records import Agent, Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """Rewards by task of what a look compares. Not to be shown to anybody."""

    baseline: Mapping[str, Sequence[float]]
    best: Mapping[str, Sequence[float]]


def look(lab: Lab, *, baseline: Agent, best: Agent, attempts: int) -> Looked:
    """Run what is missing on all tasks of the lab; trials of earlier looks count.

    They are no trials of the final table, which runs its own.

    Raises:
        StoppedError: somebody asked to stop first.
    """
    # Alternating the sides pairs them in time, too: a drifting model cannot favour one of them.
    for number in range(1, attempts + 1):
        for agent in (baseline, best):
            run_attempts(lab, agent, lab.plan.tasks, attempts=number, purpose=Purpose.LOOK)
    return Looked(baseline=_rewards(lab, baseline), best=_rewards(lab, best))


def _rewards(lab: Lab, agent: Agent) -> Mapping[str, Sequence[float]]:
    rewards: dict[str, list[float]] = {}
    for trial in lab.counted(agent, Purpose.LOOK):
        rewards.setdefault(trial.key.task, []).append(trial.reward)
    return dict(rewards)
