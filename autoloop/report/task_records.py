"""Which tasks are flaky, never solved or always solved: what their trials say about them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from autoloop.ports import Estimator
from autoloop.records import Passes, TaskRecord, TaskState, TrialResult

ENOUGH = 3
"""Fewer trials that all went alike are no reason to look at a task."""


def task_records(trials: Iterable[TrialResult], estimator: Estimator) -> tuple[TaskRecord, ...]:
    """What counted trials say about each task, by name.

    Where a task was changed meanwhile, its trials before do not count.
    """
    by_task: dict[str, list[TrialResult]] = {}
    for trial in _of_latest_content(trials):
        by_task.setdefault(trial.key.task, []).append(trial)
    return tuple(_record(task, own, estimator) for task, own in sorted(by_task.items()))


def _of_latest_content(trials: Iterable[TrialResult]) -> list[TrialResult]:
    counted = [trial for trial in trials if trial.counts]
    latest = {trial.key.task: trial.key.task_digest for trial in counted}
    return [trial for trial in counted if latest[trial.key.task] == trial.key.task_digest]


def passes_of(trials: Iterable[TrialResult]) -> Passes:
    """How many counted trials there are, and how many passed."""
    passed = [trial.passed for trial in trials if trial.counts]
    return Passes(passed=sum(passed), trials=len(passed))


def _record(task: str, trials: Sequence[TrialResult], estimator: Estimator) -> TaskRecord:
    by_agent: dict[str, list[TrialResult]] = {}
    for trial in trials:
        by_agent.setdefault(trial.key.agent, []).append(trial)
    agents = [passes_of(own) for own in by_agent.values()]
    passes, flaky = passes_of(trials), sum(0 < own.passed < own.trials for own in agents)
    bare = TaskRecord(
        task=task,
        state=_state(passes, flaky),
        trials=passes.trials,
        passed=passes.passed,
        agents=len(agents),
        flaky_agents=flaky,
        rate=estimator.rate(passes),
    )
    return replace(bare, hint=_hint(bare))


def untried(task: str, estimator: Estimator) -> TaskRecord:
    """The record of a task without a counted trial."""
    return _record(task, (), estimator)


def _state(passes: Passes, flaky: int) -> TaskState:
    if not passes.trials:
        return TaskState.UNTRIED
    if flaky:
        return TaskState.FLAKY
    if not passes.passed:
        return TaskState.NEVER
    return TaskState.ALWAYS if passes.passed == passes.trials else TaskState.MIXED


def _hint(record: TaskRecord) -> str:
    if record.state is TaskState.FLAKY:
        return "more attempts; `autoloop tasks check --repeat 5` tells whether the task wavers"
    if record.trials < ENOUGH:
        return ""
    if record.state is TaskState.NEVER:
        return (
            f"at most {100 * record.rate.high:.0f} % of trials can pass:"
            " is it possible? `autoloop tasks check` runs its solution"
        )
    if record.state is TaskState.ALWAYS:
        return f"at least {100 * record.rate.low:.0f} % of trials pass: it tells no agents apart"
    return ""
