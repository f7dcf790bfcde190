"""Tokens that lie beside tests and solutions: where else one turns up, somebody has read them."""

import re
import secrets
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from autoloop.records import Task, TrialFinding

GUID = re.compile(
    rb"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE
)
READ_BYTES = 4_000_000
"""Of one file; a canary stands near the beginning."""
CHUNK_BYTES = 1024 * 1024
KEPT = ("agent", "artifacts")
"""Folders of a trial, or of a step, that hold what an agent could write."""


class Canaries:
    """The tokens of one trial."""

    def __init__(self, task: Task) -> None:
        """A new one for the tests' folder, and those that the task's author put into its files."""
        self.token = f"autoloop-canary-{secrets.token_hex(12)}"
        self._known = author_canaries(task)

    def sightings(self, folder: Path) -> Iterator[TrialFinding]:
        """Where in a trial's folder the agent has written what it cannot know."""
        for path in _written(folder):
            found = _tokens_in(path, {self.token.encode(), *self._known})
            place = str(path.relative_to(folder))
            if self.token.encode() in found:
                text = f"The canary beside the tests stands in {place!r}."
                yield TrialFinding(rule="canary", severity="tampered", evidence=text)
            elif found:
                text = f"A canary that the task has in its tests or solution stands in {place!r}."
                yield TrialFinding(rule="canary", severity="suspicious", evidence=text)


def author_canaries(task: Task) -> frozenset[bytes]:
    """What a task's author wrote as a canary: in files that agents never see, and in no others."""
    hidden = {folder for step in task.steps for folder in (*step.verifier.tests, step.solution)}
    shown = {task.environment.folder, *(step.workdir for step in task.steps)}
    known = _guids(frozenset(hidden), task.digest) - _guids(frozenset(shown), task.digest)
    return known - frozenset(GUID.findall(task.instruction.encode()))


@lru_cache(maxsize=512)
def _guids(folders: frozenset[Path | None], digest: str) -> frozenset[bytes]:
    """Read once for each content of a task, which is what `digest` names."""
    del digest
    return frozenset(
        token
        for folder in folders
        if folder is not None and folder.is_dir()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
        for token in GUID.findall(_beginning(path))
    )


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(READ_BYTES)


def _written(folder: Path) -> Iterator[Path]:
    for home in (folder, *sorted((folder / "steps").glob("*"))):
        for part in KEPT:
            for path in sorted((home / part).rglob("*")):
                if path.is_file() and not path.is_symlink():
                    yield path


def _tokens_in(path: Path, tokens: set[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    longest = max(map(len, tokens))
    with path.open("rb") as file:
        left = b""
        while chunk := file.read(CHUNK_BYTES):
            text = left + chunk
            found |= {token for token in tokens if token in text}
            left = text[-longest:]
    return found
