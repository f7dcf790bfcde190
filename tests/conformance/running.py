"""Runs many cases at once on the real parts: sandbox, gateway, egress, verifier."""

import os
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from autoloop.app.clock import SystemClock
from autoloop.egress import EgressProxy
from autoloop.engines import LocalEngine
from autoloop.gateway import SocketGateway
from autoloop.ports import TrialRunner
from autoloop.records import Network, Purpose, Task, TaskProblem, TrialRequest, TrialResult
from autoloop.sandbox import DockerSandbox
from autoloop.tasks import find_tasks
from autoloop.testing.models import ScriptedModel, reply
from autoloop.trial import SandboxRunner
from tests.conformance.case import Case, write_case

ROOT = Path(__file__).parents[2]
RUN = f"test-conformance-{os.getpid()}"
WORKERS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """What became of a case: problems of its folder, or a trial."""

    problems: tuple[TaskProblem, ...] = ()
    task: Task | None = None
    result: TrialResult | None = None
    folder: Path = Path()
    """Of the trial."""


class Bench:
    """Runs cases on one engine; leaving its context ends everything. Used by one thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._runners = _Runners()
        self._problems: dict[str, tuple[TaskProblem, ...]] = {}
        self._requests: dict[str, TrialRequest] = {}
        self._pending: dict[str, Future[TrialResult]] = {}

    def __enter__(self) -> Self:
        self._sandbox = self._stack.enter_context(DockerSandbox(ROOT, run=RUN))
        self._egress = self._stack.enter_context(EgressProxy())
        model = ScriptedModel(lambda _request: reply("Fine."))
        gateway = SocketGateway(model, clock=SystemClock())
        self._gateway = self._stack.enter_context(gateway)
        self._engine = LocalEngine(self._runners, workers=WORKERS)
        self._stack.callback(self._engine.close)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for future in self._pending.values():
            future.cancel()
        self._stack.close()

    def start(self, cases: Iterable[Case]) -> None:
        """Write all tasks below one folder, read them as one set, and start a trial of each."""
        tasks = self._folder / "tasks"
        by_folder = {write_case(case, tasks): case for case in cases}
        found = find_tasks(tasks, host_env=os.environ)
        for entry in found.problems:
            name = by_folder[entry.folder].id
            self._problems[name] = (*self._problems.get(name, ()), entry)
        usable = {task.folder: task for task in found.tasks}
        for folder, case in by_folder.items():
            if folder in usable:
                task = usable[folder]
                self._submit(case, task if case.is_about_network else _cut_off(task))

    def end(self, case: Case) -> End:
        """What became of a case that was started; waits for it."""
        if case.id in self._problems:
            return End(problems=self._problems[case.id])
        result = self._pending[case.id].result()
        folder = self._folder / "runs" / case.id / result.folder
        return End(task=self._requests[case.id].task, result=result, folder=folder)

    def again(self, case: Case) -> End:
        """The end of the same trial, run once more in the same run."""
        self.end(case)
        self._pending[case.id] = self._engine.submit(self._requests[case.id])
        return self.end(case)

    def _submit(self, case: Case, task: Task) -> None:
        self._runners.by_task[task.name] = SandboxRunner(
            self._sandbox,
            self._gateway,
            self._egress,
            run_folder=self._folder / "runs" / case.id,
            clock=SystemClock(),
            rules=case.rules,
        )
        request = TrialRequest(
            task=task, agent=case.solver, purpose=Purpose.EVAL, attempt=0, seed=1
        )
        self._requests[case.id] = request
        self._pending[case.id] = self._engine.submit(request)


def _cut_off(task: Task) -> Task:
    """The task without a network, in environments of one container; a group has one anyway."""
    environment = task.environment
    if environment.compose is not None or environment.network != Network():
        return task
    return replace(task, environment=replace(environment, network=Network(mode="none")))


class _Runners:
    """Hands each trial to the runner with the rules of its case."""

    def __init__(self) -> None:
        self.by_task: dict[str, TrialRunner] = {}

    def run(self, request: TrialRequest) -> TrialResult:
        return self.by_task[request.task.name].run(request)
