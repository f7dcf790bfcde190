"""Brings tasks to a wished number of attempts."""

from collections.abc import Iterable, Sequence

from autoloop.loop.lab import PLAIN, Lab
from autoloop.records import Agent, Purpose, TrialResult, Version


def run_attempts(
    lab: Lab,
    agent: Agent,
    tasks: Iterable[str],
    *,
    attempts: int,
    purpose: Purpose,
    version: Version = PLAIN,
) -> Sequence[TrialResult]:
    """Bring each task to the wished number of counted attempts; all trials of these tasks.

    Ends early, without an error, when the budget is spent. Other trials go on meanwhile.
    """
    names = list(dict.fromkeys(tasks))
    while True:
        missing = _missing(lab, agent, names, attempts=attempts, purpose=purpose)
        for task in missing[: lab.free]:
            if lab.meter.refusal() is None:
                lab.start(agent, task, purpose=purpose, version=version)
        is_waiting = bool(missing) and lab.free == 0
        if not is_waiting and not _running(lab, agent, purpose):
            return [t for t in lab.counted(agent, purpose) if t.key.task in names]
        lab.collect()


def _running(lab: Lab, agent: Agent, purpose: Purpose) -> list[str]:
    """Tasks that the agent is being tried on for this purpose."""
    return [r.task.name for r in lab.running if r.agent == agent and r.purpose is purpose]


def _missing(
    lab: Lab, agent: Agent, names: Sequence[str], *, attempts: int, purpose: Purpose
) -> list[str]:
    have = [t.key.task for t in lab.counted(agent, purpose)] + _running(lab, agent, purpose)
    rounds = range(1, attempts + 1)
    done = {name: have.count(name) + lab.given_up(name) for name in names}
    return [name for number in rounds for name in names if done[name] < number]
