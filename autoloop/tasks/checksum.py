"""Harbor's older checksum of a task folder, as the package dirhash computes it."""

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from autoloop.tasks.digest import sha256_of

NOTHING = hashlib.sha256().hexdigest()


def task_checksum(folder: Path, *, hashed: Callable[[Path], str] = sha256_of) -> str:
    """SHA-256 over names and contents of all files, folder by folder; folders without any are out.

    `hashed` gives the SHA-256 of a file. Links to outside the folder, or to a folder they lie in,
    are left out: dirhash would read the machine's files, or fail.

    Raises:
        OSError: a file cannot be read.
    """
    return _Tree(Path(os.path.realpath(folder)), hashed).digest(folder, frozenset())


class _Tree:
    """The folders of one task, each digested once however many links lead to it."""

    def __init__(self, root: Path, hashed: Callable[[Path], str]) -> None:
        self._root = root
        self._hashed = hashed
        self._known: dict[str, str] = {}

    def digest(self, folder: Path, above: frozenset[str]) -> str:
        """The digest of a folder, or the one of nothing when no file is in it."""
        real = os.path.realpath(folder)
        if real not in self._known:
            entries = sorted(self._entries(folder, above | {real}))
            self._known[real] = hashlib.sha256(b"\0\0".join(entries)).hexdigest()
        return self._known[real]

    def _entries(self, folder: Path, inside: frozenset[str]) -> Iterator[bytes]:
        for path in folder.iterdir():
            real = os.path.realpath(path)
            if real in inside or not Path(real).is_relative_to(self._root):
                continue
            if path.is_file():
                yield _entry("data", self._hashed(path), path.name)
            elif path.is_dir():
                digest = self.digest(path, inside)
                if digest != NOTHING:
                    yield _entry("dirhash", digest, path.name)


def _entry(kind: str, digest: str, name: str) -> bytes:
    return f"{kind}:{digest}\0name:".encode() + os.fsencode(name)
