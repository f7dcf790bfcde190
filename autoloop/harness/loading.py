"""agent.py, imported once and called turn by turn."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autoloop.harness.env import Env
from autoloop.harness.model import Model

_HARBOR = "harbor.agents.base"


def load(source: str, env: Env, model: Model) -> Callable[[str], None]:
    """Import agent.py as the module `agent`; what is returned is called with each instruction."""
    folder = Path(tempfile.mkdtemp(prefix="agent-"))
    (folder / "agent.py").write_text(source, encoding="utf-8")
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    module = importlib.import_module("agent")
    solve = getattr(module, "solve", None)
    if callable(solve):
        return _Solve(solve, env, model)
    if _HARBOR in sys.modules:
        # By name: Harbor is there only in images that bring it, and takes its time.
        harbor = importlib.import_module("autoloop.harness.harbor_agent")
        if (agent_class := harbor.find_agent(module)) is not None:
            return _Solve(harbor.HarborAgent(agent_class, env).solve, env, model)
    raise TypeError(
        "agent.py defines neither the function solve(instruction, env, model) nor a class derived"
        " from harbor.agents.base.BaseAgent"
    )


class _Solve:
    """A `solve`, plain or async; all its turns share one event loop."""

    def __init__(self, function: Callable[..., Any], env: Env, model: Model) -> None:
        self._function = function
        self._env = env
        self._model = model
        self._loop: Any = None

    def __call__(self, instruction: str) -> None:
        result = self._function(instruction, self._env, self._model)
        if isinstance(result, types.CoroutineType):
            self._wait_for(result)

    def _wait_for(self, coroutine: types.CoroutineType[Any, Any, Any]) -> None:
        # By name: to load it takes as long as all the rest, and most agents do without.
        asyncio = importlib.import_module("asyncio")
        if self._loop is None:
            # One loop for all turns: clients that an agent keeps are bound to it.
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(coroutine)
