"""A task's environment while it runs: how commands are given, and what is taken out at the end."""

import os
import shlex
import shutil
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from autoloop.errors import EngineError, TaskError
from autoloop.ports import BoxSpec, Container, FileChange
from autoloop.records import CommandResult, Environment, Healthcheck, Task
from autoloop.trial.env import BoxEnv
from autoloop.trial.habits import Habits, habits_of
from autoloop.trial.health import wait_until_healthy
from autoloop.trial.network import Line
from autoloop.trial.plan import LOG_FOLDERS, PARTS, TrialPlan
from autoloop.trial.programs import OF_PYTEST
from autoloop.trial.tools import Tools, packages_of, question, tools_of

LOG_BYTES = 32_000_000
REMOVED_AT_ONCE = 500
ROOT = "0"
"""By number: an image without /etc/passwd has no user named root."""
# The folders themselves stay: what is mounted there cannot be removed.
EMPTY = """for folder in {folders}; do
  mkdir -p "$folder" || exit 1
  rm -rf "$folder"/* "$folder"/.[!.]* "$folder"/..?* || exit 1
  chmod 777 "$folder" || exit 1
done"""


class Box:
    """A started environment. A context manager; `end` may come before its end."""

    def __init__(
        self, container: Container, environment: Environment, *, line: Line, stack: ExitStack
    ) -> None:
        """Use `start`; `stack` holds what ends the environment."""
        self.container = container
        self.environment = environment
        self.line = line
        self._stack = stack
        self._workdir = environment.workdir

    @classmethod
    def start(cls, plan: TrialPlan, environment: Environment, *, timeout_s: float) -> "Box":
        """Start it with its limits and its network, building what it lacks."""
        spec = BoxSpec(
            environment=environment,
            labels={"trial": plan.name},
            folders=LOG_FOLDERS,
            timeout_s=timeout_s,
        )
        with ExitStack() as stack:
            container = stack.enter_context(plan.sandbox.box(spec))
            line = stack.enter_context(Line(plan, container, at_first=environment.network))
            line.use(environment.network)
            return cls(container, environment, line=line, stack=stack.pop_all())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    @property
    def env(self) -> Mapping[str, str]:
        """Variables of every command, as the phase that goes on wants it."""
        return {**self.line.env, **self.environment.env}

    def end(self) -> None:
        """Remove it. Harmless to repeat."""
        self._stack.close()

    def run(
        self,
        command: str,
        *,
        timeout_s: float | None = None,
        user: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> CommandResult:
        """Run a command in the task's folder, with the task's variables below `env`."""
        return self.container.run(
            command,
            timeout_s=timeout_s,
            user=user,
            env={**self.env, **(env or {})},
            workdir=self.environment.workdir,
        )

    def agent_env(self, user: str | None) -> BoxEnv:
        """What an agent may do here, as the phase that goes on allows."""
        return BoxEnv(self.container, user=user, env=self.env, workdir=self.environment.workdir)

    def workdir(self) -> str:
        """Where commands run: the task's workdir, else the image's."""
        if self._workdir is None:
            self._workdir = self.run("pwd").stdout.strip() or "/"
        return self._workdir

    def wait_until_healthy(
        self, check: Healthcheck, *, is_patient: bool, user: str | None = None
    ) -> None:
        """Run a healthcheck until it succeeds; raises `HealthcheckError` as it says there."""
        wait_until_healthy(
            lambda command, timeout_s: self.run(command, timeout_s=timeout_s, user=user),
            check,
            is_patient=is_patient,
        )

    def make_executable(self, path: str, *, source: Path | None) -> None:
        """Let a script be run that was copied from `source`, where that is not so already."""
        if source is None or not os.access(source, os.X_OK):
            self.run(f"chmod +x {path}", user=ROOT)

    def empty(self, folders: Iterable[str]) -> None:
        """Empty folders by a command, made where they are not there; nothing else is ended."""
        done = self.run(EMPTY.format(folders=shlex.join(folders)), user=ROOT)
        if done.exit_code != 0:
            raise EngineError(
                "Folders of the task's environment could not be emptied:"
                f" {(done.stderr or done.stdout).strip()[-500:]}"
            )

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files and folders by commands; what is not there, or stays, does no harm."""
        for first in range(0, len(paths), REMOVED_AT_ONCE):
            some = shlex.join(paths[first : first + REMOVED_AT_ONCE])
            self.run(f"rm -rf -- {some}", user=ROOT)

    def fetch_logs(
        self, folder: Path, *, parts: Sequence[str] = PARTS, are_empty: bool = False
    ) -> None:
        """Copy /logs out into a folder of the trial, in Harbor's layout.

        Where it is known that they are empty, the engine is not asked for them.
        """
        staging = folder / "logs"
        if are_empty:
            for part in parts:
                (staging / part).mkdir(parents=True, exist_ok=True)
        else:
            self.container.fetch("/logs", staging, max_bytes=LOG_BYTES)
        places = {part: folder / part for part in PARTS}
        places["artifacts"] = folder / "artifacts" / "logs" / "artifacts"
        for part, place in places.items():
            if part not in parts:
                shutil.rmtree(staging / part, ignore_errors=True)
            elif (staging / part).is_dir() and not (place.is_dir() and any(place.iterdir())):
                _move(staging / part, place)
        if staging.is_dir() and not any(staging.iterdir()):
            staging.rmdir()


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was found in an image before any agent was there."""

    has_tests: bool
    """Whether the image has something of its own at /tests."""
    workdir: str = "/"
    """Where commands run."""
    tools: Tools = field(default_factory=Tools)
    """Interpreters and programs that are not where the system has its own."""
    packages: frozenset[str] = field(default_factory=frozenset)
    """What the tests import, or pytest does for them, and the image has as a package."""
    habits: Habits = field(default_factory=Habits)
    """What the task's tests do."""
    touched: Mapping[str, FileChange] | None
    """What the environment changes itself as it starts; None: the engine cannot tell."""


class Surveys:
    """Looks at images, once for each content of a task. Thread-safe."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Survey] = {}
        self._lock = threading.Lock()

    def of(self, box: Box, plan: TrialPlan, *, users: Mapping[str, str], place: str = "") -> Survey:
        """What is in the task's image, or in that of its verifier named by `place`.

        `users` are those who will run commands, with the key of task.toml that names them.

        Raises:
            TaskError: the image has no bash, or does not know one of the users.
        """
        key = (plan.task.digest, place)
        with self._lock:
            known = self._known.get(key)
        if known is None:
            known = _survey(box, plan.task)
            if not plan.rules.harbor_quirks:
                for user, where in users.items():
                    _refuse_unknown(box, user, where)
            with self._lock:
                self._known[key] = known
        return known


def _survey(box: Box, task: Task) -> Survey:
    folders = (folder for step in task.steps for folder in step.verifier.tests)
    habits = habits_of(folders)
    done = box.run(question(habits.imports | OF_PYTEST), user=ROOT)
    if done.exit_code != 0:
        raise TaskError(
            f"An image of task {task.name!r} cannot run commands with bash, as every image of a"
            " task must; install bash in its Dockerfile. The engine says:"
            f" {(done.stderr or done.stdout).strip()[-300:]}"
        )
    changes = box.container.changes()
    touched = None if changes is None else {change.path: change for change in changes}
    here = [line[5:] for line in done.stdout.splitlines() if line.startswith("here /")]
    return Survey(
        has_tests="tests" in done.stdout.splitlines(),
        workdir=here[0] if here else "/",
        tools=tools_of(done.stdout),
        packages=packages_of(done.stdout) | (OF_PYTEST if habits.runs_pytest else frozenset()),
        habits=habits,
        touched=touched,
    )


def _refuse_unknown(box: Box, user: str, where: str) -> None:
    if user.replace(":", "").isdigit():
        return
    done = box.run("exit 0", user=user)
    if done.exit_code != 0:
        raise TaskError(
            f"The user {user!r} of {where} in task.toml cannot run commands in the task's image;"
            " make it with a RUN line of the Dockerfile, or name another one. The engine says:"
            f" {(done.stderr or done.stdout).strip()[-300:]}"
        )


def _move(source: Path, place: Path) -> None:
    """Move a folder to a place where at most an empty one is."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_dir():
        place.rmdir()
    source.replace(place)
