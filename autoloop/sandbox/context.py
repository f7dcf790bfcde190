"""Build contexts: which files belong to an image, and the digest that names them."""

import hashlib
import stat
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from docker.utils.build import exclude_paths

from autoloop.sandbox.archives import Entry, add_entries

DIGITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildContext:
    """A folder that an image is built from, as the engine will see it."""

    folder: Path
    dockerfile: str = "Dockerfile"
    """Path of the Dockerfile, relative to the folder."""
    additions: Mapping[str, Path] = field(default_factory=dict)
    """Folders put into the context under another name; they are not part of the digest."""
    args: Mapping[str, str] = field(default_factory=dict)
    """Values of the Dockerfile's ARGs."""
    target: str | None = None
    """The stage to build; None is the last."""

    def digest(self) -> str:
        """Sixteen hexadecimal digits that name the content: names, modes, bytes, links."""
        whole = hashlib.sha256(f"{self.dockerfile}\0".encode())
        for name in self._names():
            path = self.folder / name
            mode = path.lstat().st_mode
            whole.update(f"{name}\0{stat.S_IFMT(mode):o}\0{mode & 0o777:o}\0".encode())
            whole.update(_content_digest(path, mode))
        if self.args or self.target:
            whole.update(f"{sorted(self.args.items())}\0{self.target}".encode())
        return whole.hexdigest()[:DIGITS]

    @contextmanager
    def archive(self, *, instead: Iterable[Entry] = ()) -> Iterator[IO[bytes]]:
        """The context as the archive that the engine builds from, some files being others."""
        others = {entry.path: entry for entry in instead}
        with TemporaryFile() as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
                # buildx takes for an archive only what begins with a header of the old kind.
                add_entries(archive, [Entry(path=".", mode=0o755)])
                for name in self._names():
                    if name not in others:
                        archive.add(self.folder / name, name, recursive=False, filter=_of_nobody)
                add_entries(archive, others.values())
                for name, folder in self.additions.items():
                    archive.add(folder, name, filter=_of_nobody)
            file.seek(0)
            yield file

    def dockerfile_text(self) -> str:
        """What the Dockerfile says."""
        return (self.folder / self.dockerfile).read_text(errors="replace")

    def base_images(self) -> list[str]:
        """Images named by the Dockerfile's FROM lines."""
        words = [line.split() for line in self.dockerfile_text().splitlines()]
        names = [
            [word for word in line[1:] if not word.startswith("--")]
            for line in words
            if line and line[0].upper() == "FROM"
        ]
        return [name[0] for name in names if name]

    def _names(self) -> list[str]:
        ignore = self.folder / ".dockerignore"
        lines = ignore.read_text().splitlines() if ignore.is_file() else []
        patterns = [text for line in lines if (text := line.strip()) and not text.startswith("#")]
        names = exclude_paths(self.folder, patterns, dockerfile=self.dockerfile)
        return sorted(name for name in names if name)


def look_of(folder: Path) -> str:
    """What changes whenever a file of the folder does, told without reading any."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        seen = path.lstat()
        whole.update(
            f"{path}\0{seen.st_mode}\0{seen.st_size}\0{seen.st_ino}\0".encode(
                errors="surrogateescape"
            )
        )
        whole.update(f"{seen.st_mtime_ns}\0{seen.st_ctime_ns}\0".encode())
    return whole.hexdigest()


def _content_digest(path: Path, mode: int) -> bytes:
    if stat.S_ISLNK(mode):
        return hashlib.sha256(str(path.readlink()).encode(errors="surrogateescape")).digest()
    if stat.S_ISREG(mode):
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    return b""


def _of_nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
