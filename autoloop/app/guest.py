"""agent.py as a guest elsewhere: its container is ours and here, the task's is Harbor's.

Composed for `autoloop.harbor`. agent.py itself never runs on the host, whoever is the host.
"""

import threading
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autoloop.app.clock import SystemClock
from autoloop.app.compose import OFFLINE, task_chat_model
from autoloop.app.contents import program_of
from autoloop.app.project import Project, read_agent
from autoloop.gateway import SocketGateway
from autoloop.ports import Grant
from autoloop.records import AgentEnd, Failure, McpServer, Quota, Usage
from autoloop.remote import BaseEnvironment, Bridge, RemoteContainer
from autoloop.sandbox import DockerSandbox
from autoloop.trial.atif import AtifAgent, trajectory
from autoloop.trial.env import BoxEnv
from autoloop.trial.seat import AgentRecord, AgentSeat

RUN = "harbor"
"""In the labels of our containers, where a climb has its name."""
UNBOUNDED_S = 30 * 24 * 3600.0
"""The host's own limit ends a visit; this one never does."""
GONE = AgentEnd(finished=False, error="Harbor ended its time")


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestWish:
    """Which agent.py is to be run, and what it may do."""

    agent_py: Path
    project: Path
    """Its settings and its agent image are used; the image's folder may be all there is."""
    model: str | None = None
    """By litellm's naming; None is the offline stand-in."""
    calls: int | None = None
    """Limits for each instruction; None leaves what the project's program.md says."""
    tokens: int | None = None
    usd: float | None = None
    seed: int = 0
    name: str = "guest"
    """Name of the trial, for labels and the trace."""
    mcp_servers: tuple[McpServer, ...] = ()
    skills_dir: str | None = None
    trajectory: Path | None = None
    """ATIF file with what went before."""


class Guest:
    """One agent.py, ready to be given instructions in environments of Harbor's."""

    def __init__(self, wish: GuestWish) -> None:
        """Read agent.py and the project's settings.

        Raises:
            UserError: they cannot be used.
        """
        self.wish = wish
        self.source = read_agent(wish.agent_py)
        self.settings = program_of(Project(root=wish.project)).settings

    def sandbox(self) -> DockerSandbox:
        """This machine's container engine, for the agent's own container.

        Raises:
            UserError: none answers.
        """
        return DockerSandbox(self.wish.project, run=RUN, agent_folder=self.settings.agent_folder)

    def prepare(self) -> None:
        """Make the image that agent.py runs in; remove what dead processes left.

        Raises:
            UserError: no container engine answers.
            ImageError: the image cannot be built.
        """
        with self.sandbox() as sandbox:
            sandbox.sweep()
            sandbox.agent_image()

    def quota(self) -> Quota:
        """What one instruction may take."""
        own, wish = self.settings.trial.quota(), self.wish
        return Quota(
            calls=own.calls if wish.calls is None else wish.calls,
            tokens=own.tokens if wish.tokens is None else wish.tokens,
            usd=own.usd if wish.usd is None else wish.usd,
        )

    def grant(self) -> Grant:
        """What the gateway lets it do for one instruction."""
        wish = self.wish
        before = wish.trajectory.read_text(encoding="utf-8") if wish.trajectory else None
        return Grant(
            trial=wish.name,
            agent_source=self.source,
            seed=wish.seed,
            quota=self.quota(),
            mcp_servers=wish.mcp_servers,
            skills_dir=wish.skills_dir,
            trajectory=before,
        )


class Visit:
    """One call of `solve` in an environment of Harbor's.

    Made on Harbor's event loop; `run` belongs to a thread of its own, `stop` to any other.
    """

    def __init__(self, guest: Guest, instruction: str, environment: BaseEnvironment) -> None:
        user = environment.default_user
        self._guest = guest
        self._instruction = instruction
        self._box = RemoteContainer(Bridge.here(), environment)
        self._env = BoxEnv(
            self._box, user=None if user is None else str(user), env={}, workdir=None
        )
        self._clock = SystemClock()
        self._started_at: datetime = self._clock.now()
        self._lock = threading.Lock()
        self._is_stopped = False
        self._record: AgentRecord | None = None

    @property
    def usage(self) -> Usage:
        """What its model calls consumed."""
        return self._record.usage if self._record else Usage()

    @property
    def stdout(self) -> str:
        """What agent.py printed."""
        return self._record.stdout if self._record else ""

    def run(self) -> Failure | None:
        """Let `solve` run to its end; why it did not go well, if so.

        Raises:
            AutoloopError: it is not the agent's fault: engine, image, provider.
        """
        model = task_chat_model(self._guest.wish.model or OFFLINE, self._guest.settings.models)
        with ExitStack() as stack:
            sandbox = stack.enter_context(self._guest.sandbox())
            gateway = stack.enter_context(SocketGateway(model, clock=self._clock))
            seat = stack.enter_context(
                AgentSeat.open(sandbox, gateway, self._guest.grant(), trial=self._guest.wish.name)
            )
            with self._lock:
                self._record = seat.record
                if self._is_stopped:
                    return None
            return seat.turn(self._instruction, self._env, timeout_s=UNBOUNDED_S)

    def stop(self) -> None:
        """End it early, with the commands that it has at work in the environment."""
        with self._lock:
            self._is_stopped = True
            record = self._record
        self._env.close()
        if record is not None:
            record.session.stop(GONE)
        self._box.interrupt()

    def trace(self, version: str) -> str:
        """What happened, as an ATIF document."""
        agent = AtifAgent(
            name="autoloop", version=version, model_name=self._guest.wish.model or OFFLINE
        )
        document = trajectory(
            self._guest.wish.name,
            self._record.events if self._record else (),
            agent=agent,
            instruction=self._instruction,
            at=self._started_at,
        )
        return document.text()
