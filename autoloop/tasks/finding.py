"""All tasks below a folder."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from autoloop.errors import TaskError
from autoloop.records import Task, TaskProblem, TaskSet
from autoloop.tasks.reading import Reading, problem, read_task

HOW_TO_START = "Make a first one with `autoloop tasks new NAME`, or name another folder."


def find_tasks(root: Path, *, host_env: Mapping[str, str] | None = None) -> TaskSet:
    """Read every task at any depth below `root`, which may itself be one.

    A folder with a task.toml is a task and is not searched further; hidden folders are skipped.
    Tasks come sorted by name, problems by folder. `host_env` (default: this process's environment)
    gives the values of `${VAR}`.

    Raises:
        TaskError: there is no such folder, or nothing in it that even looks like a task.
    """
    if not root.is_dir():
        what = "is no folder" if root.exists() else "does not exist"
        raise TaskError(f"The tasks folder {str(root)!r} {what}. {HOW_TO_START}")
    top = root.resolve()
    env = os.environ if host_env is None else host_env
    readings = read_all(top, host_env=env)
    if not readings:
        raise TaskError(f"There is no task in {str(root)!r}. {HOW_TO_START}")
    return task_set(readings)


def read_all(top: Path, *, host_env: Mapping[str, str]) -> list[Reading]:
    """Read every task at any depth below the resolved folder `top`, which may itself be one."""
    return [
        read_folder(folder, _name_of(folder, top), host_env=host_env)
        for folder in _task_folders(top, frozenset())
    ]


def read_folder(folder: Path, name: str, *, host_env: Mapping[str, str]) -> Reading:
    """Read a folder that should be a task; `name` is used where task.toml gives none."""
    if not _readable(folder):
        return Reading(problems=(problem(folder, ".", "it cannot be read. Mend its permissions."),))
    if not (folder / "task.toml").is_file():
        reason = "the file is missing, though the folder looks like a task. Write it."
        return Reading(problems=(problem(folder, "task.toml", reason),))
    if not name.isprintable():
        reason = f"the folder's name {name!r} has characters that cannot be shown. Rename it."
        return Reading(problems=(problem(folder, ".", reason),))
    return read_task(folder, name, host_env=host_env)


def task_set(readings: Iterable[Reading]) -> TaskSet:
    """What was read, in order; tasks that share a name become problems."""
    found = list(readings)
    tasks = [reading.task for reading in found if reading.task]
    problems = [entry for reading in found for entry in reading.problems]
    return _without_name_clashes(tasks, problems)


def _task_folders(folder: Path, above: frozenset[Path]) -> Iterator[Path]:
    real = folder.resolve()
    if real in above:
        return
    if not _readable(folder) or _looks_like_a_task(folder):
        yield folder
        return
    for child in sorted(folder.iterdir()):
        if child.is_dir() and not child.name.startswith("."):
            yield from _task_folders(child, above | {real})


def _readable(folder: Path) -> bool:
    return os.access(folder, os.R_OK | os.X_OK)


def _looks_like_a_task(folder: Path) -> bool:
    if os.path.lexists(folder / "task.toml"):
        return True
    parts = [(folder / name).exists() for name in ("environment", "tests")]
    return (folder / "instruction.md").exists() and any(parts)


def _name_of(folder: Path, top: Path) -> str:
    return top.name if folder == top else folder.relative_to(top).as_posix()


def _without_name_clashes(tasks: list[Task], problems: list[TaskProblem]) -> TaskSet:
    by_name = defaultdict(list)
    for task in tasks:
        by_name[task.name].append(task)
    for name, namesakes in by_name.items():
        for task in namesakes if len(namesakes) > 1 else ():
            others = ", ".join(str(other.folder) for other in namesakes if other is not task)
            reason = f"the name {name!r} is also that of {others}. Give each its own name."
            problems.append(problem(task.folder, "task.toml", reason, key="task.name"))
    return TaskSet(
        tasks=tuple(by_name[name][0] for name in sorted(by_name) if len(by_name[name]) == 1),
        problems=tuple(sorted(problems, key=lambda entry: str(entry.folder))),
    )
