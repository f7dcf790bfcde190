"""Archives that carry files into a container."""

import io
import tarfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import SpooledTemporaryFile
from typing import IO

IN_MEMORY_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A folder, or a file when it has data, at a path of the container."""

    path: str
    mode: int
    data: bytes | None = None


def normal(path: str) -> PurePosixPath:
    """An absolute path without `..`.

    Raises:
        ValueError: it is not one.
    """
    pure = PurePosixPath(path)
    if not pure.is_absolute() or ".." in pure.parts or "\0" in path:
        raise ValueError(f"The path {path!r} cannot be used: write it absolute and without '..'.")
    return pure


def archive_of(entries: Iterable[Entry]) -> bytes:
    """An archive to be unpacked at the root of the container, everything owned by root."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        add_entries(archive, entries)
    return buffer.getvalue()


def emptied(folder: str) -> tuple[Entry, Entry]:
    """Entries after which `folder` is a new, plain, world-writable folder, whatever was there.

    Unpacking a file over anything else removes it, and a folder over that file replaces it. The
    engine does this itself: no program of the container, which the agent may own, takes part.
    """
    return Entry(path=folder, mode=0o600, data=b""), Entry(path=folder, mode=0o777)


@contextmanager
def archive_of_folders(
    sources: Mapping[str, Path], *, first: Iterable[Entry] = ()
) -> Iterator[IO[bytes]]:
    """An archive of the contents of folders, named below the keys, everything owned by root.

    `first` comes before them. Below a key that is not empty, the folder itself has an entry too.
    Sockets are left out.
    """
    with SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as buffer:
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
            add_entries(archive, first)
            for below, source in sources.items():
                add_folder(archive, source, below)
        buffer.seek(0)
        yield buffer


def add_folder(archive: tarfile.TarFile, source: Path, below: str) -> None:
    """Add the contents of a folder as `archive_of_folders` does."""
    add_entries(archive, [Entry(path=below, mode=0o755)] if below else [])
    for path in sorted(source.rglob("*")):
        name = str(PurePosixPath(below.strip("/"), path.relative_to(source).as_posix()))
        _add(archive, path, name)


def add_entries(archive: tarfile.TarFile, entries: Iterable[Entry]) -> None:
    """Add folders and files, owned by root."""
    for entry in entries:
        member = tarfile.TarInfo(entry.path.strip("/"))
        member.mode = entry.mode
        member.mtime = int(time.time())
        member.type = tarfile.DIRTYPE if entry.data is None else tarfile.REGTYPE
        member.size = len(entry.data or b"")
        archive.addfile(member, io.BytesIO(entry.data or b""))


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    if path.is_socket():
        return
    member = archive.gettarinfo(path, arcname=name)
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    if not member.isreg():
        archive.addfile(member)
        return
    with path.open("rb") as content:
        archive.addfile(member, content)
