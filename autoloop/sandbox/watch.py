"""The disk watch: a task that writes more than its share is ended, whatever the storage driver."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import docker.errors
from docker.api.client import APIClient

from autoloop.errors import InfraError
from autoloop.sandbox.engine import engine_address, engine_errors
from autoloop.sandbox.quota import MEGABYTE, DiskShare, excess_of

PAUSE_S = 0.5
"""Between two looks at the free space of the engine's disk."""
SLOW_S = 20.0
"""Containers are measured at least this often, also where that disk is on another machine."""
SUDDEN_BYTES, SUDDEN_FILES = 256 * MEGABYTE, 20_000
"""Lost since the last measurement, this is reason for another one."""
PART = 8
"""So is this part of the smallest share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Free:
    """What is left of a disk."""

    bytes: int
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """The containers of one environment, each with this share."""

    containers: tuple[str, ...]
    share: DiskShare


class DiskWatch:
    """Measures running containers when disk is lost; any thread may call."""

    def __init__(
        self,
        api: APIClient,
        *,
        share: DiskShare | None = None,
        free: Callable[[], Free | None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`share` is for tasks that say nothing; `free` looks at the engine's disk, if it can."""
        self._api = api
        self._share = share or DiskShare()
        self._free = free or _EngineDisk(api).free
        self._clock = clock
        self._lock = threading.Lock()
        self._groups: dict[str, _Group] = {}
        self._ended: dict[str, str] = {}
        self._most = Free(bytes=0, files=0)
        self._measured_at = -SLOW_S
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def over(self, containers: Sequence[str], *, megabytes: int | None) -> Iterator[None]:
        """Watch the containers of one environment; None: the share of tasks that say nothing."""
        share = self._share if megabytes is None else replace(self._share, megabytes=megabytes)
        group = _Group(containers=tuple(containers), share=share)
        with self._lock:
            self._groups[group.containers[0]] = group
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(
                    target=self._go_on, name="autoloop-disk-watch", daemon=True
                )
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._groups.pop(group.containers[0], None)

    def overrun(self, container: str) -> str | None:
        """Why a container was ended, as a sentence; None: it was not, or not from here."""
        with self._lock:
            return self._ended.get(container)

    def look_at(self, container: str) -> None:
        """Measure the environment of this one now, if it is watched; quickly, as `excess_of` is."""
        with self._lock:
            found = [group for group in self._groups.values() if container in group.containers]
        for group in found:
            self._failure(group, is_quick=True)

    def close(self) -> None:
        """Look no more."""
        with self._lock:
            self._closed.set()
            thread = self._thread
        if thread is not None:
            thread.join()

    def look(self) -> None:
        """Look once, and end what has written too much.

        Raises:
            EngineError: the engine does not answer.
        """
        with self._lock:
            groups = tuple(self._groups.values())
        if not groups or not self._is_due([group.share for group in groups]):
            return
        failures = [failure for group in groups if (failure := self._failure(group)) is not None]
        if failures:
            raise failures[0]

    def _failure(
        self, group: _Group, *, is_quick: bool = False
    ) -> InfraError | OSError | ValueError | None:
        """Judge one environment; why that failed, which is no reason to leave out the others."""
        try:
            with engine_errors("measuring what containers have written"):
                self._judge(group, is_quick=is_quick)
        except (InfraError, OSError, ValueError) as error:
            return error
        return None

    def _go_on(self) -> None:
        while not self._closed.wait(PAUSE_S):
            # The next look may do better; what really is the matter, the trials say.
            with suppress(InfraError, OSError, ValueError):
                self.look()

    def _is_due(self, shares: Sequence[DiskShare]) -> bool:
        free, now = self._free(), self._clock()
        is_due = now - self._measured_at >= SLOW_S
        if free is not None:
            most = self._most
            bytes_ = min(share.megabytes * MEGABYTE // PART for share in shares)
            files = min(share.files // PART for share in shares)
            is_due |= most.bytes - free.bytes > min(SUDDEN_BYTES, bytes_)
            is_due |= most.files - free.files > min(SUDDEN_FILES, files)
            best = Free(bytes=max(most.bytes, free.bytes), files=max(most.files, free.files))
            self._most = free if is_due else best
        self._measured_at = now if is_due else self._measured_at
        return is_due

    def _judge(self, group: _Group, *, is_quick: bool) -> None:
        for container in group.containers:
            try:
                excess = excess_of(self._api, container, group.share, is_quick=is_quick)
            except docker.errors.NotFound:
                continue
            if excess is not None:
                self._end(group, str(excess))
                return

    def _end(self, group: _Group, reason: str) -> None:
        with self._lock:
            # First the reason: who meets the container's end asks for it.
            self._ended.update(dict.fromkeys(group.containers, reason))
            self._groups.pop(group.containers[0], None)
        for container in group.containers:
            try:
                self._api.kill(container)
            except docker.errors.APIError as error:
                if error.status_code not in {404, 409}:
                    raise


class _EngineDisk:
    """The disk that the engine writes to, where it is on this machine."""

    def __init__(self, api: APIClient) -> None:
        self._api = api
        self._root: Path | None = None
        self._is_known = False

    def free(self) -> Free | None:
        """What is left of it; None: it is not here."""
        if not self._is_known:
            self._root = engine_folder(self._api)
            self._is_known = True
        if self._root is None:
            return None
        state = os.statvfs(self._root)
        return Free(bytes=state.f_bavail * state.f_frsize, files=state.f_favail)


def engine_folder(api: APIClient) -> Path | None:
    """The folder that the engine keeps everything in; None: it is on another machine."""
    with engine_errors("asking for the engine's folder"):
        root = Path(str(api.info()["DockerRootDir"]))
    is_here = engine_address().startswith("unix://") and root.is_dir()
    return root if is_here else None
