"""What trials say about tasks: those of one run, and all that a project has ever recorded."""

from collections.abc import Iterable

from autoloop.app.draws import draw_of
from autoloop.app.last_results import REFERENCES
from autoloop.app.project import Project
from autoloop.app.standing import reading
from autoloop.decision import Estimates
from autoloop.errors import RunError, StorageError
from autoloop.records import Task, TaskRecord, TrialResult
from autoloop.report import task_records
from autoloop.store import open_readonly


def records_of_run(project: Project, name: str | None) -> tuple[TaskRecord, ...]:
    """What the trials of a run, of all its candidates, say about its tasks."""
    with reading(project, name) as view:
        trials = view.store.trials()
    return task_records(trials, Estimates())


def task_records_of(project: Project, tasks: Iterable[Task]) -> dict[str, TaskRecord]:
    """The record of each task, as it is now, over all climbs and evaluations.

    Solutions and doing nothing are left out: `tasks check` is about them. A trial that one run took
    over from another counts once; calibrations have no say.
    """
    digests = {task.name: task.digest for task in tasks}
    trials = {
        draw_of(name, trial): trial
        for name in (*project.run_names(), *project.eval_names())
        for trial in _trials(project, name)
        if digests.get(trial.key.task) == trial.key.task_digest
        and trial.key.agent not in REFERENCES
    }
    return {record.task: record for record in task_records(trials.values(), Estimates())}


def _trials(project: Project, name: str) -> tuple[TrialResult, ...]:
    """What a run holds; a damaged one has nothing to say here."""
    try:
        with open_readonly(project.runs / name) as store:
            return store.trials()
    except (RunError, StorageError):
        return ()
