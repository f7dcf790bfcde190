"""Files taken out of a container: hostile archives, unpacked within limits."""

import hashlib
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

DEEPEST = 20
LONGEST_NAME_BYTES = 160
ENTRIES_PER_FILE = 5
"""How many links, folders and devices are passed over for each file that may be taken."""
CHUNK_BYTES = 256 * 1024
UNSAFE = re.compile(r"[^\w .,+@=~#()\[\]-]|^[.]{1,2}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much may be taken out of a container at once."""

    max_bytes: int
    max_files: int


def unpack(stream: IO[bytes], target: Path, limits: Limits) -> None:
    """Write the regular files of a folder's archive below `target`; at the limits, stop.

    The archive's first name is the folder itself. Links, devices, absolute and `..` names are left
    out. Names lose what a terminal, a browser or a file system would trip over.

    Raises:
        tarfile.TarError: the archive breaks off.
    """
    target.mkdir(parents=True, exist_ok=True)
    files, size = 0, 0
    with tarfile.open(fileobj=stream, mode="r|", errors="surrogateescape") as archive:
        for entries, member in enumerate(archive):
            if entries >= limits.max_files * ENTRIES_PER_FILE:
                return
            place = _safe_place(member.name, target)
            if place is None or member.type not in {tarfile.REGTYPE, tarfile.AREGTYPE}:
                continue
            files, size = files + 1, size + member.size
            if files > limits.max_files or size > limits.max_bytes:
                return
            _write(archive, member, place)


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> None:
    content = archive.extractfile(member)
    if content is None or place.exists():
        return
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        # Two names of the container became one: what came first stays.
        return
    with place.open("xb") as file:
        while chunk := content.read(CHUNK_BYTES):
            file.write(chunk)
    # Of the mode only what a program needs to be run again; no set-uid bit reaches the host.
    place.chmod(0o755 if member.mode & 0o111 else 0o644)


def _safe_place(name: str, target: Path) -> Path | None:
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or not 2 <= len(parts) <= DEEPEST:
        return None
    return target.joinpath(*(safe_name(part) for part in parts[1:]))


def safe_name(name: str) -> str:
    """`name` with unsafe characters as %XX, and a hash in place of what is too long."""
    raw = name.encode(errors="surrogateescape")
    text = UNSAFE.sub(_quoted, name)
    if len(text.encode()) <= LONGEST_NAME_BYTES:
        return text
    digest = hashlib.sha256(raw).hexdigest()[:12]
    return f"{text.encode()[: LONGEST_NAME_BYTES - 13].decode(errors='ignore')}-{digest}"


def _quoted(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode(errors="surrogateescape"))
