"""Searching traces with a pattern that a model wrote, within a time limit that holds."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from autoloop.errors import InfraError
from autoloop.records.secrets import child_environment

PATTERN_CHARS = 200
_PROCESS = Path(__file__).with_name("search_process.py")
_ANSWER: TypeAdapter[str | list[tuple[str, int, str]]] = TypeAdapter(
    str | list[tuple[str, int, str]]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A line that a pattern was found in."""

    trial: str
    line: int
    text: str


class BadPatternError(ValueError):
    """The pattern is no regular expression, or takes too long."""


def search(
    pattern: str, texts: Sequence[tuple[str, str]], *, limit: int, timeout_s: float = 10.0
) -> tuple[Match, ...]:
    """Lines of (trial, text) pairs that match, case ignored; one more than `limit` at most.

    Raises:
        BadPatternError: with a sentence for whoever wrote the pattern.
    """
    question = {"pattern": pattern, "limit": limit, "width": 240, "texts": texts}
    command = [sys.executable, "-I", "-S", str(_PROCESS)]
    try:
        done = subprocess.run(
            command,
            env=child_environment(),
            input=json.dumps(question).encode(),
            capture_output=True,
            timeout=timeout_s,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise BadPatternError(
            f"the search took more than {timeout_s:g} s; use a simpler pattern, or name a task."
        ) from error
    except subprocess.CalledProcessError as error:
        raise InfraError(f"Searching the traces failed: {error.stderr[-500:]!r}.") from error
    answer = _ANSWER.validate_json(done.stdout)
    if isinstance(answer, str):
        raise BadPatternError(f"{pattern!r} is no regular expression: {answer}.")
    return tuple(Match(trial=trial, line=line, text=text) for trial, line, text in answer)
