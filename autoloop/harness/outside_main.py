"""Starts a coding agent in its workplace: files laid out, way to the models open, clock running.

Runs in the container in the place of `main`: the door is the same, and what `main` calls a task's
environment is the step's desk here.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

# `-I` keeps the script's folder off the path; this is the folder that `autoloop/harness` lies in.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from autoloop.harness import forward
from autoloop.harness.door import Door, Json

SOCKET = os.environ.get("AUTOLOOP_SOCKET", "/run/autoloop/sock")
LAID_OUT = Path(os.environ.get("AUTOLOOP_LAID_OUT", "/opt/autoloop/workspace"))
WORKSPACE = Path(os.environ.get("AUTOLOOP_WORKSPACE", "/workspace"))
OWN = Path(os.environ.get("AUTOLOOP_OWN", "/tmp"))  # noqa: S108 - in the container, and its own
STEP_COMMAND = "autoloop-step"


def main() -> None:
    """Run the program until it ends or its time is over, and report how it ended."""
    base = f"http://127.0.0.1:{forward.listen(SOCKET)}"
    door = Door(SOCKET)
    answer = door.get("/autoloop/start")
    if answer.status != 200:
        raise RuntimeError(f"no step was given: {answer.error}")
    source = str(answer.body["agent_source"])
    plan = dict(json.loads(answer.body["instruction"]))
    lay_out(source)
    surround(plan, base)
    how = run([fill(word, plan, base) for word in plan["command"]], float(plan["seconds"]))
    changed = "was changed" if is_changed(source) else "is as it was"
    sys.stdout.flush()
    door.post("/autoloop/finish", {"finished": True, "error": f"{how}; agent.py {changed}"})


def lay_out(source: str) -> None:
    """Copy what may be written on; traces and earlier steps are mounted where they belong."""
    for path in LAID_OUT.iterdir():
        shutil.copyfile(path, WORKSPACE / path.name)
    (WORKSPACE / "agent.py").write_text(source, encoding="utf-8")


def surround(plan: Json, base: str) -> None:
    """Set the variables that programs read, and put `autoloop-step` on the path."""
    forward.point_sdks_at(int(base.rpartition(":")[2]))
    os.environ["GOOGLE_GEMINI_BASE_URL"] = base
    os.environ["GEMINI_API_KEY"] = forward.PLACEHOLDER_KEY
    home, programs = OWN / "home", OWN / "bin"
    for folder in (home, programs):
        folder.mkdir(exist_ok=True)
    os.environ["HOME"] = str(home)
    os.environ["PATH"] = f"{programs}:{os.environ.get('PATH', os.defpath)}"
    os.environ.update({key: fill(text, plan, base) for key, text in plan["env"].items()})
    step = programs / STEP_COMMAND
    client = Path(__file__).resolve().with_name("outside_step.py")
    step.write_text(f'#!/bin/sh\nexec python3 -I {client} "$@"\n', encoding="utf-8")
    step.chmod(0o755)


def fill(word: str, plan: Json, base: str) -> str:
    """A word of the command, or of the variables, with what only the container knows."""
    names = {"{prompt}": str(plan["prompt"]), "{model}": str(plan["model"]), "{base}": base}
    for name, value in names.items():
        word = word.replace(name, value)
    return word


def run(command: list[str], seconds: float) -> str:
    """Run it; when its time is over it is asked to end. What comes after is the host's business."""
    try:
        program = subprocess.Popen(
            command, cwd=WORKSPACE, stdin=subprocess.DEVNULL, start_new_session=True
        )
    except OSError as error:
        return f"{command[0]!r} cannot be started: {error}"
    late = threading.Timer(seconds, _ask_to_end, [program.pid])
    late.daemon = True
    late.start()
    code = program.wait()
    late.cancel()
    return f"exit code {code}" if code >= 0 else f"ended by signal {-code}"


def _ask_to_end(group: int) -> None:
    try:
        os.killpg(group, signal.SIGTERM)
    except ProcessLookupError:
        # It ended at this very moment.
        return


def is_changed(source: str) -> bool:
    """Whether agent.py is another file than it was."""
    path = WORKSPACE / "agent.py"
    try:
        return path.is_symlink() or path.read_text(encoding="utf-8", errors="replace") != source
    except OSError:
        return True


if __name__ == "__main__":
    main()
