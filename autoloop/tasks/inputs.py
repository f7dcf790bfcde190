"""Files that a task needs: there, readable, and of use."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from autoloop.records import TaskProblem
from autoloop.tasks.environments import COMPOSE, agent_place, defines_image, verifier_place
from autoloop.tasks.format import StepTable, TaskTable

CANARY = re.compile(r"(<!--.*canary.*-->|#.*canary.*)", re.IGNORECASE)
MAIN = "main"
TEST = "test.sh"
MISSING_TEST = (
    "the file is missing. Write a script that puts 0 or 1 into /logs/verifier/reward.txt."
)
NO_IMAGE = "the file is missing. Write it, or name an image in [environment].docker_image."
NO_TRAJECTORY = "this is no trajectory in ATIF: an object with a list `steps`. Mend or remove it."


def steps_of(table: TaskTable) -> tuple[StepTable | None, ...]:
    """The steps; an ordinary task's one step is None."""
    return tuple(table.steps) or (None,)


def home_of(folder: Path, step: StepTable | None) -> Path:
    """The folder that holds a step's instruction, tests and solution."""
    return folder if step is None else folder / "steps" / step.name


def read_text(folder: Path, file: str) -> str | TaskProblem:
    """The text of a file, or why it is none.

    Raises:
        OSError: it cannot be read.
    """
    try:
        return (folder / file).read_text("utf-8")
    except FileNotFoundError:
        reason = "the file is missing. Write what the agent is to do."
    except UnicodeDecodeError as error:
        reason = f"byte {error.start} is not UTF-8 text. Save the file as UTF-8."
    return TaskProblem(folder=folder, file=file, key=None, reason=reason)


def strip_canary(text: str) -> str:
    """The instruction without the canary lines at its beginning and the blank lines after them."""
    lines = text.split("\n")
    start = 0
    while start < len(lines) and CANARY.fullmatch(lines[start].strip()):
        start += 1
    while start < len(lines) and not lines[start].strip():
        start += 1
    return "\n".join(lines[start:])


def bad_inputs(folder: Path, table: TaskTable) -> Iterator[TaskProblem]:
    """What is missing among the files, or cannot be used.

    Raises:
        OSError: a file cannot be read.
    """
    for step in steps_of(table):
        yield from _bad_instruction(folder, step)
        if not _has_test(folder, table, step):
            file = (home_of(folder, step) / "tests" / TEST).relative_to(folder).as_posix()
            yield TaskProblem(folder=folder, file=file, key=None, reason=MISSING_TEST)
    agent = agent_place(folder, table)
    if agent.image is None and not defines_image(agent.folder):
        yield TaskProblem(folder=folder, file="environment/Dockerfile", key=None, reason=NO_IMAGE)
    if not (agent.folder / COMPOSE).is_file():
        yield from _unreachable_services(folder, table)
    trajectory = trajectory_of(folder, table)
    if trajectory is not None and not _is_trajectory(trajectory):
        file = trajectory.relative_to(folder).as_posix()
        yield TaskProblem(folder=folder, file=file, key=None, reason=NO_TRAJECTORY)


def _unreachable_services(folder: Path, table: TaskTable) -> Iterator[TaskProblem]:
    """Services that are named where there is no file that could define them."""
    artifacts = [*table.artifacts, *(entry for step in table.steps for entry in step.artifacts)]
    hooks = [*table.verifier.collect, *(h for step in table.steps for h in step.verifier.collect)]
    named = [("artifacts", entry.service) for entry in artifacts]
    for key, service in [*named, *(("verifier.collect", hook.service) for hook in hooks)]:
        if service not in {None, MAIN}:
            reason = f"there is no environment/{COMPOSE} that could define the service {service!r}."
            yield TaskProblem(folder=folder, file="task.toml", key=key, reason=reason)


def trajectory_of(folder: Path, table: TaskTable) -> Path | None:
    """The trajectory beside the first instruction."""
    path = home_of(folder, steps_of(table)[0]) / "trajectory.json"
    return path if path.is_file() else None


def tests_of(folder: Path, step: StepTable | None) -> tuple[Path, ...]:
    """Folders that are copied to /tests, the task's before the step's."""
    folders = dict.fromkeys([folder / "tests", home_of(folder, step) / "tests"])
    return tuple(path for path in folders if path.is_dir())


def solution_of(folder: Path, step: StepTable | None) -> Path | None:
    """The folder with the solve.sh that solves a step, as Harbor's oracle looks for it.

    A step without a folder of its own is solved by the task's.
    """
    own = home_of(folder, step) / "solution"
    found = own if own.exists() else folder / "solution"
    return found if (found / "solve.sh").is_file() else None


def _bad_instruction(folder: Path, step: StepTable | None) -> Iterator[TaskProblem]:
    file = (home_of(folder, step) / "instruction.md").relative_to(folder).as_posix()
    text = read_text(folder, file)
    if isinstance(text, TaskProblem):
        yield text
    elif not strip_canary(text).strip():
        reason = "it is empty. Write what the agent is to do."
        yield TaskProblem(folder=folder, file=file, key=None, reason=reason)


def _has_test(folder: Path, table: TaskTable, step: StepTable | None) -> bool:
    place = verifier_place(folder, table, step)
    if place is not None and place.has_tests:
        return True
    return any((tests / TEST).is_file() for tests in tests_of(folder, step))


def _is_trajectory(path: Path) -> bool:
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return False
    steps = document.get("steps") if isinstance(document, dict) else None
    return isinstance(steps, list) and bool(steps)
