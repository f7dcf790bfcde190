"""Tasks that come as a set: a folder, a git repository, a dataset.toml or a registry.json."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from autoloop.errors import TaskError
from autoloop.records import TaskSet
from autoloop.tasks.datasets.manifest import open_manifest
from autoloop.tasks.datasets.registry import open_registry
from autoloop.tasks.datasets.repositories import Repositories
from autoloop.tasks.datasets.sources import GitSource, git_source
from autoloop.tasks.finding import find_tasks, read_all, task_set

__all__ = ["open_dataset"]

REGISTRY = re.compile(r"(?P<file>.+\.json)(?::(?P<dataset>.+))?", re.DOTALL)


def open_dataset(source: str, *, cache: Path, host_env: Mapping[str, str] | None = None) -> TaskSet:
    """Read the tasks of a dataset; what is wrong with one of them stops no other.

    Args:
        source: A folder; `URL@revision:path` of a git repository, where the URL is http(s), ssh,
            git, file or `user@host:`, and revision and path may be left out; a dataset.toml in
            Harbor's package format; or `FILE.json:name@version` of a registry.
        cache: A folder that git repositories are checked out into, once per commit.
        host_env: Values of `${VAR}` (default: this process's environment).

    Raises:
        TaskError: the source cannot be had at all, or has no task.
    """
    env = os.environ if host_env is None else host_env
    repositories = Repositories(cache)
    where = git_source(source)
    path = Path(source).expanduser()
    if where is not None:
        return _open_repository(where, repositories, env)
    if not path.is_dir() and path.suffix == ".toml":
        return open_manifest(path, host_env=env)
    match = REGISTRY.fullmatch(source)
    if match is not None and not path.is_dir():
        file = Path(match["file"]).expanduser()
        return open_registry(file, match["dataset"], repositories=repositories, host_env=env)
    return find_tasks(path, host_env=env)


def _open_repository(
    source: GitSource, repositories: Repositories, host_env: Mapping[str, str]
) -> TaskSet:
    checkout = repositories.checkout(source.url, source.revision, paths=source.paths)
    folder = checkout.folder_at(source.path)
    if folder is None:
        raise TaskError(
            f"{checkout} has no folder {source.path!r}. Correct what stands after the colon."
        )
    readings = read_all(folder, host_env=host_env)
    if not readings:
        raise TaskError(
            f"{checkout} has no task below {source.path or '.'!r}. "
            "Name another folder after a colon, or another revision after an @."
        )
    return task_set(readings)
