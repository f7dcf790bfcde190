"""`autoloop-step`: what a coding agent asks of its step, and how it submits its edit.

    autoloop-step                                     what there is
    autoloop-step TOOL --name value --name @file      one of it
    autoloop-step TOOL --json FILE                    arguments as a JSON object; - is stdin

With every question goes the agent.py of the folder that it is asked in, as text: a plain file, no
link. Nothing else of the workspace is ever sent.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

# `-I` keeps the script's folder off the path; this is the folder that `autoloop/harness` lies in.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from autoloop.harness.door import Door, Json

SOCKET = os.environ.get("AUTOLOOP_SOCKET", "/run/autoloop/sock")
WORKSPACE = Path(os.environ.get("AUTOLOOP_WORKSPACE", "/workspace"))
MOST_BYTES = 1_000_000
REFUSED = 1
WRONG = 2


class WrongUseError(Exception):
    """The command line makes no sense; the text says why."""


def main(words: list[str]) -> int:
    """Ask, print the answer; 1 if it was refused, 2 if the command line makes no sense."""
    door = Door(SOCKET)
    try:
        if not words or words[0] in {"help", "--help", "-h"}:
            return _say(_ask(door, {"tool": "help"}))
        arguments = _arguments(words[1:])
        return _say(_ask(door, {"tool": words[0], "arguments": arguments, "source": source()}))
    except (WrongUseError, OSError) as error:
        sys.stderr.write(f"autoloop-step: {error}\n")
        return WRONG


def source() -> str:
    """The text of agent.py, if it is a plain file of a sensible size."""
    path = WORKSPACE / "agent.py"
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise WrongUseError(f"{path} must be a plain file: {error.strerror}.") from error
    with os.fdopen(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise WrongUseError(f"{path} must be a plain file.")
        raw = file.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise WrongUseError(f"{path} has more than {MOST_BYTES:,} bytes.")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WrongUseError(f"{path} is not UTF-8 text: {error}.") from error


def _arguments(words: list[str]) -> dict[str, list[str]] | Json:
    if words[:1] == ["--json"] and len(words) == 2:
        text = sys.stdin.read() if words[1] == "-" else _text(words[1])
        try:
            return dict(json.loads(text))
        except (ValueError, TypeError, RecursionError) as error:
            raise WrongUseError(f"{words[1]} holds no JSON object: {error}") from error
    found: dict[str, list[str]] = {}
    name = ""
    for word in words:
        if word.startswith("--") and len(word) > 2:
            name, equals, value = word[2:].partition("=")
            found[name] = [_value(value)] if equals else []
        elif not name:
            raise WrongUseError(f"{word!r} has no name; write --name {word}.")
        else:
            found[name].append(_value(word))
    return found


def _value(word: str) -> str:
    return _text(word[1:]) if word.startswith("@") and len(word) > 1 else word


def _text(path: str) -> str:
    with Path(path).open("rb") as file:
        return file.read(MOST_BYTES).decode("utf-8", "replace")


def _ask(door: Door, question: Json) -> Json:
    answer = door.post("/autoloop/env/run", {"command": json.dumps(question)})
    if answer.status != 200:
        raise WrongUseError(answer.error)
    return answer.body


def _say(answer: Json) -> int:
    sys.stdout.write(str(answer["stdout"]))
    sys.stdout.write("\n")
    if answer["stderr"]:
        sys.stderr.write(f"{answer['stderr']}\n")
    return REFUSED if answer["exit_code"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
