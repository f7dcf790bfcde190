"""How tasks went the last time that somebody tried them."""

from collections.abc import Iterable, Sequence

from autoloop.app.project import EVAL, Project
from autoloop.app.results import LastResult
from autoloop.errors import RunError, StorageError
from autoloop.records import Agent, Task
from autoloop.store import TaskScore, open_readonly

REFERENCES = frozenset(Agent(kind=kind).digest for kind in ("oracle", "nop"))
"""Agents that say something about a task, but nothing about how hard it is."""


def last_results(project: Project, tasks: Iterable[Task]) -> dict[str, LastResult]:
    """The result of each task, as it is now, in the newest climb or evaluation that has it."""
    missing = {task.name: task.digest for task in tasks}
    found: dict[str, LastResult] = {}
    for name in _newest_first(project):
        if not missing:
            break
        for score in _scores(project, name):
            if missing.get(score.task) == score.task_digest and score.agent not in REFERENCES:
                found[score.task] = LastResult(run=name, mean=score.mean, trials=score.trials)
        missing = {task: digest for task, digest in missing.items() if task not in found}
    return found


def _newest_first(project: Project) -> Sequence[str]:
    names = [*project.run_names(), *project.eval_names()]
    return sorted(names, key=lambda name: name.removeprefix(EVAL), reverse=True)


def _scores(project: Project, name: str) -> tuple[TaskScore, ...]:
    """What a run holds; a damaged one has nothing to say here."""
    try:
        with open_readonly(project.runs / name) as store:
            return store.scores()
    except (RunError, StorageError):
        return ()
