"""What the audit is told of a task: its instruction, and what no agent is shown of it."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from autoloop.audit import TaskFacts
from autoloop.records import Task
from autoloop.trial import author_canaries

MOST_BYTES = 256 * 1024
"""Of one file; what is beyond is not looked at."""
MOST_FILES = 200
"""Of one task."""
CODE = (".py", ".sh")


def task_facts(task: Task) -> TaskFacts:
    """What is known of a task; files that cannot be read tell nothing."""
    tests = [folder for step in task.steps for folder in step.verifier.tests]
    solutions = [step.solution for step in task.steps if step.solution is not None]
    given = [step.workdir for step in task.steps if step.workdir is not None]
    shown = {
        text.strip()
        for path in _files((task.environment.folder, *given))
        for text in _text(path).splitlines()
    }
    shown |= {text.strip() for text in task.instruction.splitlines()}
    code = [path for path in _files(tests) if path.suffix in CODE]
    return TaskFacts(
        instruction=task.instruction,
        canaries=_canaries(task),
        hidden=_unseen(_files((*tests, *solutions)), shown),
        test_code=_unseen(code, shown),
    )


def _unseen(paths: Iterable[Path], shown: set[str]) -> str:
    lines = (text for path in paths for text in _text(path).splitlines())
    return "\n".join(text for text in lines if text.strip() not in shown)


def _canaries(task: Task) -> frozenset[str]:
    try:
        return frozenset(token.decode() for token in author_canaries(task))
    except OSError:
        return frozenset()


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    paths = [path for folder in dict.fromkeys(folders) for path in sorted(folder.rglob("*"))]
    yield from [path for path in paths if path.is_file() and not path.is_symlink()][:MOST_FILES]


def _text(path: Path) -> str:
    """The beginning of a file; nothing of one that is no text."""
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
