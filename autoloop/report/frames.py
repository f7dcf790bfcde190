"""Records as flat rows, ready for a data frame."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

from autoloop.records import Flags, Step, TrialResult
from autoloop.report.spending import reused_in, seconds_of, spent_on, trials_of

FrameRow: TypeAlias = dict[str, str | int | float | bool | datetime | None]


def trial_rows(trials: Sequence[TrialResult]) -> list[FrameRow]:
    """One row per trial, invalid ones included; their reward is None.

    Every reward key but `reward` itself is a column `reward_<key>` of all rows.
    """
    keys = sorted({key for trial in trials for key in trial.rewards if key != "reward"})
    return [_trial_row(trial, keys) for trial in trials]


def step_rows(steps: Sequence[Step], trials: Sequence[TrialResult]) -> list[FrameRow]:
    """One row per step; every number of any verdict is a column of all rows."""
    names = sorted({name for step in steps if step.verdict for name in step.verdict.numbers})
    return [_step_row(step, trials, names) for step in steps]


def _trial_row(trial: TrialResult, keys: Sequence[str]) -> FrameRow:
    row: FrameRow = {
        "id": trial.id,
        "step": trial.step,
        "agent": trial.key.agent,
        "task": trial.key.task,
        "split": trial.split.value if trial.split else None,
        "purpose": trial.key.purpose.value,
        "attempt": trial.key.attempt,
        "outcome": trial.outcome.value,
        "reward": trial.reward if trial.counts else None,
        "passed": trial.passed,
        "steps_begun": len(trial.steps),
        "failure": trial.failure.kind if trial.failure else None,
        "calls": trial.usage.calls,
        "tokens": trial.usage.tokens,
        "cost_usd": trial.usage.cost_usd,
        "integrity": trial.integrity.value,
        "verification": trial.verification or None,
        "reused_from": trial.reused_from or None,
        "seconds": trial.span.seconds,
        "started_at": trial.span.started_at,
        "finished_at": trial.span.finished_at,
    }
    return row | {f"reward_{key}": trial.rewards.get(key) for key in keys}


def _step_row(step: Step, trials: Sequence[TrialResult], names: Sequence[str]) -> FrameRow:
    own = trials_of(step, trials)
    usage = spent_on([step], own)
    flags = Flags.of(trial.integrity for trial in own)
    row: FrameRow = {
        "step": step.index,
        "parent": step.parent,
        "commit": step.candidate,
        "decision": step.verdict.decision.value if step.verdict else None,
        "reason": step.verdict.reason if step.verdict else None,
        "title": step.proposal.title if step.proposal else None,
        "hypothesis": step.proposal.hypothesis if step.proposal else None,
        "kind": step.proposal.kind.value if step.proposal and step.proposal.kind else None,
        "chance": step.proposal.chance if step.proposal else None,
        "alternative_of": step.alternative_of,
        "prompts": step.prompts or None,
        "lesson": step.lesson,
        "tokens": usage.tokens,
        "cost_usd": usage.cost_usd,
        "new_trials": len(own) - reused_in(own),
        "suspicious": flags.suspicious,
        "tampered": flags.tampered,
        "seconds": seconds_of(step),
        "started_at": step.started_at,
        "finished_at": step.finished_at,
    }
    return row | {name: step.verdict.numbers.get(name) if step.verdict else None for name in names}
