"""An agent of Harbor in place of `solve`: set up once, then run turn by turn."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import tempfile
import types
from pathlib import Path
from typing import Any

from harbor.agents.base import BaseAgent
from harbor.models.agent.context import AgentContext
from harbor.models.task.config import MCPServerConfig

from autoloop.harness.env import Env
from autoloop.harness.harbor_environment import SocketEnvironment
from autoloop.harness.model import Model

VERIFIED_ANYWAY = "NonZeroAgentExitCodeError"
"""The one error of an agent after which Harbor, too, looks at what the agent left."""


def find_agent(module: types.ModuleType) -> type[BaseAgent] | None:
    """The agent class of agent.py: one it defines, else one it imports; the last of several.

    A class that another one of the choice derives from is not meant.
    """
    known = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, BaseAgent)
    ]
    own = [found for found in known if found.__module__ == module.__name__]
    choice = own or [found for found in known if not inspect.isabstract(found)]
    leaves = [
        found
        for found in choice
        if not any(other is not found and issubclass(other, found) for other in choice)
    ]
    return leaves[-1] if leaves else None


class HarborAgent:
    """The agent, its environment, and what Harbor's trial does around them."""

    def __init__(self, agent_class: type[BaseAgent], env: Env) -> None:
        self._class = agent_class
        self._env = env
        folder = Path(tempfile.mkdtemp(prefix="harbor-"))
        self._environment = SocketEnvironment(env, folder)
        self._logs = self._environment.trial_paths.agent_dir
        self._trajectory = self._write_trajectory(folder / "trajectory.json")
        self._agent: BaseAgent | None = None

    async def solve(self, instruction: str, env: Env, model: Model) -> None:
        """Play one turn."""
        begin = self._agent is None
        agent = self._agent = self._agent or self._make(model)
        context = AgentContext()
        with self._environment.scoped_exec_env(agent.extra_env):
            if begin:
                await self._set_up(agent)
            play = agent.load if begin and self._trajectory else agent.run
            try:
                await play(instruction, self._environment, context)
            except RuntimeError as error:
                if not _is_verified_anyway(error):
                    raise
                env.note(f"The agent ended with {type(error).__name__}: {error}")
        await self._complete(agent, context)

    def _make(self, model: Model) -> BaseAgent:
        options: dict[str, Any] = {}
        if self._env.mcp_servers:
            options["mcp_servers"] = [MCPServerConfig(**one) for one in self._env.mcp_servers]
        if self._env.skills_dir:
            options["skills_dir"] = self._env.skills_dir
        if self._trajectory:
            options["load_trajectory"] = str(self._trajectory)
        name = os.environ.get("AUTOLOOP_MODEL") or f"openai/{model.name}"
        agent = self._class(logs_dir=self._logs, model_name=name, extra_env={}, **options)
        agent.session_id = f"{self._environment.session_id.removesuffix('__env')}__agent"
        agent.context_id = self._environment.context_id
        self._refuse_what_it_cannot(agent)
        return agent

    def _refuse_what_it_cannot(self, agent: BaseAgent) -> None:
        """As Harbor does, before anything is done."""
        can = agent.capabilities
        missing = [
            feature
            for feature, needed, able in (
                ("skills", self._env.skills_dir, can.skills),
                ("MCP servers", self._env.mcp_servers, can.mcp_servers),
                ("loading an ATIF trajectory", self._trajectory, can.load_atif_trajectory),
            )
            if needed and not able
        ]
        if missing:
            raise ValueError(
                f"Agent {agent.name()!r} does not support what this task brings: "
                f"{', '.join(missing)}"
            )

    async def _set_up(self, agent: BaseAgent) -> None:
        seconds = agent.DEFAULT_SETUP_TIMEOUT_SEC
        try:
            await asyncio.wait_for(agent.setup(environment=self._environment), seconds)
        except TimeoutError as error:
            raise RuntimeError(f"Agent setup timed out after {seconds} seconds") from error

    async def _complete(self, agent: BaseAgent, context: AgentContext) -> None:
        """Let the agent read the logs of its turn, where it wants to."""
        if type(agent).populate_context_post_run is BaseAgent.populate_context_post_run:
            return
        if not context.is_empty():
            return
        try:
            await self._environment.download_dir(str(agent.environment_logs_dir), self._logs)
        except RuntimeError as error:
            # Harbor, too, goes on without them.
            self._env.note(f"The agent's logs could not be fetched for it: {error}")
        agent.populate_context_post_run(context)

    def _write_trajectory(self, file: Path) -> Path | None:
        if self._env.trajectory is None:
            return None
        file.write_text(json.dumps(self._env.trajectory), encoding="utf-8")
        return file


def _is_verified_anyway(error: RuntimeError) -> bool:
    # By name: where nothing raises it, its module need not be loaded.
    return any(kind.__name__ == VERIFIED_ANYWAY for kind in type(error).__mro__)
