"""agent.py's seat: a container of its own that waits while the task's environment still starts."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

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
    TaskEnv,
    Turn,
)
from autoloop.records import AgentEnd, Failure, Resources, TraceEvent, Usage

HARNESS_FOLDER = Path(harness.__file__).parent
HARNESS = "/opt/autoloop/harness"
SOCKET_FOLDER = "/run/autoloop"
NOBODY = "65534:65534"
AGENT_RESOURCES = Resources(cpus=1.0, memory_mb=2048, pids=256)
ERROR_LENGTH = 1_500
CRASHED = "AgentCrashed"


@dataclass(slots=True)
class AgentRecord:
    """What the host saw of the agent; complete once its seat is left."""

    session: Session
    stdout: str = ""

    @property
    def usage(self) -> Usage:
        """What its model calls consumed."""
        return self.session.usage

    @property
    def events(self) -> tuple[TraceEvent, ...]:
        """What it did, in order."""
        return self.session.events

    @property
    def unrecorded(self) -> int:
        """How many events its record had no room for."""
        return self.session.unrecorded

    @property
    def trouble(self) -> Exception | None:
        """What it met that was the machine's fault."""
        return self.session.trouble


class AgentSeat:
    """One agent.py in its container, for one turn after the other. Used by one thread."""

    def __init__(
        self, session: Session, sandbox: Sandbox, *, trial: str, engine_work: ThreadPoolExecutor
    ) -> None:
        """Use `open`; `engine_work` has one thread, so that the end comes after the start."""
        self.record = AgentRecord(session)
        self.is_usable = True
        """Whether another turn can be given: every turn so far ended with `solve` returning."""
        self._session = session
        self._engine_work = engine_work
        self._stack = ExitStack()
        self._lost: list[InfraError] = []
        self._is_left = False
        self._container: Future[Container] = engine_work.submit(self._start, sandbox, trial)

    @classmethod
    @contextmanager
    def open(
        cls, sandbox: Sandbox, gateway: Gateway, grant: Grant, *, trial: str
    ) -> Iterator["AgentSeat"]:
        """Open the session and start the agent's container in the background.

        Leaving the context ends both and waits until the record is complete.
        """
        with gateway.open(grant) as session, ThreadPoolExecutor(1, "agent-seat") as pool:
            seat = cls(session, sandbox, trial=trial, engine_work=pool)
            try:
                yield seat
            finally:
                seat.leave()

    def turn(self, instruction: str, env: TaskEnv, *, timeout_s: float) -> Failure | None:
        """Let `solve` run once, as soon as the container is there; why it did not go well, if so.

        Raises:
            InfraError: the agent could not be started, or did not get over what the machine did.
            ModelError: the provider refuses for good.
        """
        container = self._container.result()
        self._session.begin(Turn(instruction=instruction, env=env))
        end = self._session.wait(timeout_s)
        self.is_usable = end is not None and end.finished
        if self._lost:
            raise self._lost[0]
        return self._judge(end, container, timeout_s)

    def leave(self) -> None:
        """End the agent's container in the background; no turn comes after. Harmless to repeat."""
        if not self._is_left:
            self._is_left = True
            self._engine_work.submit(self._end)

    def _start(self, sandbox: Sandbox, trial: str) -> Container:
        spec = ContainerSpec(
            image=sandbox.agent_image(),
            labels={"trial": trial},
            command=("python3", "-I", f"{HARNESS}/main.py"),
            user=NOBODY,
            network="none",
            resources=AGENT_RESOURCES,
            binds=(
                Bind(source=HARNESS_FOLDER, target=HARNESS),
                Bind(source=self._session.folder, target=SOCKET_FOLDER),
            ),
            hardened=True,
        )
        container = self._stack.enter_context(sandbox.start(spec))
        # A daemon: an engine that never answers must not keep alive a process the user has ended.
        threading.Thread(
            target=self._watch, args=[container], name="agent-exit", daemon=True
        ).start()
        return container

    def _watch(self, container: Container) -> None:
        error = "its process ended before `solve` returned"
        try:
            error += f" (exit code {container.wait()})"
        except InfraError as problem:
            self._lost.append(problem)
        self._session.stop(AgentEnd(finished=False, error=error))

    def _end(self) -> None:
        # Whatever fails here has no bearing on what the agent did; the sandbox removes it later.
        with suppress(InfraError), self._stack:
            if self._container.exception() is None:
                container = self._container.result()
                container.kill()
                self.record.stdout = container.logs()

    def _judge(
        self, end: AgentEnd | None, container: Container, timeout_s: float
    ) -> Failure | None:
        session = self._session
        trouble = session.trouble
        if isinstance(trouble, ModelError):
            raise trouble
        if end is not None and end.finished:
            return None
        if trouble is not None:
            raise trouble if isinstance(trouble, InfraError) else ProviderError(str(trouble))
        if not session.began:
            raise EngineError(_never_began(end, container.logs()))
        if end is None:
            return agent_timeout(timeout_s)
        return _crash(end, session.over_quota)


def agent_timeout(limit_s: float) -> Failure:
    """The failure of an agent whose time is over."""
    return Failure(
        kind="AgentTimeoutError",
        message=f"agent.py was ended when its {limit_s:g} s were over: [agent].timeout_sec of the"
        " task, or what the settings make of it.",
    )


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
