"""What an agent changed in its container, as the engine knows it: no program inside is asked."""

import errno
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import requests
from docker.api.client import APIClient

from autoloop.errors import AgentError
from autoloop.ports import FileChange
from autoloop.sandbox.engine import ask
from autoloop.sandbox.files import Files
from autoloop.sandbox.tree import Found, walk

Kind = Literal["added", "changed", "removed"]
KINDS: Mapping[int, Kind] = MappingProxyType({0: "changed", 1: "added", 2: "removed"})
"""As the engine numbers them."""
BYTES_PER_CHANGE = 512
"""More than this for each change that may be listed is read of no answer."""
MOST_ASKED = 2_000
"""Paths of which the engine is asked one by one what they are."""
WHITEOUT = os.makedev(0, 0)
OPAQUE = "trusted.overlay.opaque"


class TooManyChangesError(AgentError):
    """There are more than may be listed."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"The agent made or changed more than {most:,} files and folders of the task"
            " container, which is more than can be looked at."
        )


def changes_of(api: APIClient, container: str, *, most: int) -> tuple[FileChange, ...] | None:
    """All paths that differ from the image; None where volumes are mounted, which it leaves out.

    Read from the overlay's own folder where this process may, which takes milliseconds; else asked
    of the engine, which compares the whole file system.

    Raises:
        TooManyChangesError: there are more than `most`.
    """
    about = api.inspect_container(container)
    if any(mount.get("Type") == "volume" for mount in about.get("Mounts") or ()):
        return None
    layers = _layers(about.get("GraphDriver") or {})
    found = _asked(api, container, most=most) if layers is None else _walked(layers, most=most)
    return tuple(found)


def known(
    changes: tuple[FileChange, ...], files: Files, *, kinds_of: Callable[[str], bool] | None
) -> tuple[FileChange, ...]:
    """The same, with what those are that `kinds_of` says yes to; asked where it is not known.

    Raises:
        TooManyChangesError: of more than may be asked for one by one it is not known.
    """
    if kinds_of is None:
        return changes
    unknown = (c for c in changes if c.is_folder is None and c.kind != "removed")
    asked = {change.path for change in unknown if kinds_of(change.path)}
    if len(asked) > MOST_ASKED:
        raise TooManyChangesError(MOST_ASKED)
    return tuple(_told(one, files) if one.path in asked else one for one in changes)


def _told(change: FileChange, files: Files) -> FileChange:
    state = files.state(change.path)
    if change.kind == "removed" or state is None:
        return change
    return replace(change, is_folder=state.is_folder, is_link=state.is_link)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layers:
    """Folders of an overlay on this machine."""

    upper: Path
    lower: tuple[Path, ...]
    """Nearest first."""

    def kind(self, relative: str) -> Kind:
        """Whether the image has something at this path."""
        for layer in self.lower:
            try:
                found = (layer / relative).lstat()
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                if error.errno != errno.ENAMETOOLONG:
                    raise
                # Images are unpacked by whole paths: none of theirs is as long.
                return "added"
            return "added" if _is_whiteout(found) else "changed"
        return "added"


def _layers(driver: Mapping[str, Any]) -> _Layers | None:  # what the engine says of its storage
    data = driver.get("Data") or {}
    if driver.get("Name") != "overlay2" or not {"UpperDir", "LowerDir"} <= data.keys():
        return None
    lower = tuple(Path(folder) for folder in str(data["LowerDir"]).split(":"))
    layers = _Layers(upper=Path(data["UpperDir"]), lower=lower)
    every = (layers.upper, *layers.lower)
    # Only root sees the mark of a folder that replaces another.
    may_read = os.geteuid() == 0 and all(os.access(folder, os.R_OK | os.X_OK) for folder in every)
    return layers if may_read else None


def _walked(layers: _Layers, *, most: int) -> Iterator[FileChange]:
    count = 0
    for found in walk(layers.upper, most=most):
        count += 1
        if count > most:
            raise TooManyChangesError(most)
        own = found.entry.stat(follow_symlinks=False)
        path = f"/{found.relative}"
        if _is_whiteout(own):
            yield FileChange(path=path, kind="removed")
            continue
        kind = layers.kind(found.relative)
        if kind == "changed" and _is_opaque(found):
            # Made anew: what the image has in it is gone.
            yield FileChange(path=path, kind="removed")
            kind = "added"
        yield FileChange(
            path=path,
            kind=kind,
            is_folder=found.is_folder,
            is_link=found.entry.is_symlink(),
            stamp=(own.st_size, own.st_mtime_ns, own.st_mode, own.st_uid, own.st_gid),
        )


def _is_whiteout(found: os.stat_result) -> bool:
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == WHITEOUT


def _is_opaque(found: Found) -> bool:
    return found.is_folder and found.attribute(OPAQUE) == b"y"


def _asked(api: APIClient, container: str, *, most: int) -> Sequence[FileChange]:
    with ask(api, "GET", f"/containers/{container}/changes", params={}) as answer:
        text = _bounded(answer, most)
    rows = json.loads(text) or []
    if len(rows) > most:
        raise TooManyChangesError(most)
    return [FileChange(path=str(row["Path"]), kind=KINDS[row["Kind"]]) for row in rows]


def _bounded(answer: requests.Response, most: int) -> bytes:
    """The answer, which is too long where it tells of more than `most` changes."""
    parts, size = [], 0
    for chunk in answer.iter_content(256 * 1024):
        parts.append(chunk)
        size += len(chunk)
        if size > most * BYTES_PER_CHANGE:
            raise TooManyChangesError(most)
    return b"".join(parts)
