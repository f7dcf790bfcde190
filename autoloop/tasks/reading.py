"""From a task folder to a `Task`, or to the reasons why it is none."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from autoloop.records import Environment, Healthcheck, Resources, Task, TaskProblem
from autoloop.tasks.digest import task_digest
from autoloop.tasks.format import EnvironmentTable, HealthcheckTable, TaskTable, parse, unknown_keys
from autoloop.tasks.support import refusals, without_effect

CANARY = re.compile(r"(<!--.*canary.*-->|#.*canary.*)", re.IGNORECASE)
VARIABLE = re.compile(r"\$\{([^}:]+)(?::-(.*))?\}")
LINKED = ("task.toml", "instruction.md", ".gitignore", "environment", "tests", "solution")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What became of one task folder: a task, or the problems that prevent one."""

    task: Task | None = None
    problems: tuple[TaskProblem, ...] = ()


def read_task(folder: Path, name: str, *, host_env: Mapping[str, str]) -> Reading:
    """Read one task folder; whatever is wrong with it becomes problems, never an exception.

    `name` is used where task.toml gives none. `${VAR}` values are looked up in `host_env`.
    """
    try:
        return _read(folder, name, host_env)
    except OSError as error:
        file = os.path.relpath(error.filename, folder) if error.filename else "."
        reason = f"it cannot be read: {error.strerror}. Check the file and its permissions."
        return Reading(problems=(problem(folder, file, reason),))


def problem(folder: Path, file: str, reason: str, *, key: str | None = None) -> TaskProblem:
    """A problem of this folder."""
    return TaskProblem(folder=folder, file=file, key=key, reason=reason)


def _read(folder: Path, name: str, host_env: Mapping[str, str]) -> Reading:
    for check in (_bad_links, _not_text):
        found = tuple(check(folder))
        if found:
            return Reading(problems=found)
    parsed = parse((folder / "task.toml").read_text("utf-8"))
    if parsed.table is None:
        return Reading(
            problems=tuple(
                problem(folder, "task.toml", error.reason, key=error.key) for error in parsed.errors
            )
        )
    refused = refusals(folder, parsed.table)
    if refused:
        return Reading(problems=tuple(refused))
    draft = _Draft(folder, parsed.table, host_env)
    problems = (*_missing_files(folder, parsed.table), *draft.unset_variables())
    if problems:
        return Reading(problems=problems)
    return Reading(task=draft.task(name))


def _bad_links(folder: Path) -> Iterator[TaskProblem]:
    root = folder.resolve()
    for name in LINKED:
        yield from _check_links(folder / name, folder, root)


def _check_links(path: Path, folder: Path, root: Path) -> Iterator[TaskProblem]:
    if path.is_symlink():
        file = path.relative_to(folder).as_posix()
        target = Path(os.path.realpath(path))
        if not target.is_relative_to(root):
            reason = "this link leads out of the task folder. Put a copy of the file in its place."
            yield problem(folder, file, reason)
        elif Path(os.path.realpath(path.parent)).is_relative_to(target):
            reason = "this link leads to a folder it lies in. Remove it."
            yield problem(folder, file, reason)
    elif path.is_dir():
        for child in sorted(path.iterdir()):
            yield from _check_links(child, folder, root)


def _not_text(folder: Path) -> Iterator[TaskProblem]:
    for name in ("task.toml", "instruction.md"):
        try:
            (folder / name).read_text("utf-8")
        except FileNotFoundError:
            continue
        except UnicodeDecodeError as error:
            reason = f"byte {error.start} is not UTF-8 text. Save the file as UTF-8."
            yield problem(folder, name, reason)


def _missing_files(folder: Path, table: TaskTable) -> Iterator[TaskProblem]:
    if not (folder / "instruction.md").is_file():
        yield problem(
            folder, "instruction.md", "the file is missing. Write what the agent is to do."
        )
    elif not strip_canary((folder / "instruction.md").read_text("utf-8")).strip():
        yield problem(folder, "instruction.md", "it is empty. Write what the agent is to do.")
    if not (folder / "tests" / "test.sh").is_file():
        reason = (
            "the file is missing. Write a script that puts 0 or 1 into /logs/verifier/reward.txt."
        )
        yield problem(folder, "tests/test.sh", reason)
    if table.environment.docker_image is None and not (folder / "environment/Dockerfile").is_file():
        reason = "the file is missing. Write it, or name an image in [environment].docker_image."
        yield problem(folder, "environment/Dockerfile", reason)


def strip_canary(text: str) -> str:
    """The instruction without the canary lines at its beginning and the blank lines after them."""
    lines = text.split("\n")
    start = 0
    while start < len(lines) and CANARY.fullmatch(lines[start].strip()):
        start += 1
    while start < len(lines) and not lines[start].strip():
        start += 1
    return "\n".join(lines[start:])


@dataclass(frozen=True, slots=True)
class _Draft:
    """A task.toml that is valid and supported, on its way to a `Task`."""

    folder: Path
    table: TaskTable
    host_env: Mapping[str, str]

    def unset_variables(self) -> Iterator[TaskProblem]:
        """A problem for each `${VAR}` that the host's environment lacks."""
        for table in ("environment", "verifier", "solution"):
            for key, value in getattr(self.table, table).env.items():
                match = VARIABLE.fullmatch(value)
                if match and match[2] is None and match[1] not in self.host_env:
                    reason = (
                        f"the environment variable {match[1]!r} is not set. Export it, "
                        f'or write "${{{match[1]}:-a default}}".'
                    )
                    yield problem(self.folder, "task.toml", reason, key=f"{table}.env.{key}")

    def _resolved(self, env: Mapping[str, str]) -> dict[str, str]:
        return {key: self._value(value) for key, value in env.items()}

    def _value(self, value: str) -> str:
        match = VARIABLE.fullmatch(value)
        return value if match is None else self.host_env.get(match[1], match[2])

    def task(self, name: str) -> Task:
        """The finished record."""
        table, folder = self.table, self.folder
        return Task(
            name=table.task.name if table.task else name,
            folder=folder,
            digest=task_digest(folder),
            instruction=strip_canary((folder / "instruction.md").read_text("utf-8")),
            family=self._said("family") or self._said("category") or folder.parent.name,
            difficulty=self._said("difficulty") or "unknown",
            environment=self._environment(table.environment),
            agent_timeout_s=table.agent.timeout_sec,
            agent_user=table.agent.user,
            verifier_timeout_s=table.verifier.timeout_sec,
            verifier_user=table.verifier.user,
            verifier_env=self._resolved(table.verifier.env),
            solution_env=self._resolved(table.solution.env),
            notes=tuple(self._notes()),
        )

    def _said(self, key: str) -> str:
        value = self.table.metadata.get(key)
        return str(value).strip() if isinstance(value, str | int | float) else ""

    def _environment(self, table: EnvironmentTable) -> Environment:
        folder = self.folder / "environment"
        dockerfile = folder / "Dockerfile"
        return Environment(
            folder=folder,
            dockerfile=dockerfile if dockerfile.is_file() else None,
            image=table.docker_image,
            build_timeout_s=table.build_timeout_sec,
            resources=Resources(
                cpus=table.cpus,
                memory_mb=table.memory_mb or table.memory,
                storage_mb=table.storage_mb or table.storage,
            ),
            env=self._resolved(table.env),
            workdir=table.workdir,
            network="none" if table.network == "no-network" else "public",
            healthcheck=_healthcheck(table.healthcheck) if table.healthcheck else None,
        )

    def _notes(self) -> Iterator[str]:
        unknown = unknown_keys(self.table)
        if unknown:
            yield f"Unknown keys in task.toml have no effect: {', '.join(unknown)}."
        yield from without_effect(self.table)


def _healthcheck(table: HealthcheckTable) -> Healthcheck:
    return Healthcheck(
        command=table.command,
        interval_s=table.interval_sec,
        timeout_s=table.timeout_sec,
        start_period_s=table.start_period_sec,
        start_interval_s=table.start_interval_sec,
        retries=table.retries,
    )
