"""Starts agent.py: imports it, calls `solve` for each turn, and reports how that ended."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

# `-I` keeps the script's folder off the path; this is the folder that `autoloop/harness` lies in.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from autoloop.harness import forward, loading
from autoloop.harness.door import Door, Json
from autoloop.harness.env import Env
from autoloop.harness.model import Model

SOCKET = os.environ.get("AUTOLOOP_SOCKET", "/run/autoloop/sock")
TRIAL_ENDED = 410


def main() -> None:
    """Run the agent until the trial ends; a failure is reported and ends the process as usual."""
    os.environ["HOME"] = tempfile.gettempdir()
    forward.point_sdks_at(forward.listen(SOCKET))
    for name in os.environ.get("AUTOLOOP_PRELOAD", "").split():
        # What an image says its agents need, imported while the task's container still starts.
        importlib.import_module(name)
    door = Door(SOCKET)
    solve: Callable[[str], None] | None = None
    while (turn := next_turn(door)) is not None:
        solve = play(turn, door, solve)


def next_turn(door: Door) -> Json | None:
    """Wait for what is to be done next; None when the trial is over."""
    answer = door.get("/autoloop/start")
    if answer.status == TRIAL_ENDED:
        return None
    if answer.status != 200:
        raise RuntimeError(f"no turn was given: {answer.error}")
    return answer.body


def play(turn: Json, door: Door, solve: Callable[[str], None] | None) -> Callable[[str], None]:
    """Play one turn and report its end; agent.py is imported by the first one."""
    finished = False
    try:
        solve = solve or load(turn, door)
        solve(str(turn["instruction"]))
        finished = True
    finally:
        # Whatever ended it, `sys.exit` too; the container may be killed once this is sent.
        # The text may hold half surrogate pairs, of odd file names for example.
        error = None if finished else traceback.format_exc().encode(errors="replace").decode()
        sys.stdout.flush()
        sys.stderr.flush()
        door.post("/autoloop/finish", {"finished": finished, "error": error})
    return solve


def load(turn: Json, door: Door) -> Callable[[str], None]:
    """agent.py with everything that stays the same from turn to turn."""
    env = Env(
        door,
        mcp_servers=turn["mcp_servers"],
        skills_dir=turn["skills_dir"],
        trajectory=turn["trajectory"],
    )
    return loading.load(str(turn["agent_source"]), env, Model(door))


if __name__ == "__main__":
    main()
