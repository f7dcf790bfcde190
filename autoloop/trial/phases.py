"""The two halves of a trial: the task container through its life, and the agent's time in it."""

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Literal, TypeAlias

from autoloop import harness
from autoloop.errors import InfraError, ModelError, ProviderError
from autoloop.ports import (
    Bind,
    Container,
    ContainerSpec,
    Gateway,
    Grant,
    Sandbox,
    Session,
)
from autoloop.records import (
    AgentEnd,
    Failure,
    Resources,
    Task,
    TraceEvent,
    TrialRequest,
    Usage,
)
from autoloop.trial.box import BoxEnv
from autoloop.trial.health import wait_until_healthy
from autoloop.trial.rewards import RewardProblem, read_rewards

LOG_FOLDERS = ("/logs/agent", "/logs/verifier", "/logs/artifacts")
LOG_BYTES = 32_000_000
HARNESS = "/opt/autoloop/harness"
SOCKET_FOLDER = "/run/autoloop"
NOBODY = "65534:65534"
AGENT_RESOURCES = Resources(cpus=1.0, memory_mb=2048, pids=256)
ERROR_LENGTH = 1_500

Report: TypeAlias = Callable[[Usage, tuple[TraceEvent, ...], str], None]


class TaskBox:
    """The task container: started, used by the agent, sealed, verified."""

    def __init__(self, container: Container, task: Task) -> None:
        self.container = container
        self.task = task

    @classmethod
    def start(cls, sandbox: Sandbox, task: Task, *, trial: str, stack: ExitStack) -> "TaskBox":
        """Start it with the task's limits and wait until it is healthy."""
        environment = task.environment
        spec = ContainerSpec(
            image=sandbox.image(environment),
            labels={"trial": trial},
            env=environment.env,
            workdir=environment.workdir,
            network=environment.network,
            resources=environment.resources,
            folders=LOG_FOLDERS,
        )
        box = cls(stack.enter_context(sandbox.start(spec)), task)
        if environment.image and environment.dockerfile is None and environment.folder.is_dir():
            box.container.put(environment.folder, box.folder())
        if environment.healthcheck is not None:
            wait_until_healthy(box.container, environment.healthcheck)
        box.container.mark()
        return box

    def folder(self) -> str:
        """Where commands run: the task's workdir, else the image's."""
        if self.task.environment.workdir:
            return self.task.environment.workdir
        return self.container.run("pwd").stdout.strip()

    def solve(self, timeout_s: float) -> Failure | None:
        """Run the task's own solution, as Harbor's oracle does."""
        source = self.task.solution_folder
        if source is None:
            return Failure(
                kind="FileNotFoundError",
                message=f"{self.task.folder / 'solution' / 'solve.sh'} is not there.",
            )
        self.container.put(source, "/solution")
        self._executable(source / "solve.sh", "/solution/solve.sh")
        done = self.container.run(
            "(/solution/solve.sh) > /logs/agent/oracle.txt 2>&1",
            timeout_s=timeout_s,
            user=self.task.agent_user,
            env={
                **self.task.environment.env,
                "DEBIAN_FRONTEND": "noninteractive",
                **self.task.solution_env,
            },
            workdir=self.task.environment.workdir,
        )
        return _timeout(timeout_s) if done.timed_out else None

    def verify(self) -> Mapping[str, float]:
        """End what the agent left running, copy the tests in, run them, read the rewards.

        Raises:
            RewardProblem: there is no usable reward.
        """
        self.container.seal(["/logs/verifier"])
        self.container.put(self.task.tests_folder, "/tests")
        self._executable(self.task.tests_folder / "test.sh", "/tests/test.sh")
        done = self.container.run(
            "(/tests/test.sh) > /logs/verifier/test-stdout.txt 2>&1",
            timeout_s=self.task.verifier_timeout_s,
            user=self.task.verifier_user,
            env={**self.task.environment.env, **self.task.verifier_env},
            workdir=self.task.environment.workdir,
        )
        if done.timed_out:
            raise RewardProblem(
                "VerifierTimeoutError",
                f"tests/test.sh ran longer than the {self.task.verifier_timeout_s:g} s of"
                " [verifier].timeout_sec and was ended.",
            )
        return read_rewards(self.container)

    def fetch_logs(self, folder: Path) -> None:
        """Copy /logs out into the trial's folder."""
        staging = folder / "logs"
        self.container.fetch("/logs", staging, max_bytes=LOG_BYTES)
        for name in ("agent", "verifier", "artifacts"):
            target = folder / name
            if (staging / name).is_dir() and not any(target.iterdir()):
                target.rmdir()
                (staging / name).replace(target)

    def _executable(self, source: Path, path: str) -> None:
        if not os.access(source, os.X_OK):
            self.container.run(f"chmod +x {path}", user="root")


class AgentPhase:
    """The agent's time: from its first instruction to its certain end."""

    def __init__(self, sandbox: Sandbox, gateway: Gateway, *, timeout_s: float) -> None:
        self._sandbox = sandbox
        self._gateway = gateway
        self._timeout_s = timeout_s

    def reference(self, kind: Literal["python", "oracle", "nop"], box: TaskBox) -> Failure | None:
        """The two agents that are not code: the task's solution, and doing nothing."""
        return box.solve(self._timeout_s) if kind == "oracle" else None

    def python(
        self, request: TrialRequest, box: TaskBox, *, trial: str, report: Report
    ) -> Failure | None:
        """Run agent.py in its own container; the container is gone when this returns."""
        grant = Grant(
            trial=trial,
            instruction=request.task.instruction,
            agent_source=request.agent.source,
            seed=request.seed,
            quota=request.quota,
        )
        stdout = ""
        with self._gateway.open(grant, BoxEnv(box.container, request.task)) as session:
            try:
                with self._sandbox.start(self._spec(session, trial)) as container:
                    end = self._watch(session, container)
                    container.kill()
                    stdout = container.logs()
            finally:
                report(session.usage, session.events, stdout)
            return self._judge(end, session)

    def _spec(self, session: Session, trial: str) -> ContainerSpec:
        return ContainerSpec(
            image=self._sandbox.agent_image(),
            labels={"trial": trial},
            command=("python3", "-I", f"{HARNESS}/main.py"),
            user=NOBODY,
            network="none",
            resources=AGENT_RESOURCES,
            binds=(
                Bind(source=Path(harness.__file__).parent, target=HARNESS),
                Bind(source=session.folder, target=SOCKET_FOLDER),
            ),
            hardened=True,
        )

    def _watch(self, session: Session, container: Container) -> AgentEnd | None:
        """Wait for the agent's own report, the end of its container, or its time."""
        lost: list[InfraError] = []

        def wait_for_exit() -> None:
            error = "its process ended before `solve` returned"
            try:
                error += f" (exit code {container.wait()})"
            except InfraError as problem:
                lost.append(problem)
            session.stop(AgentEnd(finished=False, error=error))

        threading.Thread(target=wait_for_exit, name="agent-exit", daemon=True).start()
        end = session.wait(self._timeout_s)
        if lost:
            raise lost[0]
        return end

    def _judge(self, end: AgentEnd | None, session: Session) -> Failure | None:
        if isinstance(session.trouble, ModelError):
            raise session.trouble
        if end is None:
            return _timeout(self._timeout_s)
        if end.finished:
            return None
        if session.trouble is not None:
            raise ProviderError(str(session.trouble)) from session.trouble
        error = (end.error or "no reason given")[-ERROR_LENGTH:]
        return Failure(kind="AgentCrashed", message=f"agent.py failed: {error}")


def _timeout(limit_s: float) -> Failure:
    return Failure(
        kind="AgentTimeoutError", message=f"The agent was ended after its {limit_s:g} s."
    )
