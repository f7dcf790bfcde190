"""dataset.toml: Harbor's list of task packages, each pinned by name and digest."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from autoloop.errors import TaskError
from autoloop.records import Task, TaskProblem, TaskSet
from autoloop.tasks.digest import task_digest
from autoloop.tasks.fields import DIGEST, PackageName
from autoloop.tasks.finding import read_all, task_set
from autoloop.tasks.parsing import parse_toml
from autoloop.tasks.reading import Reading


class DatasetTable(BaseModel):
    """`[dataset]`."""

    model_config = ConfigDict(frozen=True)

    name: PackageName


class TaskEntry(BaseModel):
    """One of `[[tasks]]`."""

    model_config = ConfigDict(frozen=True)

    name: PackageName
    digest: Annotated[str, StringConstraints(pattern=DIGEST)]


class Manifest(BaseModel):
    """The whole of dataset.toml, as far as it concerns tasks."""

    model_config = ConfigDict(frozen=True)

    dataset: DatasetTable
    tasks: list[TaskEntry] = []


def open_manifest(file: Path, *, host_env: Mapping[str, str]) -> TaskSet:
    """Read the tasks that a dataset.toml lists, from the folders below its own.

    A task that no folder has with the digest listed is a problem: nothing is downloaded.

    Raises:
        TaskError: the file cannot be read, or is no dataset.toml.
    """
    manifest = _read(file)
    if not manifest.tasks:
        raise TaskError(f"{str(file)!r} lists no task. Write [[tasks]] with name and digest.")
    top = file.resolve().parent
    return task_set(_listed(manifest, file.name, top, read_all(top, host_env=host_env)))


def _read(file: Path) -> Manifest:
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TaskError(f"{str(file)!r} cannot be read: {error}. Name a dataset.toml.") from error
    parsed = parse_toml(text, Manifest)
    if parsed.table is None:
        first = parsed.errors[0]
        where = f"{str(file)!r}" + (f", key {first.key!r}" if first.key else "")
        raise TaskError(f"{where}: {first.reason}")
    return parsed.table


def _listed(manifest: Manifest, file: str, top: Path, readings: list[Reading]) -> Iterator[Reading]:
    """What was read of each listed task, once however often it is listed."""
    by_digest = {_digest_of(reading): reading for reading in readings}
    by_name = {reading.task.name: reading.task for reading in readings if reading.task}
    entries = {(entry.name, entry.digest): number for number, entry in enumerate(manifest.tasks)}
    for (name, digest), number in entries.items():
        reading = by_digest.get(digest)
        if reading is None:
            namesake = by_name.get(name)
            reason = _changed(namesake) if namesake else _missing(name, digest)
            entry = TaskProblem(folder=top, file=file, key=f"tasks[{number}]", reason=reason)
            yield Reading(problems=(entry,))
        elif reading.task is None:
            yield reading
        else:
            yield Reading(task=replace(reading.task, name=name))


def _digest_of(reading: Reading) -> str:
    if reading.task is not None:
        return reading.task.digest
    try:
        return task_digest(reading.problems[0].folder)
    except OSError:
        return ""


def _missing(name: str, digest: str) -> str:
    return (
        f"no folder below this file is the task {name!r} with the digest {digest}. The registry is "
        "not asked: download the task with Harbor, and put its folder beside this file."
    )


def _changed(task: Task) -> str:
    return (
        f"the task is in {str(task.folder)!r}, but with another digest, so it was changed since. "
        f"Restore it, or write its digest {task.digest}."
    )
