"""What is in a project: its settings, its tasks, and the splits they fall into."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from autoloop.app.project import Project
from autoloop.errors import AutoloopError, SettingsError, TaskError
from autoloop.records import Run, Split, Task, TaskSet
from autoloop.settings import Program, Settings, override, read_program
from autoloop.tasks import SplitPlan, make_splits, open_dataset
from autoloop.tasks.datasets.sources import git_source

DATASETS = Path(".cache") / "autoloop" / "datasets"
"""Below the home folder: what was fetched of datasets that lie elsewhere."""
LISTS = re.compile(r"\.(toml|json)(:.*)?$")
"""Sources of tasks that are lists of them."""
Policy = Literal["strict", "skip"]


def program_of(project: Project) -> Program:
    """Settings, with the project's overrides, and directive."""
    return read_program(project.root / "program.md", project.overrides)


def recorded_settings(project: Project, settings: str) -> Settings:
    """Settings that a run began with (JSON), with the overrides of now."""
    return override(settings, project.overrides)


def policy_of(settings: Settings, *, auto: Policy) -> Policy:
    """What becomes of tasks that cannot be used; `auto` is what the setting of that name means."""
    return auto if settings.tasks == "auto" else settings.tasks


def absolute_source(source: str | Path, base: Path) -> str:
    """A source of tasks that means the same from every folder; relative paths are below `base`."""
    if git_source(str(source)) is not None:
        return str(source)
    return str(base.absolute() / Path(source).expanduser())


def tasks_source(project: Project, settings: Settings | None = None) -> str:
    """Where the project's tasks are."""
    wish = settings or program_of(project).settings
    return absolute_source(wish.tasks_folder, project.root)


def own_tasks_folder(project: Project) -> Path:
    """The folder that a new task is written into.

    Raises:
        SettingsError: the project's tasks come from elsewhere.
    """
    wish = program_of(project).settings.tasks_folder
    folder = Path(absolute_source(wish, project.root))
    if git_source(wish) is not None or LISTS.search(wish):
        raise SettingsError(
            f"'tasks_folder' is {wish!r}, which is no folder of the project: write the task by"
            " hand where it belongs, or name a folder."
        )
    return folder


def found_tasks(source: str) -> TaskSet:
    """Usable tasks, and what is wrong with the rest; what lies elsewhere is fetched once."""
    return open_dataset(source, cache=Path.home() / DATASETS)


def usable_tasks(project: Project) -> list[Task]:
    """All tasks of the project; raises TaskError that lists every folder that cannot be used."""
    found = found_tasks(tasks_source(project))
    if found.problems:
        raise TaskError("\n".join(map(str, found.problems)))
    return list(found.tasks)


def tasks_of_run(project: Project, run: Run) -> tuple[Task, ...]:
    """The tasks of a run as they are now; none where they cannot be had any more."""
    try:
        settings = recorded_settings(project, run.settings)
        found = found_tasks(tasks_source(project, settings))
    except AutoloopError:
        return ()
    return tuple(task for task in found.tasks if task.name in run.splits)


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
