"""Builders for task folders and tasks; a test names only what matters to it."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from autoloop.records import Environment, Task, TaskProblem, TaskSet
from autoloop.tasks import find_tasks

LETTERS = str.maketrans("0123456789", "ghijklmnop")
"""Numbers do not tell instructions apart, so words are made of letters."""
FILES = {
    "task.toml": 'schema_version = "1.4"\n',
    "instruction.md": "Do it.\n",
    "environment/Dockerfile": "FROM autoloop/base:bookworm\n",
    "tests/test.sh": "#!/bin/bash\n",
}


def write_task(
    folder: Path, toml: str = "", *, files: Mapping[str, str] | None = None, drop: str = ""
) -> Path:
    """Write a valid task folder, with `files` added or replaced and the file `drop` left out."""
    for name, text in {**FILES, **({"task.toml": toml} if toml else {}), **(files or {})}.items():
        if name != drop:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return folder


def find(root: Path, **host_env: str) -> TaskSet:
    """Find tasks with nothing of the real environment."""
    return find_tasks(root, host_env=host_env)


def only_task(root: Path, **host_env: str) -> Task:
    """The one task below `root`, which has no problems."""
    found = find(root, **host_env)
    assert not found.problems, [str(entry) for entry in found.problems]
    (task,) = found.tasks
    return task


def only_problem(root: Path, **host_env: str) -> TaskProblem:
    """The one problem below `root`, which has no usable task."""
    found = find(root, **host_env)
    assert not found.tasks
    (entry,) = found.problems
    return entry


def make_task(name: str, *, family: str = "general", instruction: str = "") -> Task:
    """A task that exists in memory only; by default its instruction is like no other."""
    digest = hashlib.sha256(name.encode()).hexdigest().translate(LETTERS)
    words = [digest[start : start + 6] for start in range(0, 60, 6)]
    return Task(
        name=name,
        folder=Path("/nowhere") / name,
        digest="sha256:0",
        instruction=instruction or " ".join(words),
        family=family,
        difficulty="unknown",
        environment=Environment(folder=Path("/nowhere"), dockerfile=None, image="image"),
        agent_timeout_s=None,
    )


def families(count: int, size: int) -> list[Task]:
    """`count` families with `size` tasks each."""
    return [make_task(f"f{f}/t{t}", family=f"f{f}") for f in range(count) for t in range(size)]
