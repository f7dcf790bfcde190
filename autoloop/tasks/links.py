"""Links in a task folder, which must lead to something in it."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from autoloop.records import TaskProblem

FILES = ("task.toml", "instruction.md", "trajectory.json", ".gitignore", "environment")
DEFINITIONS = ("environment/Dockerfile", "environment/docker-compose.yaml")


def bad_links(folder: Path, trees: Iterable[str] = ("tests", "solution")) -> list[TaskProblem]:
    """Links to outside the task, or in a circle, among single files and in these folders.

    Links inside environment/ are left alone: builds and uploads take them as links.
    """
    root = Path(os.path.realpath(folder))
    found: list[TaskProblem] = []
    for names in (FILES, DEFINITIONS):
        problems = [_leads_out(folder / name, folder, root) for name in names if not found]
        found += filter(None, problems)
    checked: set[Path] = set()
    for tree in trees:
        found += _in_tree(folder / tree, folder, frozenset({root}), checked)
    return found


def _in_tree(
    path: Path, folder: Path, above: frozenset[Path], checked: set[Path]
) -> Iterator[TaskProblem]:
    """Problems below `path`; linked folders are looked into, each folder once."""
    root = Path(os.path.realpath(folder))
    problem = _leads_out(path, folder, root)
    if problem is not None:
        yield problem
        return
    real = Path(os.path.realpath(path))
    if not path.is_dir() or real in checked:
        return
    if real in above:
        reason = "this link leads to a folder it lies in. Remove it."
        yield _problem(path, folder, reason)
        return
    for child in sorted(path.iterdir()):
        yield from _in_tree(child, folder, above | {real}, checked)
    checked.add(real)


def _leads_out(path: Path, folder: Path, root: Path) -> TaskProblem | None:
    if Path(os.path.realpath(path)).is_relative_to(root):
        return None
    reason = "this link leads out of the task folder. Put a copy of the file in its place."
    return _problem(path, folder, reason)


def _problem(path: Path, folder: Path, reason: str) -> TaskProblem:
    file = path.relative_to(folder).as_posix()
    return TaskProblem(folder=folder, file=file, key=None, reason=reason)
