"""The disk guard: nothing is started where little disk is left."""

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from docker.api.client import APIClient

from autoloop.errors import StorageError
from autoloop.sandbox.engine import engine_address, engine_errors

CHECKED_FOR_S = 3.0
"""How long a look at the disks is good for."""
GIGABYTE = 1024**3


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
                free_gb = shutil.disk_usage(folder).free / GIGABYTE
                if free_gb < self._min_free_gb:
                    raise StorageError(
                        f"Only {free_gb:.1f} GB are free on the disk of {folder}, and nothing is "
                        f"started with less than {self._min_free_gb:g} GB: make room, for example "
                        f"with `autoloop gc`."
                    )
            self._good_until = self._clock() + CHECKED_FOR_S

    def _watched(self) -> tuple[Path, ...]:
        """The project's folder, and the engine's where it is on this machine."""
        if self._folders is None:
            with engine_errors("asking for the engine's folder"):
                root = Path(str(self._api.info()["DockerRootDir"]))
            is_here = engine_address().startswith("unix://") and root.is_dir()
            self._folders = (self._project, root) if is_here else (self._project,)
        return self._folders
