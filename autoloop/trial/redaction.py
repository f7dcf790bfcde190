"""Keeps the secrets of a task out of what a trial leaves."""

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

from autoloop.records import Environment, Task
from autoloop.records.secrets import (
    SHORTEST,
    is_secret_name,
    own_environment,
    secret_values,
    spellings,
)

REDACTED = "[REDACTED]"
CHUNK_BYTES = 1024 * 1024


class Redaction:
    """Replaces secret values, in texts and in files of any size."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """`secrets` are values; each is also found as JSON, URLs and base64 spell it."""
        spelled = {form for secret in secrets for form in spellings(secret)}
        # The longest first: a secret may begin like another.
        ordered = sorted((form.encode(errors="replace") for form in spelled), key=len)[::-1]
        self._longest = len(ordered[0]) if ordered else 0
        self._forms = ordered
        self._pattern = re.compile(b"|".join(map(re.escape, ordered)))

    @classmethod
    def of(cls, task: Task, *, environ: Mapping[str, str] | None = None) -> "Redaction":
        """What is secret in a task, by the names of its variables, and on this machine."""
        own = {
            value
            for table in _tables(task)
            for name, value in table.items()
            if is_secret_name(name) and len(value) >= SHORTEST
        }
        return cls(own | secret_values(own_environment() if environ is None else environ))

    def text(self, text: str) -> str:
        """The text without secrets."""
        if not self._longest:
            return text
        data = text.encode(errors="surrogatepass")
        if not any(form in data for form in self._forms):
            return text
        return self._pattern.sub(REDACTED.encode(), data).decode(errors="surrogatepass")

    def folder(self, folder: Path) -> None:
        """Replace secrets in every file below a folder, binary or not; links are not followed."""
        if not self._longest:
            return
        for path in list(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                self._file(path)

    def _found(self, data: bytes) -> Iterator[re.Match[bytes]]:
        """Where secrets stand; to look for each by itself first is far faster."""
        if any(form in data for form in self._forms):
            yield from self._pattern.finditer(data)

    def _file(self, path: Path) -> None:
        with path.open("rb") as source:
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
            for match in self._found(left):
                if match.start() >= known:
                    break
                yield left[done : match.start()], False
                yield REDACTED.encode(), True
                done = match.end()
            known = max(known, done)
            yield left[done:known], False
            left = left[known:]


def _tables(task: Task) -> Iterator[Mapping[str, str]]:
    environments: list[Environment] = [task.environment]
    yield task.solution_env
    for step in task.steps:
        yield step.verifier.env
        if step.verifier.environment is not None:
            environments.append(step.verifier.environment)
    yield from (environment.env for environment in environments)
