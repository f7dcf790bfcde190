"""Builders for task folders and tasks; a test names only what matters to it."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from autoloop.records import Environment, Task, TaskProblem, TaskSet, TaskStep, Verifier
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
    own = {"task.toml": toml} if toml else {}
    return _write(folder, {**FILES, **own, **(files or {})}, drop=drop)


def _write(folder: Path, files: Mapping[str, str], *, drop: str) -> Path:
    for name, text in files.items():
        if name != drop:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return folder


def write_steps(
    folder: Path,
    *names: str,
    head: str = "",
    each: str = "",
    files: Mapping[str, str] | None = None,
    drop: str = "",
) -> Path:
    """Write a valid task of steps; `head` and `each` are TOML of the task and of each step."""
    toml = head + "".join(f'\n[[steps]]\nname = "{name}"\n{each}' for name in names)
    own = {"task.toml": toml, "environment/Dockerfile": FILES["environment/Dockerfile"]}
    for name in names:
        own |= {f"steps/{name}/instruction.md": f"Do {name}.\n"}
        own |= {f"steps/{name}/tests/test.sh": FILES["tests/test.sh"]}
    return _write(folder, {**own, **(files or {})}, drop=drop)


def find(root: Path, **host_env: str) -> TaskSet:
    """Find tasks with nothing of the real environment."""
    return find_tasks(root, host_env=host_env)


def only_task(root: Path, **host_env: str) -> Task:
    """The one task below `root`, which has no problems."""
    found = find(root, **host_env)
    assert not found.problems, [str(entry) for entry in found.problems]
    (task,) = found.tasks
    return task


def only_step(root: Path, **host_env: str) -> TaskStep:
    """The one step of the one task below `root`."""
    (step,) = only_task(root, **host_env).steps
    return step


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
    return one_step_task(
        name=name, family=family, step=one_step(instruction=instruction or " ".join(words))
    )


def one_step(
    *,
    instruction: str = "Do it.\n",
    verifier: Verifier | None = None,
    timeout_s: float | None = None,
) -> TaskStep:
    """The one step of an ordinary task, by default with no tests and no limit."""
    return TaskStep(
        instruction=instruction,
        verifier=verifier or Verifier(tests=()),
        agent_timeout_s=timeout_s,
    )


def one_step_task(
    *,
    name: str = "one",
    family: str = "general",
    step: TaskStep | None = None,
    environment: Environment | None = None,
    folder: Path = Path("/nowhere"),
) -> Task:
    """An ordinary task that exists in memory only."""
    return Task(
        name=name,
        folder=folder / name,
        digest="sha256:0",
        family=family,
        difficulty="unknown",
        environment=environment or Environment(folder=folder, dockerfile=None, image="image"),
        steps=(step or one_step(),),
    )


def families(count: int, size: int) -> list[Task]:
    """`count` families with `size` tasks each."""
    return [make_task(f"f{f}/t{t}", family=f"f{f}") for f in range(count) for t in range(size)]
