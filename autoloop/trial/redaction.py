"""Keeps the secrets of a task out of what a trial leaves."""

import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

from autoloop.records import Environment, Task

SECRET_NAME = re.compile(r"KEY|SECRET|TOKEN(?!S)|PASSWORD|CREDENTIAL|AUTH", re.IGNORECASE)
SHORTEST = 8
"""Shorter values are words that stand everywhere."""
REDACTED = "[REDACTED]"
CHUNK_BYTES = 1024 * 1024
SAMPLE_BYTES = 8192


class Redaction:
    """Replaces secret values, in texts and in files of any size."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """`secrets` are the values; each is also found as JSON spells it."""
        spelled = {form for secret in secrets for form in _spellings(secret)}
        # The longest first: a secret may begin like another.
        ordered = sorted((form.encode(errors="replace") for form in spelled), key=len)[::-1]
        self._longest = len(ordered[0]) if ordered else 0
        self._pattern = re.compile(b"|".join(map(re.escape, ordered)))

    @classmethod
    def of(cls, task: Task) -> "Redaction":
        """What is secret in a task: values of variables whose names say so."""
        return cls(
            value
            for table in _tables(task)
            for name, value in table.items()
            if SECRET_NAME.search(name) and len(value) >= SHORTEST
        )

    def text(self, text: str) -> str:
        """The text without secrets."""
        if not self._longest:
            return text
        data = text.encode(errors="surrogatepass")
        return self._pattern.sub(REDACTED.encode(), data).decode(errors="surrogatepass")

    def folder(self, folder: Path) -> None:
        """Replace secrets in every text file below a folder; links are not followed."""
        if not self._longest:
            return
        for path in list(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                self._file(path)

    def _file(self, path: Path) -> None:
        with path.open("rb") as source:
            if b"\0" in source.read(SAMPLE_BYTES):
                return
            source.seek(0)
            if not any(is_found for _, is_found in self._pieces(source)):
                return
            source.seek(0)
            number, name = tempfile.mkstemp(dir=path.parent)
            with os.fdopen(number, "wb") as target:
                target.writelines(piece for piece, _ in self._pieces(source))
        Path(name).chmod(path.stat().st_mode & 0o777)
        Path(name).replace(path)

    def _pieces(self, source: IO[bytes]) -> Iterator[tuple[bytes, bool]]:
        """The file in pieces, and whether a piece stands for a secret."""
        left = b""
        is_end = False
        while not is_end:
            chunk = source.read(CHUNK_BYTES)
            is_end = not chunk
            left += chunk
            # A secret that begins before this place has been read to its end.
            known = len(left) if is_end else max(len(left) - self._longest + 1, 0)
            done = 0
            for match in self._pattern.finditer(left):
                if match.start() >= known:
                    break
                yield left[done : match.start()], False
                yield REDACTED.encode(), True
                done = match.end()
            known = max(known, done)
            yield left[done:known], False
            left = left[known:]


def _spellings(secret: str) -> set[str]:
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
    }


def _tables(task: Task) -> Iterator[Mapping[str, str]]:
    environments: list[Environment] = [task.environment]
    yield task.solution_env
    for step in task.steps:
        yield step.verifier.env
        if step.verifier.environment is not None:
            environments.append(step.verifier.environment)
    yield from (environment.env for environment in environments)
