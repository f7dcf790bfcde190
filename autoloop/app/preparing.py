"""Builds what all tasks run in before the first trial, and sorts out the tasks that cannot be used.

A build then costs no trial its time, and a task whose image does not build is known at the start.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import NoReturn, Protocol

from autoloop.app.clock import SystemClock
from autoloop.app.contents import Policy
from autoloop.errors import AutoloopError, EngineError, ImageError, InterruptError, TaskError
from autoloop.loop import StopSignal
from autoloop.ports import Clock, Observer
from autoloop.records import Environment, Notice, Task, TaskPrepared, TaskProblem, Timeouts

POLL_S = 0.5
OPEN_SIDE = (
    "Tasks with a public network reach {what}. With `allow_internet = false`, or a list of hosts,"
    " in task.toml they do not."
)


class Builder(Protocol):
    """What is needed of a `Sandbox` here."""

    def prepare(self, environment: Environment, *, timeout_s: float) -> None:
        """As `Sandbox.prepare`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What became of the environments of some tasks."""

    tasks: tuple[Task, ...]
    """Those that can be used."""
    problems: tuple[TaskProblem, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    """How long each task took; next to nothing where its images were there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparing:
    """With what tasks are prepared, and who is told."""

    sandbox: Builder
    timeouts: Timeouts
    workers: int
    observer: Observer
    stop: StopSignal
    open_side: Callable[[], str | None] | None = None
    """What containers reach beside the internet, as `DockerSandbox` says it; None: nobody is told.
    """
    clock: Clock = field(default_factory=SystemClock)

    def prepare(self, tasks: Sequence[Task]) -> Preparation:
        """Prepare all tasks, several at a time; a task that fails becomes a problem.

        Raises:
            InfraError: the engine failed, which says nothing about the tasks.
            InterruptError: someone asked to stop.
        """
        found: dict[str, _Done] = {}
        for done in self._as_they_end(tasks):
            found[done.task] = done
            event = TaskPrepared(task=done.task, done=len(found), total=len(tasks))
            self.observer.notify(event)
        self._warn(tasks)
        problems = [found[task.name].problem for task in tasks]
        return Preparation(
            tasks=tuple(task for task in tasks if found[task.name].problem is None),
            problems=tuple(problem for problem in problems if problem is not None),
            seconds={name: done.seconds for name, done in found.items()},
        )

    def _warn(self, tasks: Sequence[Task]) -> None:
        """Tell once what a public network may lead to here."""
        if self.open_side is not None and any(map(_is_public, tasks)):
            what = self.open_side()
            if what is not None:
                self.observer.notify(Notice(text=OPEN_SIDE.format(what=what)))

    def _as_they_end(self, tasks: Sequence[Task]) -> Iterator["_Done"]:
        waiting: SimpleQueue[Task] = SimpleQueue()
        ended: SimpleQueue[_Done | AutoloopError] = SimpleQueue()
        for task in tasks:
            waiting.put(task)
        # Daemons: whoever interrupts a build of many minutes does not wait for its end.
        crew = [
            threading.Thread(target=self._work, args=(waiting, ended), name="prepare", daemon=True)
            for _ in range(min(self.workers, len(tasks)))
        ]
        for worker in crew:
            worker.start()
        for _ in tasks:
            done = self._next(ended, crew)
            if isinstance(done, AutoloopError):
                raise done
            yield done

    def _next(
        self, ended: "SimpleQueue[_Done | AutoloopError]", crew: Sequence[threading.Thread]
    ) -> "_Done | AutoloopError":
        while True:
            if self.stop.requested:
                raise InterruptError("Interrupted before the first trial; nothing was run.")
            is_at_work = any(worker.is_alive() for worker in crew)
            with suppress(Empty):
                return ended.get(timeout=POLL_S)
            if not is_at_work:
                raise EngineError("Preparing the tasks broke off; the reason stands above.")

    def _work(
        self, waiting: "SimpleQueue[Task]", ended: "SimpleQueue[_Done | AutoloopError]"
    ) -> None:
        with suppress(Empty):
            while True:
                task = waiting.get_nowait()
                began = self.clock.monotonic()
                try:
                    problem = self._problem(task)
                except AutoloopError as error:
                    ended.put(error)
                    return
                seconds = self.clock.monotonic() - began
                ended.put(_Done(task=task.name, seconds=seconds, problem=problem))

    def _problem(self, task: Task) -> TaskProblem | None:
        for environment in environments(task):
            limit = self.timeouts.build_s(environment.build_timeout_s)
            try:
                self.sandbox.prepare(environment, timeout_s=limit)
            except (ImageError, TaskError) as error:
                return _located(task, environment, str(error))
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    task: str
    seconds: float
    problem: TaskProblem | None


def environments(task: Task) -> tuple[Environment, ...]:
    """Every environment that a trial of the task may start, its own first."""
    own = [step.verifier.environment for step in task.steps]
    found = [task.environment, *(one for one in own if one is not None)]
    return tuple(one for number, one in enumerate(found) if one not in found[:number])


def _is_public(task: Task) -> bool:
    """Whether a container of its trials has a public network at some time."""
    later = [net for step in task.steps for net in (step.agent_network, step.verifier.network)]
    networks = [*(one.network for one in environments(task)), *later]
    return any(network is not None and network.mode == "public" for network in networks)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeavingOut:
    """What becomes of the others when some tasks cannot be used."""

    policy: Policy
    observer: Observer
    least: int = 1
    """Tasks that have to be left."""

    def settle(self, problems: Sequence[TaskProblem], *, left: int) -> None:
        """Tell what is left out, or refuse to go on; `left` is the number of good tasks.

        Raises:
            TaskError: the policy is `strict`, or nothing is left; all problems are listed.
        """
        if not problems:
            return
        if left < self.least:
            refuse(problems, "No task is left. Mend one of these.")
        if self.policy == "strict":
            refuse(problems, "Mend them, or go on without: `tasks: skip` in program.md.")
        for problem in problems:
            self.observer.notify(Notice(text=f"Left out: {problem}"))


def refuse(problems: Sequence[TaskProblem], advice: str) -> NoReturn:
    """Raise `TaskError` with every problem on a line of its own."""
    raise TaskError("\n".join([*map(str, problems), advice]))


def _located(task: Task, environment: Environment, reason: str) -> TaskProblem:
    """The problem, with the file that a person would mend."""
    file = environment.compose or environment.dockerfile
    if file is None or (environment.image is not None and environment.compose is None):
        return TaskProblem(
            folder=task.folder, file="task.toml", key="environment.docker_image", reason=reason
        )
    inside = file.is_relative_to(task.folder)
    name = file.relative_to(task.folder).as_posix() if inside else str(file)
    return TaskProblem(folder=task.folder, file=name, key=None, reason=reason)
