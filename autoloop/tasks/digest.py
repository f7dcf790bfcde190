"""Harbor's package digest of a task folder: the same files give the same digest there and here."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from autoloop.tasks.ignore import DEFAULT_LINES, ignored, rules_of

FILES = ("task.toml", "instruction.md", "README.md", "trajectory.json")
FOLDERS = ("environment", "tests", "solution", "steps")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal digits.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def task_digest(folder: Path, *, hashed: Callable[[Path], str] = sha256_of) -> str:
    """`sha256:` and the SHA-256 over name and content of every file that belongs to the task.

    `hashed` gives the SHA-256 of a file.

    Raises:
        OSError: a file cannot be read.
    """
    outer = hashlib.sha256()
    for name in task_files(folder):
        # A file name need not be valid UTF-8; where it is, these are Harbor's bytes.
        outer.update(os.fsencode(name) + f"\0{hashed(folder / name)}\n".encode())
    return f"sha256:{outer.hexdigest()}"


def task_files(folder: Path) -> list[str]:
    """Posix paths of the files that belong to the task, sorted."""
    gitignore = folder / ".gitignore"
    lines = gitignore.read_text("utf-8", "replace").splitlines() if gitignore.exists() else None
    rules = rules_of(DEFAULT_LINES if lines is None else lines)
    paths = [folder / name for name in FILES]
    paths += [path for name in FOLDERS for path in (folder / name).rglob("*")]
    names = [path.relative_to(folder).as_posix() for path in paths if path.is_file()]
    return sorted(name for name in names if not ignored(name, rules))
