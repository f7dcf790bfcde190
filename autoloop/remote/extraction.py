"""Files out of an archive that something hostile may have made."""

import io
import tarfile
from pathlib import Path, PurePosixPath

DEEPEST = 20
LONGEST_NAME = 160
HEADERS_BYTES = 2_048
"""What a file takes in an archive beside its content, with a long name."""


def archive_limit(max_bytes: int, max_files: int) -> int:
    """How large an archive within these limits can be."""
    return max_bytes + max_files * HEADERS_BYTES


def unpack(archive: bytes, target: Path, *, max_bytes: int, max_files: int) -> None:
    """Write the regular files below `target`; at the limits, or where it is cut off, stop.

    Links, devices, absolute and `..` names, and names that could confuse a terminal are left out.
    """
    target.mkdir(parents=True, exist_ok=True)
    files, size = 0, 0
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:", errors="replace") as members:
            for member in members:
                place = _place(member, target)
                if place is None:
                    continue
                files, size = files + 1, size + member.size
                if files > max_files or size > max_bytes:
                    return
                content = members.extractfile(member)
                _write(place, content.read() if content else b"")
    except tarfile.TarError:
        # It was cut at the limit.
        return


def _place(member: tarfile.TarInfo, target: Path) -> Path | None:
    path = PurePosixPath(member.name)
    parts = path.parts
    is_plain = member.isreg() and not path.is_absolute() and ".." not in parts
    if not is_plain or not 1 <= len(parts) <= DEEPEST:
        return None
    if any(not part.isprintable() or len(part.encode()) > LONGEST_NAME for part in parts):
        return None
    return target.joinpath(*parts)


def _write(place: Path, content: bytes) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("xb") as file:
            file.write(content)
    except (FileExistsError, NotADirectoryError):
        # Two entries of one name: what came first stays.
        return
