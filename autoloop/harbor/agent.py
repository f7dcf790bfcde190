"""Runs our agent.py under Harbor, in any of its environments."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from harbor.agents.base import BaseAgent
from harbor.agents.capabilities import AgentCapabilities
from harbor.agents.installed.base import NonZeroAgentExitCodeError
from harbor.agents.options import AgentOptions
from harbor.environments.base import BaseEnvironment
from harbor.models.agent.context import AgentContext
from harbor.models.task.config import MCPServerConfig
from pydantic import Field, NonNegativeFloat, PositiveInt

from autoloop import __version__
from autoloop.app.guest import Guest, GuestWish, Visit
from autoloop.errors import UserError
from autoloop.records import Failure, McpServer

OFFLINE = "offline"
CRASHED = "AgentCrashed"


class AgentCrashed(RuntimeError):  # noqa: N818 - Harbor records the name, and ours is this one
    """agent.py itself failed; Harbor then verifies nothing, and the trial has no reward."""


class QuotaExceededError(NonZeroAgentExitCodeError):  # type: ignore[misc]  # mypy has no Harbor
    """agent.py failed when its quota was used up; Harbor verifies what it had done until then."""


class Options(AgentOptions):  # type: ignore[misc]  # mypy has no Harbor
    """What `--ak name=value` can say."""

    agent_py: Path = Field(default=Path("agent.py"), description="The agent.py to run.")
    project: Path = Field(
        default=Path(),
        description="Folder whose program.md and sandboxes/agent are used, if it has any.",
    )
    calls: PositiveInt | None = Field(
        default=None, description="Model calls for each instruction; else as program.md says."
    )
    tokens: PositiveInt | None = Field(
        default=None, description="Tokens for each instruction; else as program.md says."
    )
    usd: NonNegativeFloat | None = Field(
        default=None, description="Dollars for each instruction; else as program.md says."
    )
    seed: int = Field(default=0, description="Seed that agent.py is given.")


class Agent(BaseAgent):  # type: ignore[misc]  # mypy has no Harbor
    """An agent.py of autoloop's. It runs in a container of its own on this machine.

    That container has no network and no keys; models are reached through autoloop's gateway with
    the provider of `-m` and the keys of this process. Without `-m`, or with `-m offline`, a
    built-in stand-in answers. Each instruction of a task of several steps is a new process.
    """

    capabilities = AgentCapabilities(
        atif=True, skills=True, mcp_servers=True, load_atif_trajectory=True
    )
    DEFAULT_SETUP_TIMEOUT_SEC: ClassVar[float] = 1_200.0
    """The first trial may have to build the image that agent.py runs in."""
    options_model = Options

    @staticmethod
    def name() -> str:
        """The agent's name in Harbor's files."""
        return "autoloop"

    def version(self) -> str:
        """The version of autoloop."""
        return __version__

    @classmethod
    def preflight(
        cls, kwargs: dict[str, Any] | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        """Look whether agent.py can be read and a container engine answers, before any trial.

        Raises:
            ValueError: with a sentence that says what to do.
        """
        super().preflight(kwargs, env)
        options = Options.model_validate(kwargs or {})
        try:
            Guest(_wish(options)).sandbox().close()
        except UserError as error:
            raise ValueError(str(error)) from error

    async def setup(self, environment: BaseEnvironment) -> None:
        """Build the image of agent.py's container where it is not here."""
        del environment
        await asyncio.to_thread(self._guest().prepare)

    async def run(
        self, instruction: str, environment: BaseEnvironment, context: AgentContext
    ) -> None:
        """Let agent.py's `solve` act in Harbor's environment.

        Raises:
            AgentCrashed: `solve` failed.
            QuotaExceededError: it failed over its quota.
            AutoloopError: the machine or the provider failed.
        """
        visit = Visit(self._guest(), instruction, environment)
        try:
            failure = await _finished(visit)
        finally:
            self._write(visit, context)
        if failure is not None:
            _note(context, failure)
            raise _exception(failure)

    async def load(
        self, instruction: str, environment: BaseEnvironment, context: AgentContext
    ) -> None:
        """As `run`; agent.py is told what went before as `env.trajectory`."""
        await self.run(instruction, environment, context)

    def _guest(self) -> Guest:
        wish = replace(
            _wish(Options.model_validate(self.options, from_attributes=True)),
            model=None if self.model_name == OFFLINE else self.model_name,
            name=self.session_id or self.name(),
            mcp_servers=tuple(map(_server, self.mcp_servers)),
            skills_dir=self.skills_dir,
            trajectory=self.load_trajectory,
        )
        return Guest(wish)

    def _write(self, visit: Visit, context: AgentContext) -> None:
        usage = visit.usage
        context.n_input_tokens = usage.prompt_tokens
        context.n_cache_tokens = usage.cached_tokens
        context.n_output_tokens = usage.completion_tokens
        context.cost_usd = usage.cost_usd
        context.metadata = {"model_calls": usage.calls}
        self.logs_dir.mkdir(parents=True, exist_ok=True)
        trace = self.logs_dir / "trajectory.json"
        trace.write_text(visit.trace(self.version()), encoding="utf-8")
        (self.logs_dir / "stdout.txt").write_text(visit.stdout, encoding="utf-8")


async def _finished(visit: Visit) -> Failure | None:
    """Wait for it in threads; when Harbor's time for the agent is over, end it first."""
    loop = asyncio.get_running_loop()
    threads = ThreadPoolExecutor(2, thread_name_prefix="autoloop-visit")
    work = loop.run_in_executor(threads, visit.run)
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await loop.run_in_executor(threads, visit.stop)
        await asyncio.gather(work, return_exceptions=True)
        raise
    finally:
        threads.shutdown(wait=False)


def _wish(options: Options) -> GuestWish:
    return GuestWish(
        agent_py=options.agent_py,
        project=options.project,
        calls=options.calls,
        tokens=options.tokens,
        usd=options.usd,
        seed=options.seed,
    )


def _server(server: MCPServerConfig) -> McpServer:
    return McpServer(
        name=server.name,
        transport=server.transport,
        url=server.url,
        command=server.command,
        args=tuple(server.args),
    )


def _note(context: AgentContext, failure: Failure) -> None:
    context.metadata = {
        **(context.metadata or {}),
        "failure": failure.kind,
        "message": failure.message,
    }


def _exception(failure: Failure) -> RuntimeError:
    """What Harbor's trial makes of a failure hangs on the exception's class."""
    return (AgentCrashed if failure.kind == CRASHED else QuotaExceededError)(failure.message)
