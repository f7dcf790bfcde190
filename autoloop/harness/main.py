"""Starts agent.py: fetches it, imports it, calls `solve`, and reports how that ended."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import traceback
import types
from pathlib import Path

# `-I` keeps the script's folder off the path; this is the folder that `autoloop/harness` lies in.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from autoloop.harness import forward
from autoloop.harness.door import Door
from autoloop.harness.env import Env
from autoloop.harness.model import Model

SOCKET = os.environ.get("AUTOLOOP_SOCKET", "/run/autoloop/sock")


def main() -> None:
    """Run the agent once; a failure is reported, then ends the process like any exception."""
    door = Door(SOCKET)
    start = door.get("/autoloop/start").body
    os.environ["HOME"] = tempfile.gettempdir()
    forward.point_sdks_at(forward.listen(SOCKET))
    finished = False
    try:
        run_agent(str(start["agent_source"]), str(start["instruction"]), door)
        finished = True
    finally:
        # Whatever ended it, `sys.exit` too; the container may be killed once this is sent.
        # The text may hold half surrogate pairs, of odd file names for example.
        error = None if finished else traceback.format_exc().encode(errors="replace").decode()
        sys.stdout.flush()
        sys.stderr.flush()
        door.post("/autoloop/finish", {"finished": finished, "error": error})


def run_agent(source: str, instruction: str, door: Door) -> None:
    """Import agent.py as the module `agent` and call its `solve`."""
    folder = Path(tempfile.mkdtemp(prefix="agent-"))
    (folder / "agent.py").write_text(source, encoding="utf-8")
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    solve = getattr(importlib.import_module("agent"), "solve", None)
    if not callable(solve):
        raise TypeError("agent.py does not define the function solve(instruction, env, model)")
    result = solve(instruction, Env(door), Model(door))
    if isinstance(result, types.CoroutineType):
        # By name: to load it takes as long as all the rest, and most agents do without.
        importlib.import_module("asyncio").run(result)


if __name__ == "__main__":
    main()
