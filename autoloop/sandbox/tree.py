"""Walks trees that an agent made: of any size and depth, and changing meanwhile."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
PIECE = 2_000
"""Characters of a path that are opened at once; the kernel takes no more than 4,095 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something in a tree; good until the walk goes on."""

    relative: str
    entry: "os.DirEntry[str]"
    folder: int
    """Descriptor of the folder that it lies in."""

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, and no link to one."""
        return self.entry.is_dir(follow_symlinks=False)

    def attribute(self, name: str) -> bytes | None:
        """An extended attribute; None where it has none, or this process may not see it."""
        try:
            path = f"/proc/self/fd/{self.folder}/{self.entry.name}"
            return os.getxattr(path, name, follow_symlinks=False)
        except OSError:
            return None


def walk(top: Path, *, most: int) -> Iterator[Found]:
    """Everything below a folder, parents first; of one folder a little more than `most` entries.

    What vanishes meanwhile is left out. A path may be longer than the kernel takes.
    """
    stack = [""]
    while stack:
        below = stack.pop()
        with suppress(FileNotFoundError, NotADirectoryError), _opened(top, below) as folder:
            with os.scandir(folder) as entries:
                names = sorted(islice(entries, most + 1), key=lambda entry: entry.name)
            for entry in names:
                relative = f"{below}/{entry.name}" if below else entry.name
                found = Found(relative=relative, entry=entry, folder=folder)
                yield found
                if found.is_folder:
                    stack.append(relative)


@contextmanager
def _opened(top: Path, below: str) -> Iterator[int]:
    """A descriptor of a folder, opened in pieces where its path is long."""
    folder = os.open(top, FOLDER)
    try:
        for piece in _pieces(below):
            inner = os.open(piece, FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)


def _pieces(path: str) -> Iterator[str]:
    piece = ""
    for part in path.split("/") if path else ():
        if len(piece) + len(part) > PIECE:
            yield piece
            piece = ""
        piece = f"{piece}/{part}" if piece else part
    if piece:
        yield piece
