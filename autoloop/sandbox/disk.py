"""The disk guard: nothing is started where little disk is left."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from docker.api.client import APIClient

from autoloop.errors import StorageError
from autoloop.sandbox.watch import engine_folder

CHECKED_FOR_S = 3.0
"""How long a look at the disks is good for."""
GIGABYTE = 1024**3
MIN_FREE_FILES = 20_000
"""Inodes; some file systems have no such limit, and say 0 of 0."""


class DiskGuard:
    """Refuses to start anything when a disk is nearly full; any thread may call."""

    def __init__(
        self,
        api: APIClient,
        *,
        project: Path,
        min_free_gb: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._project = project
        self._min_free_gb = min_free_gb
        self._clock = clock
        self._lock = threading.Lock()
        self._folders: tuple[Path, ...] | None = None
        self._good_until = -1.0

    def require_room(self) -> None:
        """Refuse when the engine's disk or the project's has less free than is wanted.

        Raises:
            StorageError: it has.
        """
        with self._lock:
            if self._clock() < self._good_until:
                return
            for folder in self._watched():
                state = os.statvfs(folder)
                free_gb = state.f_bavail * state.f_frsize / GIGABYTE
                if free_gb < self._min_free_gb:
                    raise StorageError(
                        f"Only {free_gb:.1f} GB are free on the disk of {folder}, and nothing is "
                        f"started with less than {self._min_free_gb:g} GB: make room, for example "
                        f"with `autoloop gc`."
                    )
                if state.f_files and state.f_favail < MIN_FREE_FILES:
                    raise StorageError(
                        f"Only {state.f_favail:,} more files can be made on the disk of {folder}, "
                        f"which has no inodes left, and nothing is started with less than "
                        f"{MIN_FREE_FILES:,}: make room, for example with `autoloop gc`."
                    )
            self._good_until = self._clock() + CHECKED_FOR_S

    def _watched(self) -> tuple[Path, ...]:
        """The project's folder, and the engine's where it is on this machine."""
        if self._folders is None:
            root = engine_folder(self._api)
            self._folders = (self._project,) if root is None else (self._project, root)
        return self._folders
