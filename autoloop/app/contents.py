"""What is in a project: its settings, its tasks, and the splits they fall into."""

from collections.abc import Sequence
from pathlib import Path

from autoloop.app.project import Project
from autoloop.errors import TaskError
from autoloop.records import Split, Task, TaskSet
from autoloop.settings import Program, Settings, override, read_program
from autoloop.tasks import SplitPlan, find_tasks, make_splits


def program_of(project: Project) -> Program:
    """Settings, with the project's overrides, and directive."""
    return read_program(project.root / "program.md", project.overrides)


def recorded_settings(project: Project, settings: str) -> Settings:
    """Settings that a run began with (JSON), with the overrides of now."""
    return override(settings, project.overrides)


def worker_count(settings: Settings) -> int | None:
    """Trials at once; None leaves it to the machine."""
    return None if settings.workers == "auto" else settings.workers


def tasks_folder(project: Project) -> Path:
    """Where the project's tasks are."""
    return project.root / program_of(project).settings.tasks


def found_tasks(project: Project, folder: Path | None = None) -> TaskSet:
    """Usable tasks, and what is wrong with the rest."""
    return find_tasks(folder or tasks_folder(project))


def usable_tasks(project: Project, folder: Path | None = None) -> list[Task]:
    """All tasks; raises TaskError that lists every folder that cannot be used."""
    found = found_tasks(project, folder)
    if found.problems:
        raise TaskError("\n".join(map(str, found.problems)))
    return list(found.tasks)


def split_tasks(project: Project, tasks: Sequence[Task]) -> dict[str, Split]:
    """Split of each task by name, as the settings say.

    Raises:
        TaskError: too few tasks, or a pattern that matches none.
    """
    wish = program_of(project).settings.splits
    plan = SplitPlan(
        train=wish.train, validation=wish.validation, holdout=wish.holdout, seed=wish.seed
    )
    return dict(make_splits(tasks, plan))
