"""What the gate is told of the train tasks: instructions, and the texts of tests and solutions."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from autoloop.guards import HiddenFile, TrainTask
from autoloop.records import Split, Task

MOST_BYTES = 256 * 1024
"""Of one hidden file; what is beyond is not looked at."""
MOST_FILES = 60
"""Of one task."""


def train_material(tasks: Iterable[Task], splits: Mapping[str, Split]) -> tuple[TrainTask, ...]:
    """The train tasks as the gate may know them; never anything of validation or holdout."""
    return tuple(
        TrainTask(name=task.name, instruction=task.instruction, hidden=tuple(_hidden(task)))
        for task in tasks
        if splits.get(task.name) is Split.TRAIN
    )


def _hidden(task: Task) -> Iterator[HiddenFile]:
    folders = [folder for step in task.steps for folder in step.verifier.tests]
    folders += [step.solution for step in task.steps if step.solution is not None]
    paths = [path for folder in dict.fromkeys(folders) for path in sorted(folder.rglob("*"))]
    for path in [path for path in paths if path.is_file() and not path.is_symlink()][:MOST_FILES]:
        text = _text(path)
        if text:
            yield HiddenFile(name=path.name, text=text)


def _text(path: Path) -> str:
    """A file's beginning; nothing for what is no text or cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES)
    except OSError:
        return ""
    return "" if b"\0" in data else data.decode("utf-8", "ignore")
