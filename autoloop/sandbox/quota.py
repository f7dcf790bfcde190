"""What a container has written: by blocks, beyond its image."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.api.client import APIClient

from autoloop.sandbox.changes import TooManyChangesError, changes_of
from autoloop.sandbox.engine import ask
from autoloop.sandbox.tree import walk

MEGABYTE = 1024 * 1024
BLOCK = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskShare:
    """How much a task's container may write beyond its image, where the task says nothing."""

    megabytes: int = 10_240
    files: int = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """A share that is used up."""

    figure: int
    limit: int
    what: str

    def __str__(self) -> str:
        return (
            f"The task container was ended: {self.figure:,} {self.what} were written in it, and at"
            f" most {self.limit:,} may be."
        )


def excess_of(
    api: APIClient, container: str, share: DiskShare, *, is_quick: bool = False
) -> Excess | None:
    """What goes over its share, if anything does. May raise docker's APIError.

    Read where the engine keeps it if this process may, which takes milliseconds; else the engine is
    asked, which counts sparse files whole and leaves volumes out. To count files takes it ten times
    as long as to add up bytes, so that a quick look leaves them out.
    """
    about = api.inspect_container(container)
    folders = _folders(about)
    if all(os.access(folder, os.R_OK | os.X_OK) for folder in folders) and folders:
        return _read(folders, share)
    return _asked(api, container, share, is_quick=is_quick)


def _folders(about: Mapping[str, Any]) -> list[Path]:  # what the engine says of its storage
    """Where the engine keeps what is written in a container: its layer and its volumes."""
    data = (about.get("GraphDriver") or {}).get("Data") or {}
    if "UpperDir" not in data:
        return []
    volumes = [m for m in about.get("Mounts") or () if m.get("Type") == "volume"]
    return [Path(data["UpperDir"]), *(Path(volume["Source"]) for volume in volumes)]


def _read(folders: list[Path], share: DiskShare) -> Excess | None:
    size, files, linked = 0, 0, set[int]()
    for folder in folders:
        for found in walk(folder, most=share.files):
            files += 1
            try:
                state = found.entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if state.st_nlink > 1 and not found.is_folder:
                if state.st_ino in linked:
                    continue
                linked.add(state.st_ino)
            size += state.st_blocks * BLOCK
            if (excess := _judged(size, files, share)) is not None:
                return excess
    return None


def _asked(api: APIClient, container: str, share: DiskShare, *, is_quick: bool) -> Excess | None:
    with ask(api, "GET", f"/containers/{container}/json", params={"size": "1"}) as answer:
        size = int(answer.json().get("SizeRw") or 0)
    excess = _judged(size, 0, share)
    if is_quick or excess is not None:
        return excess
    try:
        files = len(changes_of(api, container, most=share.files) or ())
    except TooManyChangesError:
        files = share.files + 1
    return _judged(size, files, share)


def _judged(size: int, files: int, share: DiskShare) -> Excess | None:
    if size > share.megabytes * MEGABYTE:
        return Excess(figure=size // MEGABYTE, limit=share.megabytes, what="MB")
    if files > share.files:
        return Excess(figure=files, limit=share.files, what="files and folders")
    return None
