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
from collections import deque
from pathlib import Path
from typing import BinaryIO

# `-I` keeps the script's folder off the path; this is the folder that `autoloop/harness` lies in.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from autoloop.harness import forward
from autoloop.harness.door import Door, Json

SOCKET = os.environ.get("AUTOLOOP_SOCKET", "/run/autoloop/sock")
LAID_OUT = Path(os.environ.get("AUTOLOOP_LAID_OUT", "/opt/autoloop/workspace"))
WORKSPACE = Path(os.environ.get("AUTOLOOP_WORKSPACE", "/workspace"))
HOME = Path(os.environ.get("AUTOLOOP_HOME", "/home/agent"))
PRINTED_BYTES = 400_000
"""Of the beginning, and of the end, of what the program prints."""
_CHUNK = 20_000
_LAST_WORDS_S = 2.0


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
    printed = Printed(sys.stdout.buffer)
    how = run([fill(word, plan, base) for word in plan["command"]], float(plan["seconds"]), printed)
    printed.close()
    changed = "was changed" if is_changed(source) else "is as it was"
    door.post("/autoloop/finish", {"finished": True, "error": f"{how}; agent.py {changed}"})


def lay_out(source: str) -> None:
    """Copy what may be written on; traces and earlier steps are mounted where they belong."""
    for path in LAID_OUT.iterdir():
        shutil.copyfile(path, WORKSPACE / path.name)
    (WORKSPACE / "agent.py").write_text(source, encoding="utf-8")


def surround(plan: Json, base: str) -> None:
    """Set the variables and write the settings that programs read."""
    forward.point_sdks_at(int(base.rpartition(":")[2]))
    os.environ["GOOGLE_GEMINI_BASE_URL"] = base
    os.environ["GEMINI_API_KEY"] = forward.PLACEHOLDER_KEY
    os.environ["HOME"] = str(HOME)
    for name, text in plan["files"].items():
        path = HOME / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(fill(text, plan, base), encoding="utf-8")
    os.environ.update({key: fill(text, plan, base) for key, text in plan["env"].items()})


def fill(word: str, plan: Json, base: str) -> str:
    """A word of the command, or of the variables, with what only the container knows."""
    names = {"{prompt}": str(plan["prompt"]), "{model}": str(plan["model"]), "{base}": base}
    for name, value in names.items():
        word = word.replace(name, value)
    return word


class Printed:
    """What a program prints: its beginning and its end go on to the container's log.

    The engine writes a log line by line: all of a flood would keep it from anything else.
    """

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._room = PRINTED_BYTES
        self._tail: deque[bytes] = deque(maxlen=PRINTED_BYTES // _CHUNK)
        self._lock = threading.Lock()

    def follow(self, source: int) -> None:
        """Take in what comes from a pipe until nobody can write to it any more."""
        while chunk := os.read(source, _CHUNK):
            with self._lock:
                self._take(chunk)

    def close(self) -> None:
        """Let out the end of what there was no room for; room for a little more comes after."""
        with self._lock:
            self._write(b"".join(self._tail))
            self._tail.clear()
            self._room = PRINTED_BYTES // 10

    def _take(self, chunk: bytes) -> None:
        now, later = chunk[: self._room], chunk[self._room :]
        self._room -= len(now)
        self._write(now)
        if later:
            if not self._tail:
                self._write(b"\n[more was printed; what follows is its end]\n")
            self._tail.append(later)

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._out.flush()


def run(command: list[str], seconds: float, printed: Printed) -> str:
    """Run it; when its time is over it is asked to end. What comes after is the host's business."""
    read_end, write_end = os.pipe()
    try:
        program = subprocess.Popen(
            command,
            cwd=WORKSPACE,
            stdin=subprocess.DEVNULL,
            stdout=write_end,
            stderr=write_end,
            start_new_session=True,
        )
    except OSError as error:
        return f"{command[0]!r} cannot be started: {error}"
    os.close(write_end)
    reader = threading.Thread(target=printed.follow, args=[read_end], daemon=True)
    reader.start()
    late = threading.Timer(seconds, _ask_to_end, [program.pid, printed])
    late.daemon = True
    late.start()
    code = program.wait()
    late.cancel()
    # What it left running may still hold the other end.
    reader.join(_LAST_WORDS_S)
    return f"exit code {code}" if code >= 0 else f"ended by signal {-code}"


def _ask_to_end(group: int, printed: Printed) -> None:
    # The end of what it printed must be out before everything here is.
    printed.close()
    try:
        os.killpg(group, signal.SIGTERM)
    except ProcessLookupError:
        # It ended at this very moment.
        return


def is_changed(source: str) -> bool:
    """Whether agent.py is another file than it was."""
    path = WORKSPACE / "agent.py"
    try:
        # A FIFO would be read for ever.
        is_plain = path.is_file() and not path.is_symlink()
        return not is_plain or path.read_text(encoding="utf-8", errors="replace") != source
    except OSError:
        return True


if __name__ == "__main__":
    main()
