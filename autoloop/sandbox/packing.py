"""Files on their way from an agent's container into another: as data, and as nothing else."""

import tarfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, cast

import docker.errors
import requests

from autoloop.errors import AgentError
from autoloop.ports import Withheld
from autoloop.sandbox.archives import add_folder, normal
from autoloop.sandbox.engine import explanation
from autoloop.sandbox.files import Files

ASKED_AT_ONCE = 8
"""For so many archives the engine is asked at most, unless they have no folder in common."""
LINKS = 200
"""Hard links taken along at most: each is asked for by itself."""
MODE = 0o1777
"""No set-uid, no set-gid."""
ROOT = PurePosixPath("/")
ZEROS = bytes(64 * 1024)
KINDS = {
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a FIFO",
}


MACHINES_OWN = ("no space left", "quota", "input/output error", "read-only", "too many open files")
"""What the engine says when it is no fault of the files that are unpacked."""


@contextmanager
def fitting() -> Iterator[None]:
    """Blame the agent where its files are why the engine refuses to unpack them.

    Raises:
        AgentError: they are.
    """
    try:
        yield
    except docker.errors.APIError as error:
        said = explanation(error)
        is_gone = error.status_code in {requests.codes.not_found, requests.codes.conflict}
        if is_gone or any(words in said.lower() for words in MACHINES_OWN):
            raise
        raise AgentError(
            f"What the agent left cannot be brought to the tests: {said[-500:]}"
        ) from error


class Holed:
    """Writes to a file, but for zeros, which it leaves as holes; `close` when all is written.

    A sparse file of gigabytes takes no room on its way, as it took none where it came from.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._place = file.tell()
        self._is_behind = False

    def write(self, data: bytes) -> int:
        """Write to the end."""
        if data == ZEROS[: len(data)]:
            self._is_behind = True
        else:
            self._catch_up(self._place)
            self._file.write(data)
        self._place += len(data)
        return len(data)

    def tell(self) -> int:
        """How much there is."""
        return self._place

    def close(self) -> None:
        """Give the file its length."""
        if self._is_behind:
            self._catch_up(self._place - 1)
            self._file.write(b"\0")

    def _catch_up(self, place: int) -> None:
        if self._is_behind:
            self._file.seek(place)
            self._is_behind = False


@contextmanager
def sparse_archive(file: IO[bytes]) -> Iterator[tarfile.TarFile]:
    """A new archive in a file, in which the zeros of what it holds take no room."""
    with (
        closing(Holed(file)) as holed,
        tarfile.open(
            fileobj=cast("IO[bytes]", holed), mode="w", format=tarfile.PAX_FORMAT
        ) as archive,
    ):
        yield archive


@dataclass(slots=True, kw_only=True)
class Packer:
    """Copies chosen paths of one container into an archive."""

    files: Files
    wanted: frozenset[str]
    closed: tuple[PurePosixPath, ...]
    """Folders that no link may lead into."""
    max_bytes: int
    target: tarfile.TarFile
    withheld: list[Withheld] = field(default_factory=list)
    _bytes: int = 0
    _packed: set[str] = field(default_factory=set)

    def pack(self, bring: Sequence[tuple[str, Path]] = ()) -> tuple[Withheld, ...]:
        """Write all wanted paths, then the contents of folders below the paths before them.

        Raises:
            AgentError: they have more than `max_bytes` together.
        """
        for root in roots_of(self.wanted):
            self._pack_root(root)
        for place, source in bring:
            add_folder(self.target, source, str(normal(place)))
        for path in sorted(self.wanted - self._packed - {one.path for one in self.withheld}):
            self._drop(path, "a socket, or gone")
        return tuple(self.withheld)

    def _pack_root(self, root: PurePosixPath) -> None:
        answer = self.files.archive(str(root))
        if answer is None:
            return
        linked: list[str] = []
        with answer:
            stream = cast("IO[bytes]", answer.raw)
            with tarfile.open(fileobj=stream, mode="r|", errors="surrogateescape") as archive:
                for member in archive:
                    path = str(root.parent / member.name)
                    if path not in self.wanted or path in self._packed:
                        continue
                    if member.islnk():
                        linked.append(path)
                    else:
                        content = archive.extractfile(member) if member.isreg() else None
                        self._pack_member(member, path, content)
        # By itself another name of a file is a file.
        for path in linked[:LINKS]:
            self._pack_root(PurePosixPath(path))

    def _pack_member(self, member: tarfile.TarInfo, path: str, content: IO[bytes] | None) -> None:
        if member.issym():
            self._pack_link(member, path)
        elif member.isdir():
            self._add(_plain(member, path))
        elif member.isreg():
            self._bytes += member.size
            if self._bytes > self.max_bytes:
                raise AgentError(
                    "What the agent left in the task container has more than"
                    f" {self.max_bytes:,} bytes, which is more than can be brought to the tests."
                )
            self._add(_plain(member, path), content)
        else:
            self._drop(path, KINDS.get(member.type, "no plain file"))

    def _pack_link(self, member: tarfile.TarInfo, path: str) -> None:
        if is_leading_into(path, member.linkname, self.closed):
            self._drop(path, f"a link to {member.linkname[:200]!r}")
        else:
            self._add(_plain(member, path))

    def _add(self, member: tarfile.TarInfo, content: IO[bytes] | None = None) -> None:
        self.target.addfile(member, content)
        self._packed.add(f"/{member.name}")

    def _drop(self, path: str, reason: str) -> None:
        self.withheld.append(Withheld(path=path, reason=reason))


def _plain(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo:
    """A new entry: whatever else the old one carried stays behind."""
    plain = tarfile.TarInfo(path.lstrip("/"))
    plain.type = tarfile.REGTYPE if member.isreg() else member.type
    plain.mode = member.mode & MODE
    plain.uid, plain.gid = member.uid, member.gid
    plain.mtime = member.mtime
    plain.size = member.size if member.isreg() else 0
    plain.linkname = member.linkname if member.issym() else ""
    return plain


def is_leading_into(path: str, target: str, closed: Iterable[PurePosixPath]) -> bool:
    """Whether a link at `path` may lead into a closed folder, or to one that holds it.

    A target is followed by its words alone. `..` after a name could turn anywhere, since the name
    may be a link itself; so that counts as leading into one.
    """
    place = PurePosixPath(path).parent
    parts = list(PurePosixPath(target).parts)
    if target.startswith("/"):
        place, parts = ROOT, parts[1:]
    while parts and parts[0] == "..":
        place, parts = place.parent, parts[1:]
    if ".." in parts or not target:
        return True
    end = place.joinpath(*parts)
    return any(end.is_relative_to(one) or one.is_relative_to(end) for one in closed)


def roots_of(paths: Collection[str]) -> Sequence[PurePosixPath]:
    """A few paths that hold all of these: a folder stands for what is wanted in it.

    While there are too many, the deepest are replaced by their folder, never by the root.
    """
    roots = {PurePosixPath(path) for path in paths}
    roots = {path for path in roots if not roots & set(path.parents)}
    while len(roots) > ASKED_AT_ONCE:
        deepest = max(len(path.parts) for path in roots)
        if deepest <= len(("/", "folder")):
            break
        parents = {path.parent for path in roots if len(path.parts) == deepest}
        roots = {path for path in roots | parents if not parents & set(path.parents)}
    return sorted(roots)
