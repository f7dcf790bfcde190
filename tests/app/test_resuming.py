"""Runs whose tasks are not what they were when the run began."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from autoloop import Optimizer, TaskError
from autoloop.app.climbing import _known_tasks
from autoloop.records import Notice, Run, Split, TaskSet
from autoloop.store import SqliteStore, open_readonly
from autoloop.tasks import find_tasks
from autoloop.testing.observers import RecordingObserver
from tests.app.builders import RUN, record_run

SPLITS = {"amber": Split.TRAIN, "birch": Split.VALIDATION, "cedar": Split.HOLDOUT}


def found(project: Path) -> TaskSet:
    return find_tasks(project / "tasks")


def record_stopped(project: Path) -> Run:
    """A run that was stopped, with the digests of its tasks."""
    digests = {task.name: task.digest for task in found(project).tasks if task.name in SPLITS}
    run = replace(record_run(project), splits=SPLITS, task_digests=digests, finished_at=None)
    with closing(SqliteStore.open(project / "runs" / RUN)) as store:
        store.save_run(run)
    return run


def change(project: Path, task: str) -> None:
    (project / "tasks" / task / "instruction.md").write_text("Write something else.\n")


@pytest.mark.parametrize("task", ["amber", "birch"])
def test_a_run_does_not_go_on_when_a_task_that_verdicts_rest_on_has_changed(
    project: Path, task: str
) -> None:
    record_stopped(project)
    change(project, task)

    with pytest.raises(TaskError, match=rf"(?s){task}.*as they were.*autoloop climb") as refused:
        Optimizer(project).resume()

    assert f"autoloop holdout {RUN}" in str(refused.value)
    assert f"git merge autoloop/{RUN}" in str(refused.value)
    with open_readonly(project / "runs" / RUN) as store:
        assert len(store.trials()) == 5


def test_a_changed_holdout_task_is_told_and_the_run_goes_on(project: Path) -> None:
    run = record_stopped(project)
    change(project, "cedar")
    observer = RecordingObserver()

    tasks = _known_tasks(found(project), run, observer, searches=True)

    assert sorted(task.name for task in tasks) == sorted(SPLITS)
    (told,) = observer.of(Notice)
    assert told.text == "Changed since the run began, earlier trials do not count: cedar."


def test_the_final_table_can_be_made_although_a_task_has_changed(project: Path) -> None:
    run = record_stopped(project)
    change(project, "amber")
    observer = RecordingObserver()

    tasks = _known_tasks(found(project), run, observer, searches=False)

    assert len(tasks) == len(SPLITS)
    assert [told.text for told in observer.of(Notice)] == [
        "Changed since the run began, earlier trials do not count: amber."
    ]
