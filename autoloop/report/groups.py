"""How one agent did on tasks that belong together: all of them, a family, a difficulty."""

from collections.abc import Callable, Iterable, Sequence

from autoloop.ports import Estimator
from autoloop.records import Task, TrialResult
from autoloop.report.facts import GroupFacts, interval_facts, pass_facts
from autoloop.report.task_records import passes_of


def group_facts(name: str, trials: Iterable[TrialResult], estimator: Estimator) -> GroupFacts:
    """Score, success, pass@k and pass^k of one agent's counted trials."""
    by_task: dict[str, list[TrialResult]] = {}
    for trial in trials:
        if trial.counts:
            by_task.setdefault(trial.key.task, []).append(trial)
    rates = estimator.passes({task: passes_of(own) for task, own in by_task.items()})
    score = estimator.score({task: [t.reward for t in own] for task, own in by_task.items()})
    return GroupFacts(
        name=name,
        tasks=len(by_task),
        trials=sum(map(len, by_task.values())),
        score=interval_facts(score),
        success=interval_facts(rates.success),
        passes=pass_facts(rates),
    )


def by_family(
    tasks: Sequence[Task], trials: Sequence[TrialResult], estimator: Estimator
) -> list[GroupFacts]:
    """One group for each family of the tasks, by name."""
    return _grouped(tasks, trials, estimator, key=lambda task: task.family)


def by_difficulty(
    tasks: Sequence[Task], trials: Sequence[TrialResult], estimator: Estimator
) -> list[GroupFacts]:
    """One group for each difficulty that tasks name, by name."""
    return _grouped(tasks, trials, estimator, key=lambda task: task.difficulty)


def _grouped(
    tasks: Sequence[Task],
    trials: Sequence[TrialResult],
    estimator: Estimator,
    *,
    key: Callable[[Task], str],
) -> list[GroupFacts]:
    names: dict[str, set[str]] = {}
    for task in tasks:
        names.setdefault(key(task), set()).add(task.name)
    return [
        group_facts(name, [t for t in trials if t.key.task in own], estimator)
        for name, own in sorted(names.items())
    ]
