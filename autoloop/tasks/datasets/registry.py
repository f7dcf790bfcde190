"""registry.json: Harbor's older list of datasets, whose tasks lie in git repositories."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from packaging.version import InvalidVersion, Version
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from autoloop.errors import TaskError
from autoloop.records import TaskProblem, TaskSet
from autoloop.tasks.datasets.repositories import Repositories
from autoloop.tasks.datasets.sources import repository_path
from autoloop.tasks.finding import read_folder, task_set
from autoloop.tasks.parsing import errors_in_words
from autoloop.tasks.reading import Reading


class Entry(BaseModel):
    """One task of a dataset."""

    model_config = ConfigDict(frozen=True)

    name: str
    git_url: str | None = None
    """None: `path` is on this machine."""
    git_commit_id: str | None = None
    path: str


class Dataset(BaseModel):
    """One version of a dataset."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: str
    tasks: list[Entry]


Commit: TypeAlias = tuple[str, str | None]
"""URL of a repository, and a revision."""


def open_registry(
    file: Path,
    dataset: str | None,
    *,
    repositories: Repositories,
    host_env: Mapping[str, str],
) -> TaskSet:
    """Read the tasks of `name@version`; without a version, of the one that Harbor would take.

    Raises:
        TaskError: the file cannot be read, or has no such dataset.
    """
    found = _chosen(_read(file), dataset, file)
    readings = [_read_local(entry, file, host_env) for entry in found.tasks if not entry.git_url]
    by_commit: dict[Commit, list[Entry]] = defaultdict(list)
    for entry in found.tasks:
        if entry.git_url:
            by_commit[entry.git_url, entry.git_commit_id].append(entry)
    for commit, entries in by_commit.items():
        readings += _read_remote(commit, entries, file, repositories, host_env)
    if not readings:
        raise TaskError(f"The dataset {found.name!r} in {str(file)!r} has no task.")
    return task_set(readings)


def choose_version(versions: Sequence[str]) -> str:
    """The version to take where none is named: `head`, else the highest, else the last by name."""
    if "head" in versions:
        return "head"
    numbers = {}
    for version in versions:
        try:
            numbers[version] = Version(version)
        except InvalidVersion:
            continue
    return max(numbers, key=lambda version: numbers[version]) if numbers else max(versions)


def _read(file: Path) -> list[Dataset]:
    try:
        return TypeAdapter(list[Dataset]).validate_json(file.read_bytes())
    except OSError as error:
        raise TaskError(
            f"{str(file)!r} cannot be read: {error.strerror}. Name a registry.json."
        ) from error
    except ValidationError as error:
        first = next(errors_in_words(error))
        where = f"{str(file)!r}" + (f", key {first.key!r}" if first.key else "")
        raise TaskError(f"{where}: {first.reason}") from error


def _chosen(datasets: Sequence[Dataset], wanted: str | None, file: Path) -> Dataset:
    names = sorted({dataset.name for dataset in datasets})
    name, _, version = (wanted or "").partition("@")
    if not name and len(names) == 1:
        name = names[0]
    versions = {dataset.version: dataset for dataset in datasets if dataset.name == name}
    if not versions:
        what = f"no dataset {name!r}" if name else f"{len(names)} datasets"
        raise TaskError(
            f"{str(file)!r} has {what}. Write one of these after a colon: {', '.join(names)}."
        )
    version = version or choose_version(list(versions))
    if version not in versions:
        raise TaskError(
            f"{str(file)!r} has no version {version!r} of the dataset {name!r}. Write one of these "
            f"after an @: {', '.join(versions)}."
        )
    return versions[version]


def _read_local(entry: Entry, file: Path, host_env: Mapping[str, str]) -> Reading:
    path = Path(entry.path).expanduser()
    # Harbor looks from the working directory; beside the file is where a person would look.
    places = [file.resolve().parent / path, path.resolve()]
    folder = next((place for place in places if place.is_dir()), places[0])
    if not folder.is_dir():
        return _problem(folder, f"there is no such folder, but {file.name} lists it. Correct it.")
    return read_folder(folder.resolve(), entry.name, host_env=host_env)


def _read_remote(
    commit: Commit,
    entries: Sequence[Entry],
    file: Path,
    repositories: Repositories,
    host_env: Mapping[str, str],
) -> Iterator[Reading]:
    url, revision = commit
    try:
        paths = [repository_path(entry.path) for entry in entries]
        # A task at the top needs all of it.
        checkout = repositories.checkout(url, revision, paths=paths if all(paths) else ())
    except TaskError as error:
        for entry in entries:
            yield _problem(file.resolve().parent / entry.name, str(error))
        return
    for entry, path in zip(entries, paths, strict=True):
        folder = checkout.folder_at(path)
        if folder is None:
            yield _problem(checkout.folder / path, f"{checkout} has no such folder. Correct it.")
        else:
            yield read_folder(folder, entry.name, host_env=host_env)


def _problem(folder: Path, reason: str) -> Reading:
    return Reading(problems=(TaskProblem(folder=folder, file=".", key=None, reason=reason),))
