"""The two halves of a trial: the task container through its life, and the agent's time in it."""

import os
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from autoloop import harness
from autoloop.errors import EngineError, InfraError, ModelError, ProviderError
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
    CommandResult,
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
HARNESS_FOLDER = Path(harness.__file__).parent
HARNESS = "/opt/autoloop/harness"
SOCKET_FOLDER = "/run/autoloop"
NOBODY = "65534:65534"
AGENT_RESOURCES = Resources(cpus=1.0, memory_mb=2048, pids=256)
ERROR_LENGTH = 1_500
CRASHED = "AgentCrashed"
NO_SOLUTION = "FileNotFoundError"
UNVERIFIED = frozenset({CRASHED, NO_SOLUTION})
"""Failures after which there is nothing to verify: the trial counts 0."""
IDLE_S = 60.0
"""How long an action that goes on may take to notice that its command was killed."""


@dataclass(slots=True)
class AgentRecord:
    """What the host saw of the agent; complete once its session is closed."""

    session: Session | None = None
    stdout: str = ""

    @property
    def usage(self) -> Usage:
        """What its model calls consumed."""
        return self.session.usage if self.session else Usage()

    @property
    def events(self) -> tuple[TraceEvent, ...]:
        """What it did, in order."""
        return self.session.events if self.session else ()

    @property
    def trouble(self) -> Exception | None:
        """What it met that was the machine's fault."""
        return self.session.trouble if self.session else None


class TaskBox:
    """The task container: started, used by the agent, sealed, verified."""

    def __init__(self, container: Container, task: Task) -> None:
        self.container = container
        self.task = task
        self.env = BoxEnv(container, task)
        self._cleared = ["/logs/verifier"]

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
        if not box.has("/tests"):
            # What lies there later is the agent's, and must not be mixed into the tests.
            box._cleared.append("/tests")
        box.container.mark()
        return box

    def has(self, path: str) -> bool:
        """Whether anything is at the path."""
        try:
            self.container.read(path, max_bytes=0)
        except FileNotFoundError:
            return False
        except ValueError:
            # A folder, or a file that is not empty.
            return True
        return True

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
                kind=NO_SOLUTION,
                message=f"The oracle runs the task's solution, and there is no file"
                f" {str(self.task.folder / 'solution' / 'solve.sh')!r}: write it.",
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

    def verify(self, folder: Path) -> Mapping[str, float]:
        """End what the agent left running, copy the tests in, run them, read the rewards.

        Whatever comes of it, /logs is copied out into the trial's folder.

        Raises:
            RewardProblem: there is no usable reward.
        """
        try:
            done = self._run_tests()
        finally:
            self.fetch_logs(folder)
        return self._rewards(done, folder / "verifier")

    def _run_tests(self) -> CommandResult:
        self._end_agents_time()
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
        return done

    def _end_agents_time(self) -> None:
        """Nothing of the agent goes on after this, neither in the container nor on its way to it.

        Raises:
            AgentError: as `Container.seal`.
            EngineError: an action of the agent does not end.
        """
        idle = self.env.close()
        tests = {"/tests": self.task.tests_folder}
        self.container.seal(self._cleared, bring=tests)
        if idle:
            return
        if not self.env.wait_until_idle(IDLE_S):
            raise EngineError(
                f"An action in the task container went on for {IDLE_S:g} s after its processes"
                " were killed; the container engine is overloaded or broken."
            )
        # What went on may have started or written something after the first time.
        self.container.seal(self._cleared, bring=tests)

    def _rewards(self, done: CommandResult, fetched: Path) -> Mapping[str, float]:
        try:
            return read_rewards(self.container, fetched=fetched)
        except RewardProblem as problem:
            if done.exit_code == 0:
                raise
            said = (done.stderr or done.stdout).strip()[-500:]
            end = f"tests/test.sh ended with exit code {done.exit_code}" + (said and f": {said}")
            raise RewardProblem(problem.kind, f"{problem} {end}") from problem

    def fetch_logs(self, folder: Path) -> None:
        """Copy /logs out into the trial's folder."""
        staging = folder / "logs"
        self.container.fetch("/logs", staging, max_bytes=LOG_BYTES)
        for name in ("agent", "verifier", "artifacts"):
            target = folder / name
            if (staging / name).is_dir() and not any(target.iterdir()):
                target.rmdir()
                (staging / name).replace(target)
        if staging.is_dir() and not any(staging.iterdir()):
            staging.rmdir()

    def _executable(self, source: Path, path: str) -> None:
        if not os.access(source, os.X_OK):
            self.container.run(f"chmod +x {path}", user="0")


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
        self, request: TrialRequest, box: TaskBox, *, trial: str, record: AgentRecord
    ) -> Failure | None:
        """Run agent.py in its own container; the container is gone when this returns."""
        grant = Grant(
            trial=trial,
            instruction=request.task.instruction,
            agent_source=request.agent.source,
            seed=request.seed,
            quota=request.quota,
        )
        with self._gateway.open(grant, box.env) as session:
            record.session = session
            with self._sandbox.start(self._spec(session, trial)) as container:
                end = self._watch(session, container)
                container.kill()
                record.stdout = container.logs()
        return self._judge(end, session, record.stdout)

    def _spec(self, session: Session, trial: str) -> ContainerSpec:
        return ContainerSpec(
            image=self._sandbox.agent_image(),
            labels={"trial": trial},
            command=("python3", "-I", f"{HARNESS}/main.py"),
            user=NOBODY,
            network="none",
            resources=AGENT_RESOURCES,
            binds=(
                Bind(source=HARNESS_FOLDER, target=HARNESS),
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

    def _judge(self, end: AgentEnd | None, session: Session, stdout: str) -> Failure | None:
        trouble = session.trouble
        if isinstance(trouble, ModelError):
            raise trouble
        if end is not None and end.finished:
            return None
        if trouble is not None:
            raise trouble if isinstance(trouble, InfraError) else ProviderError(str(trouble))
        if not session.began:
            raise EngineError(_never_began(end, stdout))
        if end is None:
            return _timeout(self._timeout_s)
        return _crash(end, session.over_quota)


def _never_began(end: AgentEnd | None, stdout: str) -> str:
    how = end.error if end else "its time was over"
    said = f" It printed: {stdout.strip()[-500:]}" if stdout.strip() else ""
    return (
        f"The agent container did not get as far as agent.py: {how}. Check the image of"
        f" sandboxes/agent/Dockerfile and that others may read {str(HARNESS_FOLDER)!r}.{said}"
    )


def _crash(end: AgentEnd, over_quota: str | None) -> Failure:
    error = (end.error or "no reason given")[-ERROR_LENGTH:]
    if over_quota is None:
        return Failure(kind=CRASHED, message=f"agent.py failed: {error}")
    return Failure(
        kind="QuotaExceededError",
        message=f"agent.py failed when its quota was used up. {over_quota} It ended with: {error}",
    )


def _timeout(limit_s: float) -> Failure:
    return Failure(
        kind="AgentTimeoutError",
        message=f"agent.py was ended when the {limit_s:g} s of [agent].timeout_sec were over.",
    )
