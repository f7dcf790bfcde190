"""Searching traces with a pattern that a model wrote, within a time limit that holds."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from select import select
from time import monotonic
from typing import IO

from pydantic import TypeAdapter

from autoloop.errors import InfraError
from autoloop.records.secrets import child_environment

PATTERN_CHARS = 200
_PROCESS = Path(__file__).with_name("search_process.py")
_BLOCK_BYTES = 256 * 1024
_ANSWER: TypeAdapter[str | list[tuple[str, int, str]]] = TypeAdapter(
    str | list[tuple[str, int, str]]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """An entry of a trace, as it is searched."""

    trial: str
    entry: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A line that a pattern was found in."""

    trial: str
    entry: int
    text: str


class BadPatternError(ValueError):
    """The pattern is no regular expression, or takes too long."""


def search(
    pattern: str, passages: Iterable[Passage], *, limit: int, timeout_s: float = 10.0
) -> tuple[Match, ...]:
    """Lines that match, case ignored; one more than `limit` at most.

    Passages are taken one by one while they are searched: as many as are needed are read, and no
    more than a block of them is held. Only the time that the pattern takes is limited.

    Raises:
        BadPatternError: with a sentence for whoever wrote the pattern.
    """
    question: dict[str, str | int] = {"pattern": pattern, "limit": limit, "width": 240}
    with subprocess.Popen(
        [sys.executable, "-I", "-S", str(_PROCESS)],
        env=child_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            output = _ask(process, question, passages, timeout_s)
        except subprocess.TimeoutExpired as error:
            raise BadPatternError(
                f"the search took more than {timeout_s:g} s; use a simpler pattern, or name a task."
            ) from error
        finally:
            process.kill()
    answer = _ANSWER.validate_json(output)
    if isinstance(answer, str):
        raise BadPatternError(f"{pattern!r} is no regular expression: {answer}.")
    return tuple(Match(trial=trial, entry=entry, text=text) for trial, entry, text in answer)


def _ask(
    process: subprocess.Popen[bytes],
    question: dict[str, str | int],
    passages: Iterable[Passage],
    timeout_s: float,
) -> bytes:
    """Send everything, or as much as is wanted, and take the answer."""
    assert process.stdin is not None  # noqa: S101 - Popen was asked for it
    feed = _Feed(process.stdin, process.args, left_s=timeout_s)
    with suppress(BrokenPipeError):
        feed.add(json.dumps(question))
        for passage in passages:
            feed.add(json.dumps([passage.trial, passage.entry, passage.text]))
        feed.flush()
    with suppress(BrokenPipeError):
        process.stdin.close()
    process.stdin = None
    output, said = process.communicate(timeout=feed.left_s)
    if process.returncode:
        raise InfraError(f"Searching the traces failed: {said[-500:]!r}.")
    return output


class _Feed:
    """Lines on their way into a process, waiting for it no longer than is left."""

    def __init__(self, pipe: IO[bytes], command: object, *, left_s: float) -> None:
        self.left_s = left_s
        self._command = command
        self._pipe = pipe
        self._block = bytearray()
        os.set_blocking(pipe.fileno(), False)

    def add(self, line: str) -> None:
        self._block += line.encode() + b"\n"
        if len(self._block) >= _BLOCK_BYTES:
            self.flush()

    def flush(self) -> None:
        rest = memoryview(bytes(self._block))
        self._block.clear()
        while rest:
            began = monotonic()
            _, ready, _ = select([], [self._pipe], [], max(0.0, self.left_s))
            self.left_s -= monotonic() - began
            if not ready:
                raise subprocess.TimeoutExpired(str(self._command), 0)
            rest = rest[os.write(self._pipe.fileno(), rest) :]
